package store

import (
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
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
	var got message.Acceptance
	var err error
	if rapid.Bool().Draw(t, "submit") {
		got, err = submit(t, w.store, o, key)
	} else {
		got, err = w.store.Accept(o, key)
	}
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
