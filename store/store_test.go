package store

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"messagehub/store/message"
)

// noon is when the tests' clocks start.
const noon = message.Time(1_800_000_000_000)

var (
	someChannels   = rapid.SampledFrom([]string{"whatsapp", "telegram", "sms"})
	someRecipients = rapid.SampledFrom([]string{"+821011112222", "+821033334444", "kim", "lee"})
	someSenders    = rapid.SampledFrom([]string{"", "main", "second"})
	someProviders  = rapid.SampledFrom([]string{"", "wamid.1", "wamid.2", "77", "SM9"})
)

// twins are a store and its model, driven side by side.
type twins struct {
	files *vfs.MemFS
	store *Store
	model *model
	fed   []message.Job
	heard []message.Event
}

func newTwins(t *rapid.T) *twins {
	w := &twins{files: vfs.NewCrashableMem(), model: newModel(noon)}
	w.open(t)
	return w
}

// open opens the store without its timekeeper: time moves when the test says.
func (w *twins) open(t *rapid.T) {
	s, err := tryDir(w.files, func(o *Options) {
		o.Shards = 3
		o.Now = func() time.Time { return w.model.now.Std() }
	})
	if err != nil {
		t.Fatal(err)
	}
	s.hooks.Store(&Hooks{
		Feed:    func(_ message.Lane, _ int, j message.Job) { w.fed = append(w.fed, j) },
		Observe: func(e message.Event) { w.heard = append(w.heard, e) },
	})
	s.started.Store(true)
	w.store = s
}

func drawOutbound(t *rapid.T, now message.Time) *message.Outbound {
	o := &message.Outbound{
		Workspace: message.WorkspaceID(rapid.IntRange(1, 2).Draw(t, "workspace")),
		Test:      rapid.Bool().Draw(t, "test"), On: message.OnAll,
		OnUnknown: enumOf(message.Retry).Draw(t, "unknown"), KeepLate: rapid.Bool().Draw(t, "late"),
		Priority: enumOf(message.Bulk).Draw(t, "priority"), CreatedAt: now, ExpiresIn: message.DefaultExpiresIn,
		Reference: rapid.SampledFrom([]string{"", "r1", "r2"}).Draw(t, "reference"),
		Salt:      rapid.Uint64().Draw(t, "salt") & saltMask,
	}
	if rapid.Bool().Draw(t, "scheduled") {
		o.ScheduledAt = now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "delay")) * time.Minute)
	}
	if rapid.Bool().Draw(t, "short") {
		o.ExpiresIn = time.Duration(rapid.IntRange(1, 600).Draw(t, "expires")) * time.Minute
	}
	for range rapid.IntRange(1, 3).Draw(t, "steps") {
		o.Steps = append(o.Steps, drawStep(t))
	}
	return o
}

func drawStep(t *rapid.T) message.Step {
	return message.Step{
		Channel: someChannels.Draw(t, "channel"), To: someRecipients.Draw(t, "to"), From: someSenders.Draw(t, "from"),
		ContentType: message.Text, Content: "hello",
		Success: rapid.SampledFrom([]message.Status{message.Sent, message.Delivered, message.Read}).Draw(t, "success"),
		Timeout: time.Duration(rapid.SampledFrom([]int{0, 60, 3600}).Draw(t, "timeout")) * time.Second,
	}
}

func (w *twins) accept(t *rapid.T) {
	o := drawOutbound(t, w.model.now)
	key := message.Idempotency{
		Route: "send", Key: rapid.SampledFrom([]string{"", "", "k1", "k2"}).Draw(t, "key"),
		Body: [32]byte{rapid.ByteRange(1, 2).Draw(t, "body")}, At: w.model.now,
	}
	want, wantErr := w.model.promised(o.Workspace, key)
	got, err := w.store.Accept(o, key)
	if !errors.Is(err, wantErr) {
		t.Fatalf("accept: %v, want %v", err, wantErr)
	}
	switch {
	case err != nil:
	case !want.id.IsZero():
		if !got.Replayed || got.ID != want.id || got.Status != want.status {
			t.Fatalf("accept: %+v, want a replay of %+v", got, want)
		}
	default:
		o.ID = got.ID
		w.model.accept(o, key)
		if got.Replayed || got.Status != w.model.messages[got.ID].state.Status {
			t.Fatalf("accept: %+v", got)
		}
	}
}

// start starts a job of the backlog, or an old one.
func (w *twins) start(t *rapid.T) {
	jobs := w.backlog(t)
	if len(jobs) == 0 {
		return
	}
	i := rapid.IntRange(0, len(jobs)-1).Draw(t, "job")
	fact := message.Fact{Kind: message.Started, At: w.model.now, Attempt: jobs[i].Attempt, Sender: "main"}
	twin := fact
	fact.Position, twin.Position = jobs[i].Position, w.model.pending[i].Position
	if rapid.IntRange(0, 9).Draw(t, "stale") == 0 {
		fact.Position, twin.Position = 1, 0
	}
	w.foldBoth(t, jobs[i].ID, fact, twin)
}

// outcome folds anything into any message.
func (w *twins) outcome(t *rapid.T) {
	if len(w.model.order) == 0 {
		return
	}
	id := rapid.SampledFrom(w.model.order).Draw(t, "message")
	fact := message.Fact{
		Kind: rapid.SampledFrom([]message.FactKind{
			message.Accepted, message.Accepted, message.Rejected, message.Deferred, message.Lost, message.Cancel,
		}).Draw(t, "kind"),
		At: w.model.now, Attempt: rapid.IntRange(0, 2).Draw(t, "attempt"),
		ProviderID: someProviders.Draw(t, "provider"), Segments: 1,
		Failure: &message.Failure{Code: "busy", Class: message.Capacity},
		RetryAt: w.model.now.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "retry")) * time.Minute),
	}
	w.foldBoth(t, id, fact, fact)
}

func (w *twins) foldBoth(t *rapid.T, id message.ID, fact, twin message.Fact) {
	mm := w.model.messages[id]
	got, err := w.store.Fold(mm.outbound.Workspace, id, fact)
	if err != nil {
		t.Fatalf("fold: %v", err)
	}
	refused := w.model.fold(id, twin)
	if got.Refused != refused {
		t.Fatalf("fold %+v: refused %v, want %v", fact, got.Refused, refused)
	}
	w.compareState(t, "folded", got.State, &mm.state)
}

func (w *twins) report(t *rapid.T) {
	r := message.Receipt{
		Channel: someChannels.Draw(t, "channel"), Test: rapid.Bool().Draw(t, "test"),
		ProviderID: someProviders.Draw(t, "provider"), At: rapid.SampledFrom([]message.Time{0, w.model.now - 5}).Draw(t, "at"),
		Status: rapid.SampledFrom([]message.Status{message.Sent, message.Delivered, message.Read, message.Failed}).Draw(t, "status"),
	}
	if r.Status == message.Failed {
		r.Failure = &message.Failure{Code: "not_on_channel", Class: message.Recipient, Permanent: true}
	}
	if len(w.model.order) > 0 && rapid.Bool().Draw(t, "by ref") {
		id := rapid.SampledFrom(w.model.order).Draw(t, "message")
		o := w.model.messages[id].outbound
		r.Ref = message.AttemptRef(o.Workspace, id, rapid.IntRange(0, 2).Draw(t, "attempt"))
		r.Channel, r.Test = o.Steps[0].Channel, o.Test
	}
	if err := w.store.Report([]message.Receipt{r}, w.model.now); err != nil {
		t.Fatalf("report: %v", err)
	}
	w.model.report(r)
}

// wait lets time pass.
func (w *twins) wait(t *rapid.T) {
	w.model.now = w.model.now.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "wait")) * time.Minute)
	if _, err := w.store.timers.fire(); err != nil {
		t.Fatal(err)
	}
	w.model.fire()
}

func (w *twins) reopen(t *rapid.T) {
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	if report, err := Check("data", w.files); err != nil || report.Total > 0 {
		t.Fatalf("check: %+v, %v", report, err)
	}
	w.open(t)
}

// backlog returns all jobs of the store in log order.
func (w *twins) backlog(t *rapid.T) []message.Job {
	var all []message.Job
	for _, lane := range w.store.Lanes() {
		n := len(all)
		for shard := range w.store.Shards() {
			all = w.readShard(t, lane, shard, all)
		}
		if got := w.store.Pending(lane); got != int64(len(all)-n) {
			t.Fatalf("%s: %d pending, but %d in the backlog", lane, got, len(all)-n)
		}
	}
	slices.SortFunc(all, func(a, b message.Job) int { return cmp.Compare(a.Position, b.Position) })
	return all
}

func (w *twins) readShard(t *rapid.T, lane message.Lane, shard int, all []message.Job) []message.Job {
	page, after := make([]message.Job, 0, 2), message.Position(0)
	for {
		got, err := w.store.Backlog(lane, shard, after, page[:0])
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			return all
		}
		for _, j := range got {
			if j.Position <= after || message.ShardOf(j.Recipient, w.store.Shards()) != shard {
				t.Fatalf("job %+v in shard %d after %d", j, shard, after)
			}
			after = j.Position
		}
		all = append(all, got...)
	}
}

func (w *twins) compareState(t *rapid.T, what string, got, want *message.State) {
	g, m := *got, *want
	if (g.Waiting == 0) != (m.Waiting == 0) {
		t.Fatalf("%s: waiting at %d, want %d", what, g.Waiting, m.Waiting)
	}
	g.Waiting, m.Waiting = 0, 0
	if !reflect.DeepEqual(m, g) {
		t.Fatalf("%s: %s", what, gocmp.Diff(m, g, exact))
	}
}

// checkTimers compares the timers that are armed.
func (w *twins) checkTimers(t *rapid.T) {
	var got, want []string
	err := eachRow(w.store.db, []byte{prefixTimer}, func(key, _ []byte) error {
		got = append(got, string(key))
		return nil
	})
	for timer := range w.model.timers {
		want = append(want, timer.key())
	}
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("timers %q, want %q, %v", got, want, err)
	}
}

// check compares all that can be read.
func (w *twins) check(t *rapid.T) {
	w.checkBacklog(t)
	w.checkTimers(t)
	for _, id := range w.model.order {
		mm := w.model.messages[id]
		o, s, err := w.store.Message(mm.outbound.Workspace, id)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(mm.outbound, o) {
			t.Fatal(gocmp.Diff(mm.outbound, o, exact))
		}
		w.compareState(t, "read", s, &mm.state)
		if _, _, err := w.store.Message(3-mm.outbound.Workspace, id); !errors.Is(err, message.ErrNotFound) {
			t.Fatalf("another workspace reads the message: %v", err)
		}
	}
	for ws := range message.WorkspaceID(3) {
		w.checkEvents(t, ws)
		w.checkList(t, ws)
	}
}

func (w *twins) checkBacklog(t *rapid.T) {
	jobs := w.backlog(t)
	if len(jobs) != len(w.model.pending) {
		t.Fatalf("%d jobs, want %d", len(jobs), len(w.model.pending))
	}
	oldest := map[message.Lane]message.Time{}
	for i, j := range jobs {
		want := w.model.pending[i]
		lane := w.model.messages[j.ID].outbound.Lane(w.model.messages[j.ID].state.Attempts[j.Attempt].Step)
		if since := w.model.since[want.Position]; oldest[lane] == 0 || since < oldest[lane] {
			oldest[lane] = since
		}
		want.Position = j.Position
		if j != want {
			t.Fatalf("job %+v, want %+v", j, want)
		}
	}
	for _, lane := range w.store.Lanes() {
		if got, ok := w.store.OldestPending(lane); got != oldest[lane] || ok != (oldest[lane] != 0) {
			t.Fatalf("%s: oldest %d, want %d", lane, got, oldest[lane])
		}
	}
}

func (w *twins) checkEvents(t *rapid.T, ws message.WorkspaceID) {
	var got []message.Event
	after := message.Position(0)
	limit := rapid.IntRange(1, 4).Draw(t, "limit")
	for {
		page, err := w.store.Events(ws, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		if page[0].Position <= after {
			t.Fatalf("page after %d begins at %d", after, page[0].Position)
		}
		after = page[len(page)-1].Position
		got = append(got, page...)
	}
	if !slices.IsSortedFunc(got, func(a, b message.Event) int { return cmp.Compare(a.Position, b.Position) }) {
		t.Fatal("events are not in log order")
	}
	heard := slices.DeleteFunc(slices.Clone(w.heard), func(e message.Event) bool { return e.Workspace != ws })
	if !slices.Equal(heard, got) {
		t.Fatalf("observed and read: %s", gocmp.Diff(heard, got, exact))
	}
	for i := range got {
		got[i].Position = 0
	}
	if !slices.Equal(w.model.events[ws], got) {
		t.Fatalf("events of workspace %d: %s", ws, gocmp.Diff(w.model.events[ws], got, exact))
	}
}

func (w *twins) checkList(t *rapid.T, ws message.WorkspaceID) {
	q := message.Query{
		Test: rapid.Bool().Draw(t, "test"), Limit: rapid.IntRange(1, 3).Draw(t, "page"),
		Status:    rapid.SampledFrom([]message.Status{0, 0, message.Queued, message.Sent}).Draw(t, "status"),
		Channel:   rapid.SampledFrom([]string{"", "", "sms"}).Draw(t, "channel"),
		To:        rapid.SampledFrom([]string{"", "", "kim"}).Draw(t, "to"),
		Reference: rapid.SampledFrom([]string{"", "", "r1"}).Draw(t, "reference"),
	}
	if rapid.Bool().Draw(t, "window") {
		span := int64(w.model.now - noon)
		q.From = noon + message.Time(rapid.Int64Range(0, span).Draw(t, "from"))
		q.Until = q.From + message.Time(rapid.Int64Range(0, span+1).Draw(t, "until"))
	}
	want := []message.ID(nil)
	for _, id := range slices.Backward(w.model.order) {
		mm := w.model.messages[id]
		if mm.outbound.Workspace == ws && matches(&q, mm.outbound) && matchesState(&q, mm.outbound, &mm.state) {
			want = append(want, id)
		}
	}
	var got []message.ID
	for {
		page, err := w.store.List(ws, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Messages {
			got = append(got, f.Outbound.ID)
			w.compareState(t, "listed", f.State, &w.model.messages[f.Outbound.ID].state)
		}
		if q.After = page.Next; q.After == 0 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("list of %d with %+v: %v, want %v", ws, q, got, want)
	}
}

// checkFed compares what was fed with what was dispatched: I1, in log order.
func (w *twins) checkFed(t *rapid.T) {
	if !slices.IsSortedFunc(w.fed, func(a, b message.Job) int { return cmp.Compare(a.Position, b.Position) }) {
		t.Fatal("jobs were not fed in log order")
	}
	seen := map[message.Position]bool{}
	for _, j := range w.fed {
		if seen[j.Position] {
			t.Fatalf("job %d was fed twice", j.Position)
		}
		seen[j.Position] = true
	}
	for _, j := range w.backlog(t) {
		if !seen[j.Position] {
			t.Fatalf("job %d is in the backlog, but was never fed", j.Position)
		}
	}
}

// TestModel drives the store and a model of it with the same operations, and
// compares all that can be read. It covers I1 (fed in log order) and I3.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTwins(t)
		defer func() { _ = w.store.Close() }()
		t.Repeat(map[string]func(*rapid.T){
			"accept":  w.accept,
			"accept2": w.accept,
			"start":   w.start,
			"start2":  w.start,
			"outcome": w.outcome,
			"report":  w.report,
			"wait":    w.wait,
			"reopen":  w.reopen,
			"":        w.check,
		})
		w.checkFed(t)
	})
}
