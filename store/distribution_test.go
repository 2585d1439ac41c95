package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

var testOwner = message.Owner{Workspace: 1}

func recipientAt(i int) string { return fmt.Sprintf("+1415555%04d", i) }

// distributionOf asks for a distribution to n addresses.
func distributionOf(n int) *message.DistributionRequest {
	r := &message.DistributionRequest{
		Owner: testOwner, At: noon, Salt: 7,
		Plan: message.DistributionPlan{
			Mode:     message.RouteFallback,
			Contents: []message.Step{{Channel: "sms", ContentType: message.Text, Content: "Hi {{name}}", Success: message.Sent}},
			Fixed:    true, Tags: []string{"vip"}, PerSecond: 500, ExpiresIn: message.DefaultExpiresIn, Reference: "sale",
			Window: message.Window{From: 540, To: 1200, Zone: "Asia/Seoul"}, ScheduledAt: noon + 1, Forecast: message.DistributionCounts{Recipients: n, Messages: 1}, Segments: 3, Listed: 1,
		},
		Progress: message.DistributionProgress{
			Counts:  message.DistributionCounts{Recipients: 1, Invalid: 1},
			Invalid: []message.InvalidRecipient{{Index: 3, Code: "missing_parameter", Param: "name"}},
		},
	}
	for i := range n {
		r.Recipients = append(r.Recipients, message.Addressee{
			Index: i, To: []message.Identity{{Channel: "sms", Address: recipientAt(i)}}, Params: []message.Param{{Name: "name", Value: "Kim"}},
		})
	}
	return r
}

func mustDistribute(t testing.TB, s *Store, r *message.DistributionRequest) message.Distribution {
	t.Helper()
	d, err := s.Distribute(r)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// step takes up to n of the recipients of the chunk that d stands at.
func step(s *Store, d *message.Distribution, n int) error {
	e := &message.Expansion{ID: d.ID, Owner: d.Owner, Version: d.Version, At: noon, Progress: d.Progress}
	c := &e.Progress.Cursor
	if c.Chunk == d.Plan.Chunks {
		e.Progress.State = message.Running
		return s.Expand(d, e)
	}
	chunk, err := s.Recipients(d, c.Chunk)
	if err != nil {
		return err
	}
	e.Revision = chunk.Revision
	to := min(c.Offset+n, len(chunk.Recipients))
	for _, p := range chunk.Recipients[c.Offset:to] {
		e.Progress.Counts.Recipients++
		if p.Erased() {
			continue
		}
		o := *testOutbound()
		o.Steps = []message.Step{d.Plan.Contents[0]}
		o.Distribution = d.ID
		o.Steps[0].To, o.Reference, o.Salt = p.To[0].Address, d.Plan.Reference, uint64(p.Index)
		e.Messages = append(e.Messages, o)
		e.Marks = append(e.Marks, message.MarkOf(o.Steps[0].To))
	}
	e.Progress.Counts.Messages += len(e.Messages)
	if c.Offset = to; to == len(chunk.Recipients) {
		c.Chunk, c.Offset = c.Chunk+1, 0
	}
	return s.Expand(d, e)
}

// reached returns how often each address has a message.
func reached(t testing.TB, s *Store) map[string]int {
	t.Helper()
	got := map[string]int{}
	q := message.Query{Limit: 200}
	for {
		page, err := s.List(1, q)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Messages {
			got[page.Messages[i].Outbound.Steps[0].To]++
		}
		if q.After = page.Next; q.After == 0 {
			return got
		}
	}
}

// TestDistributionSurvivesAnyCrash: whatever is cut off, and wherever the
// expander is stopped, each recipient has one message in the end.
func TestDistributionSurvivesAnyCrash(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		files := vfs.NewCrashableMem()
		s, _ := started(t, files)
		n := rapid.IntRange(1, 600).Draw(rt, "recipients")
		d := mustDistribute(t, s, distributionOf(n))
		for crashes := 0; d.Progress.State == message.Expanding; {
			if err := step(s, &d, rapid.IntRange(1, 250).Draw(rt, "step")); err != nil {
				t.Fatal(err)
			}
			if crashes < 3 && rapid.Bool().Draw(rt, "crash") {
				crashes++
				crashed := files.CrashClone(vfs.CrashCloneCfg{})
				_ = s.Close()
				files = crashed
				s, _ = started(t, files)
			}
			active, err := s.OpenDistributions()
			if err != nil || len(active) != 1 {
				t.Fatalf("%d active, %v", len(active), err)
			}
			d = active[0]
		}
		got := reached(t, s)
		for i := range n {
			if got[recipientAt(i)] != 1 {
				t.Fatalf("recipient %d of %d has %d messages", i, n, got[recipientAt(i)])
			}
		}
		counts, err := s.DistributionCensus(&d)
		if err != nil || counts.Statuses[message.ChannelStatus{Channel: "sms", Status: message.Queued}] != n || d.Progress.Counts.Messages != n {
			t.Fatalf("%v, %+v, %v", counts, d.Progress, err)
		}
		soundOf(t, s)
	})
}

func TestDistributionReadsBack(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	r := distributionOf(300)
	r.Key = message.Idempotency{Route: message.DistributionRoute, Key: "k", Body: [32]byte{1}, At: noon}
	d := mustDistribute(t, s, r)
	want := message.Distribution{ID: d.ID, Owner: testOwner, CreatedAt: noon, Plan: r.Plan, Progress: r.Progress, Version: d.Version}
	want.Progress.UpdatedAt, want.Plan.Chunks = noon, 2
	if diff := cmp.Diff(want, d, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	var chunk message.RecipientChunk
	var err error
	if chunk, err = s.Recipients(&d, 1); err != nil || !slices.EqualFunc(chunk.Recipients, r.Recipients[250:], func(a, b message.Addressee) bool { return cmp.Equal(a, b) }) {
		t.Errorf("second chunk: %v", err)
	}
	again := mustDistribute(t, s, r)
	if again.ID != d.ID || !again.Replayed {
		t.Errorf("the same key: %s, replayed %t", again.ID, again.Replayed)
	}
	r.Key.Body = [32]byte{2}
	if _, err := s.Distribute(r); !errors.Is(err, message.ErrKeyReused) {
		t.Errorf("another body: %v", err)
	}
	for _, o := range []message.Owner{{Workspace: 2}, {Workspace: 1, Test: true}} {
		if _, err := s.Distribution(o, d.ID); !errors.Is(err, message.ErrNotFound) {
			t.Errorf("%+v: %v", o, err)
		}
		if page, _, err := s.Distributions(o, 0, 10); len(page) != 0 || err != nil {
			t.Errorf("%+v lists %d, %v", o, len(page), err)
		}
	}
	mustDistribute(t, s, distributionOf(1))
	page, next, err := s.Distributions(testOwner, 0, 1)
	if err != nil || len(page) != 1 || next == 0 {
		t.Fatalf("%d, next %d, %v", len(page), next, err)
	}
	if page, next, err = s.Distributions(testOwner, next, 1); err != nil || len(page) != 1 || next != 0 || page[0].ID != d.ID {
		t.Errorf("second page: %d, next %d, %v", len(page), next, err)
	}
	soundOf(t, s)
}

// TestDistributionTurns: what a client changes is not undone by a step that was
// under way, a cancel takes back what waits, and the end is told as an event.
func TestDistributionTurns(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	d := mustDistribute(t, s, distributionOf(300))
	turn := func(to message.DistributionState) error {
		_, err := s.TurnDistribution(testOwner, d.ID, to, noon)
		return err
	}
	if err := turn(message.Paused); err != nil {
		t.Fatal(err)
	}
	if err := step(s, &d, 10); !errors.Is(err, message.ErrVersion) {
		t.Errorf("step of a paused distribution: %v", err)
	}
	if err := errors.Join(turn(message.Paused), turn(message.Expanding)); err != nil {
		t.Fatal(err)
	}
	d, _ = s.Distribution(testOwner, d.ID)
	if err := step(s, &d, 10); err != nil {
		t.Fatal(err)
	}
	sent := <-e.news
	send(t, s, sent, "p1")
	if err := turn(message.DistributionCanceled); err != nil {
		t.Fatal(err)
	}
	for _, to := range []message.DistributionState{message.Paused, message.Expanding} {
		if err := turn(to); !errors.Is(err, message.ErrDistributionState) {
			t.Errorf("%s after the cancel: %v", to, err)
		}
	}
	d, _ = s.Distribution(testOwner, d.ID)
	if !d.Active() {
		t.Fatal("there is nothing left to do for it")
	}
	if err := s.SweepDistribution(&d, noon); err != nil {
		t.Fatal(err)
	}
	d, _ = s.Distribution(testOwner, d.ID)
	counts, err := s.DistributionCensus(&d)
	want := map[message.ChannelStatus]int{{Channel: "sms", Status: message.Canceled}: 9, {Channel: "sms", Status: message.Sent}: 1}
	if diff := cmp.Diff(want, counts.Statuses); diff != "" || err != nil || d.Active() {
		t.Errorf("active %t, %v: %s", d.Active(), err, diff)
	}
	soundOf(t, s)
}

func TestDistributionCompletes(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	d := mustDistribute(t, s, distributionOf(1))
	for d.Progress.State == message.Expanding {
		if err := step(s, &d, 10); err != nil {
			t.Fatal(err)
		}
		d, _ = s.Distribution(testOwner, d.ID)
	}
	if resting, err := s.SpanResting(&d, 0); resting || err != nil {
		t.Errorf("resting %t while it waits, %v", resting, err)
	}
	send(t, s, <-e.news, "p1")
	if resting, err := s.SpanResting(&d, 0); !resting || err != nil {
		t.Errorf("resting %t after it was sent, %v", resting, err)
	}
	if err := s.CompleteDistribution(&d, noon); err != nil {
		t.Fatal(err)
	}
	if err := s.CompleteDistribution(&d, noon); !errors.Is(err, message.ErrVersion) {
		t.Errorf("twice: %v", err)
	}
	events, err := s.Events(1, 0, 100)
	last := events[len(events)-1]
	if err != nil || last.Entry.Type != message.DistributionDone || last.Object != string(message.AppendID(nil, message.PrefixDistribution, d.ID)) {
		t.Errorf("last event %+v, %v", last, err)
	}
	soundOf(t, s)
}

// TestErasureReachesDistributions: who has been erased is not in the rows any
// more, and a step that was made from them before is refused.
func TestErasureReachesDistributions(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, Options{LowWater: -1, CacheSize: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s.Start(newEar().hooks())
	const address = "+821099887766"
	c, err := s.ChangeContact(message.ContactPut{Owner: testOwner, At: noon, Change: message.ContactChange{
		Set: message.ContactFields, Identities: []message.Identity{{Channel: "sms", Address: address}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	r := distributionOf(6)
	r.Plan.Reference, r.Recipients[4].To[0].Address = "for "+address, address
	r.Recipients[5] = message.Addressee{Index: 5, Contact: c.ID, Params: []message.Param{{Name: "name", Value: "secret value"}}}
	d := mustDistribute(t, s, r)
	if _, err := s.EraseContact(testOwner, c.ID, noon+1); err != nil {
		t.Fatal(err)
	}
	awaitErasure(t, s, testOwner, c.ID)
	if found := leaks(t, vfs.Default, dir); len(found) > 0 {
		t.Errorf("the files still hold %v", found)
	}
	d, _ = s.Distribution(testOwner, d.ID)
	chunk, err := s.Recipients(&d, 0)
	if err != nil || !chunk.Recipients[4].Erased() || !chunk.Recipients[5].Erased() || chunk.Recipients[3].Erased() || chunk.Revision != 1 {
		t.Fatalf("%+v, %v", chunk, err)
	}
	stale := &message.Expansion{ID: d.ID, Owner: testOwner, Version: d.Version, At: noon, Progress: d.Progress}
	if err := s.Expand(&d, stale); !errors.Is(err, message.ErrVersion) {
		t.Errorf("step from erased recipients: %v", err)
	}
	if err := step(s, &d, 250); err != nil {
		t.Fatal(err)
	}
	if got := reached(t, s); len(got) != 4 {
		t.Errorf("reached %v", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if report, err := Check(dir, nil); err != nil || report.Total != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestRetentionTakesDistributionsThatAreOver(t *testing.T) {
	h := newHistory(t, vfs.NewMem())
	r := distributionOf(1)
	r.At = h.time()
	over, open := mustDistribute(t, h.Store, r), mustDistribute(t, h.Store, r)
	if _, err := h.TurnDistribution(testOwner, over.ID, message.DistributionCanceled, h.time()); err != nil {
		t.Fatal(err)
	}
	h.accept(1)
	h.pass(2 * time.Hour)
	h.accept(1)
	if _, err := h.Retain(h.time(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Distribution(testOwner, over.ID); !errors.Is(err, message.ErrNotFound) {
		t.Errorf("the one that is over: %v", err)
	}
	if _, err := h.Distribution(testOwner, open.ID); err != nil {
		t.Errorf("the open one: %v", err)
	}
	soundOf(t, h.Store)
}

// TestCheckFindsBrokenDistributions: rows that lack what they belong to.
func TestCheckFindsBrokenDistributions(t *testing.T) {
	for name, key := range map[string]func(message.ID) []byte{
		"progress": func(id message.ID) []byte { return appendDistributionKey(nil, distributionProgress, 1, id) },
		"plan":     func(id message.ID) []byte { return appendDistributionKey(nil, distributionPlan, 1, id) },
		"chunk":    func(id message.ID) []byte { return appendNumberedKey(nil, distributionRecipients, 1, id, 1) },
		"run":      func(id message.ID) []byte { return appendNumberedKey(nil, distributionSpan, 1, id, 0) },
	} {
		files := vfs.NewMem()
		s, _ := started(t, files)
		d := mustDistribute(t, s, distributionOf(300))
		if err := step(s, &d, 100); err != nil {
			t.Fatal(err)
		}
		if err := s.commit(&eraseRowOp{key: key(d.ID)}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		report := mustCheck(t, files)
		if !slices.ContainsFunc(report.Findings, func(f Finding) bool { return f.Kind == "distribution" && strings.HasPrefix(f.Key, "d/") }) {
			t.Errorf("%s is gone: %+v", name, report)
		}
	}
}

func FuzzDistributionRows(f *testing.F) {
	r := distributionOf(2)
	o := newDistributeOp(r)
	held := message.DistributionProgress{Held: 2, Booked: []message.Booking{{From: noon, N: 3}}}
	seeds := []string{string(appendProgress(nil, 9, &held)), string(o.plan), string(o.chunks[0]), string(appendProgress(nil, 9, &r.Progress)), string(appendSpan(nil, message.Span{First: 9, Count: 2}))}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		var got, again message.Distribution
		if decodePlan(&got, text) == nil {
			err := decodePlan(&again, string(appendPlan(nil, got.Owner.Test, got.CreatedAt, &got.Plan)))
			same(t, "plan", again, got, err)
		}
		got, again = message.Distribution{}, message.Distribution{}
		if decodeProgress(&got, text) == nil {
			err := decodeProgress(&again, string(appendProgress(nil, got.Version, &got.Progress)))
			same(t, "progress", again, got, err)
		}
		var c, c2 message.RecipientChunk
		if decodeRecipients(&c, text) == nil {
			err := decodeRecipients(&c2, string(appendRecipients(nil, &c)))
			same(t, "recipients", c2, c, err)
		}
		_, _ = decodeSpan(text)
	})
}
