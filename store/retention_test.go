package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

// history is a store whose messages came over days, at the test's own clock.
type history struct {
	*Store
	t   *testing.T
	now atomic.Int64
	n   int
	// success is what the messages ask for, within timeout.
	success message.Status
	timeout time.Duration
}

func newHistory(t *testing.T, files vfs.FS) *history {
	h := &history{t: t, success: message.Delivered, timeout: time.Hour}
	h.now.Store(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	h.Store = begun(onDir(t, files, func(o *Options) { o.Now = h.clock }))
	return h
}

func (h *history) clock() time.Time { return time.UnixMilli(h.now.Load()) }

func (h *history) time() message.Time { return message.Time(h.now.Load()) }

func (h *history) pass(d time.Duration) { h.now.Add(d.Milliseconds()) }

// accept writes a message of a workspace.
func (h *history) accept(ws message.WorkspaceID) place {
	h.t.Helper()
	h.n++
	o := &message.Outbound{
		Workspace: ws, CreatedAt: h.time(), ExpiresIn: message.DefaultExpiresIn, Salt: rand.Uint64(), On: message.OnAll,
		Steps: []message.Step{{Channel: "sms", To: fmt.Sprint("+82", h.n), Content: "hello", Success: h.success, Timeout: h.timeout}},
	}
	a, err := h.Accept(o, noKey)
	if err != nil {
		h.t.Fatal(err)
	}
	return place{ws: ws, id: a.ID}
}

// fold folds a fact into the only attempt of a message.
func (h *history) fold(at place, fact message.Fact) {
	h.t.Helper()
	fact.At = h.time()
	_, state, err := h.Message(at.ws, at.id)
	if err != nil {
		h.t.Fatal(err)
	}
	fact.Position = state.Waiting
	if f, err := h.Fold(at.ws, at.id, fact); err != nil || f.Refused {
		h.t.Fatalf("refused %v, %v", f.Refused, err)
	}
}

func (h *history) start(at place) {
	h.fold(at, message.Fact{Kind: message.Started, Sender: "main"})
}

// deliver brings a message to its end.
func (h *history) deliver(at place) {
	h.start(at)
	h.fold(at, message.Fact{Kind: message.Accepted, ProviderID: "id-" + at.id.String()})
	h.fold(at, message.Fact{Kind: message.Reported, Status: message.Delivered})
}

func (h *history) has(at place) bool {
	h.t.Helper()
	_, _, err := h.Message(at.ws, at.id)
	if err != nil && !errors.Is(err, message.ErrNotFound) {
		h.t.Fatal(err)
	}
	return err == nil
}

func (h *history) retain(before message.Time, want Retained) {
	h.t.Helper()
	if got, err := h.Retain(before, 0); err != nil || got != want {
		h.t.Fatalf("%+v, %v; want %+v", got, err, want)
	}
}

func TestRetainRemovesWhatIsOver(t *testing.T) {
	h := newHistory(t, vfs.NewCrashableMem())
	var old, young []place
	for ws := range message.WorkspaceID(3) {
		for range 4 {
			old = append(old, h.accept(ws+1))
			h.deliver(old[len(old)-1])
		}
	}
	h.pass(48 * time.Hour)
	border := h.time()
	for ws := range message.WorkspaceID(3) {
		young = append(young, h.accept(ws+1))
		h.deliver(young[ws])
	}
	h.retain(border, Retained{Removed: 12})
	for _, at := range old {
		if h.has(at) {
			t.Errorf("%s is still there", at.id)
		}
	}
	for _, at := range young {
		if !h.has(at) {
			t.Errorf("%s is gone", at.id)
		}
		events, err := h.Events(at.ws, 0, 100)
		if err != nil || len(events) == 0 || events[0].Message != at.id {
			t.Errorf("%d events, %v", len(events), err)
		}
	}
	h.retain(border, Retained{})
	if sum, err := readRetained(h.db); err != nil || sum.messages != 12 {
		t.Fatalf("%+v, %v", sum, err)
	}
}

func TestRetainIsToTheHour(t *testing.T) {
	h := newHistory(t, vfs.NewCrashableMem())
	h.deliver(h.accept(1))
	h.pass(90 * time.Minute)
	second := h.accept(1)
	h.deliver(second)
	h.retain(h.time()-message.Time(2*time.Hour/time.Millisecond), Retained{}) // before everything
	h.retain(h.time()+message.Time(5*time.Minute/time.Millisecond), Retained{Removed: 1})
	if !h.has(second) {
		t.Fatal("a message of the hour itself is gone")
	}
}

// What is not over stays, whatever its age, and works on.
func TestRetainKeepsWhatIsNotOver(t *testing.T) {
	h := newHistory(t, vfs.NewCrashableMem())
	waiting, inHand, out := h.accept(1), h.accept(1), h.accept(1)
	h.start(inHand)
	h.start(out)
	h.fold(out, message.Fact{Kind: message.Accepted, ProviderID: "p1"})
	retry := h.accept(1)
	h.start(retry)
	h.fold(retry, message.Fact{
		Kind: message.Deferred, RetryAt: h.time().Add(23 * time.Hour), Failure: &message.Failure{Code: "x"},
	})
	var over []place
	for _, at := range []place{h.accept(1), h.accept(1)} {
		h.deliver(at)
		over = append(over, at)
	}
	h.pass(2 * time.Hour)
	h.accept(2) // begins the hour
	h.retain(h.time(), Retained{Removed: 2, Kept: 4})
	for _, at := range over {
		if h.has(at) {
			t.Error("an ended message is there")
		}
	}
	for _, at := range []place{waiting, inHand, out, retry} {
		if !h.has(at) {
			t.Fatal("a message that is not over is gone")
		}
	}
	h.start(waiting)
	h.fold(inHand, message.Fact{Kind: message.Accepted, ProviderID: "p2"})
	if err := h.Report([]message.Receipt{{Channel: "sms", ProviderID: "p1", Status: message.Delivered}}, h.time()); err != nil {
		t.Fatal(err)
	}
	_, state, err := h.Message(1, out.id)
	if err != nil || state.Status != message.Delivered {
		t.Fatalf("%+v, %v", state, err)
	}
	h.retain(h.time(), Retained{Removed: 1, Kept: 3}) // now it is over
}

// A message that no receipt ever settled goes at an age of its own; what waits
// does not.
func TestRetainSettlesByAge(t *testing.T) {
	h := newHistory(t, vfs.NewCrashableMem())
	h.timeout = 0
	accepted, waiting := h.accept(1), h.accept(1)
	h.start(accepted)
	h.fold(accepted, message.Fact{Kind: message.Accepted, ProviderID: "p1"})
	h.pass(2 * time.Hour)
	border := h.time()
	younger := h.accept(1)
	h.start(younger)
	h.fold(younger, message.Fact{Kind: message.Accepted, ProviderID: "p2"})
	h.pass(2 * time.Hour)
	h.accept(1) // begins the hour
	for _, row := range []struct {
		unsettled message.Time
		want      Retained
	}{{0, Retained{Kept: 3}}, {border, Retained{Removed: 1, Kept: 2}}, {h.time(), Retained{Removed: 1, Kept: 1}}} {
		if got, err := h.Retain(h.time(), row.unsettled); err != nil || got != row.want {
			t.Errorf("unsettled before %d: %+v, %v; want %+v", row.unsettled, got, err, row.want)
		}
	}
	if h.has(accepted) || h.has(younger) || !h.has(waiting) {
		t.Error("the wrong ones are gone")
	}
}

// More messages than one operation looks at, with survivors at the edges of
// the chunks.
func TestRetainGoesThroughChunks(t *testing.T) {
	h := newHistory(t, vfs.NewMem())
	const n = 2*retainChunk + 50
	var all []place
	for range n {
		all = append(all, h.accept(7))
	}
	stays := map[int]bool{0: true, 1: true, retainChunk - 1: true, retainChunk: true, 2 * retainChunk: true, n - 1: true}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := w; i < n; i += 8 {
				if !stays[i] {
					h.deliver(all[i])
				}
			}
		})
	}
	wg.Wait()
	h.pass(2 * time.Hour)
	h.accept(7) // begins the hour
	h.retain(h.time(), Retained{Removed: n - len(stays), Kept: len(stays)})
	for i, at := range all {
		if h.has(at) != stays[i] {
			t.Errorf("message %d: there %v", i, h.has(at))
		}
	}
}

// A fact about a message that goes at the same moment finds no message, and
// does not bring a part of it back.
func TestRetainAndAFactInOneRecord(t *testing.T) {
	h := newHistory(t, vfs.NewMem())
	at := h.accept(1)
	h.deliver(at)
	h.pass(2 * time.Hour)
	h.accept(1)
	o, _, err := h.Message(at.ws, at.id)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := h.sequenceAt(h.time())
	if err != nil || bound == 0 {
		t.Fatal(bound, err)
	}
	removal := &retainOp{workspace: 1, bound: bound}
	cancel := &foldOp{outbound: o, fact: message.Fact{Kind: message.Cancel, At: h.time()}}
	late := &reportOp{
		receipt: message.Receipt{Channel: "sms", ProviderID: "id-" + at.id.String(), Status: message.Read},
		at:      h.time(), outbound: o,
	}
	twice := &retainOp{workspace: 1, bound: bound}
	if err := h.commitAll([]op{removal, cancel, late, twice}); !errors.Is(err, message.ErrNotFound) {
		t.Fatalf("%v", err)
	}
	if removal.removed != 1 || twice.removed != 0 {
		t.Fatalf("removed %d, then %d", removal.removed, twice.removed)
	}
	if _, ok, err := h.row(appendRowKey(nil, prefixState, 1, at.id)); ok || err != nil {
		t.Fatalf("a state without its message: %v, %v", ok, err)
	}
	// and the same in a later record
	if err := h.commitAll([]op{cancel}); !errors.Is(err, message.ErrNotFound) {
		t.Fatalf("%v", err)
	}
}

func TestRetainSurvivesPowerLoss(t *testing.T) {
	files := vfs.NewCrashableMem()
	h := newHistory(t, files)
	at := h.accept(1)
	h.deliver(at)
	h.pass(2 * time.Hour)
	h.accept(1)
	h.retain(h.time(), Retained{Removed: 1})
	after := onDir(t, files.CrashClone(vfs.CrashCloneCfg{}))
	if _, _, err := after.Message(at.ws, at.id); !errors.Is(err, message.ErrNotFound) {
		t.Fatalf("%v", err)
	}
	if h := after.records[0].txn.head; h.retained == 0 {
		t.Fatal("the store has forgotten what has been removed")
	}
}

// A message can be over and still have a timer: what it is for is refused. The
// message goes, and the timer with it, but not before it has run out.
func TestRetainRemovesTimersThatHaveRunOut(t *testing.T) {
	files := vfs.NewCrashableMem()
	h := newHistory(t, files)
	h.success = message.Read
	at := h.accept(1)
	h.start(at)
	h.fold(at, message.Fact{Kind: message.Reported, Status: message.Failed, Failure: &message.Failure{Code: "x"}})
	h.fold(at, message.Fact{Kind: message.Reported, Status: message.Delivered})
	h.fold(at, message.Fact{Kind: message.Lost, Failure: &message.Failure{Code: "interrupted"}})
	_, state, err := h.Message(at.ws, at.id)
	if err != nil || !state.Settled || state.Attempts[0].Due == 0 {
		t.Fatalf("%+v, %v", state, err)
	}
	bound := h.durable.mark().sequence + 1
	early := &retainOp{workspace: 1, bound: bound, at: h.time()}
	if err := h.commit(early); err != nil || early.removed != 0 || early.kept != 1 {
		t.Fatalf("removed %d, kept %d, %v", early.removed, early.kept, err)
	}
	h.pass(3 * time.Hour)
	h.accept(2) // begins the hour
	h.retain(h.time(), Retained{Removed: 1})
	clean(t, files.CrashClone(vfs.CrashCloneCfg{}))
}
