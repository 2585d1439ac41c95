package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"messagehub/store/message"
)

// crashPointsVariable names the environment variable that says how many power
// cuts TestPowerLoss makes.
const crashPointsVariable = "MESSAGEHUB_CRASH_POINTS"

// TestPowerLoss cuts the power after every write of a workload, in every way
// that unsynced data may survive: what was acknowledged is there when the
// store opens again, and what is there is consistent.
func TestPowerLoss(t *testing.T) {
	points := 300
	if n, err := strconv.Atoi(os.Getenv(crashPointsVariable)); err == nil {
		points = n
	}
	start, done := time.Now(), 0
	for round := uint64(0); done < points; round++ {
		w := newWorkload(round, points-done)
		w.run(t)
		done += w.verify(t)
	}
	t.Logf("%d power cuts, %.0f a second", done, float64(done)/time.Since(start).Seconds())
}

// workload is one life of a store, with the power cuts that it could end with.
type workload struct {
	files *vfs.MemFS
	seed  uint64
	limit int

	mu     sync.Mutex
	ledger []acknowledged
	events []message.Event
	cuts   []cut
	rng    *rand.Rand
	over   atomic.Bool
}

// acknowledged is something that a caller was told: the message as it stood.
type acknowledged struct {
	outbound *message.Outbound
	state    *message.State // nil: just accepted
	key      message.Idempotency
}

// cut is a disk after a power cut, and how much had been told before it.
type cut struct {
	files          *vfs.MemFS
	percent        int
	ledger, events int
}

func newWorkload(seed uint64, limit int) *workload {
	return &workload{
		files: vfs.NewCrashableMem(), seed: seed, limit: limit,
		rng: rand.New(rand.NewPCG(seed, 7)),
	}
}

// cutBefore takes a power cut just before a write.
func (w *workload) cutBefore(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() != errorfs.OpIsWrite || w.over.Load() {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.cuts) == w.limit {
		return nil
	}
	c := cut{percent: [...]int{0, 0, 1, 10, 50, 90, 99, 100}[w.rng.IntN(8)], ledger: len(w.ledger), events: len(w.events)}
	c.files = w.files.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: c.percent, RNG: w.rng})
	w.cuts = append(w.cuts, c)
	return nil
}

func (w *workload) run(t *testing.T) {
	s, err := tryDir(errorfs.Wrap(w.files, errorfs.InjectorFunc(w.cutBefore)), func(o *Options) { o.Now = noon.Std })
	if err != nil {
		t.Fatal(err)
	}
	s.Start(Hooks{Observe: func(e message.Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, e)
	}})
	var wg sync.WaitGroup
	for g := range uint64(3) {
		c := &crashCaller{workload: w, store: s, rng: rand.New(rand.NewPCG(w.seed, g)), name: fmt.Sprint(g)}
		wg.Go(func() { c.run(t) })
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	w.over.Store(true)
}

func (w *workload) told(a acknowledged) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ledger = append(w.ledger, a)
}

// crashCaller lives through messages, one after the other.
type crashCaller struct {
	*workload
	store *Store
	rng   *rand.Rand
	name  string
}

func (c *crashCaller) run(t *testing.T) {
	for i := range 4 + c.rng.IntN(8) {
		o := testOutbound()
		o.Salt = c.rng.Uint64() & saltMask
		o.Steps[0].To = c.name
		o.Steps[0].Timeout = time.Duration(c.rng.IntN(2)) * time.Minute
		o.Steps = append(o.Steps, message.Step{Channel: "sms", To: c.name, Success: message.Sent})
		if c.rng.IntN(4) == 0 {
			o.ScheduledAt = noon.Add(time.Hour)
		}
		key := message.Idempotency{}
		if c.rng.IntN(2) == 0 {
			key = promiseOf(fmt.Sprint(c.name, "-", i), 1, noon)
		}
		got, err := c.store.Accept(o, key)
		if err != nil {
			t.Error(err)
			return
		}
		o.ID = got.ID
		c.told(acknowledged{outbound: o, key: key})
		c.live(t, o)
	}
}

// live folds a few facts into the message.
func (c *crashCaller) live(t *testing.T, o *message.Outbound) {
	failure := &message.Failure{Code: "busy", Class: message.Capacity}
	for range c.rng.IntN(5) {
		_, s, err := c.store.Message(1, o.ID)
		if err != nil {
			t.Error(err)
			return
		}
		fact := message.Fact{At: noon, Attempt: s.Current(), Position: s.Waiting, Sender: "main", Failure: failure}
		switch kind := c.rng.IntN(8); {
		case s.Attempts[s.Current()].Status == message.Queued && kind > 0:
			fact.Kind = message.Started
		case kind == 0:
			fact.Kind = message.Cancel
		case kind == 1:
			fact.Kind, fact.RetryAt = message.Deferred, noon.Add(time.Hour)
		case kind == 2:
			fact.Kind = message.Rejected
		default:
			fact.Kind, fact.ProviderID = message.Accepted, fmt.Sprint(c.name, "/", c.rng.IntN(5))
		}
		folded, err := c.store.Fold(1, o.ID, fact)
		if err != nil {
			t.Error(err)
			return
		}
		if !folded.Refused {
			c.told(acknowledged{outbound: o, state: folded.State})
		}
		r := message.Receipt{Channel: "whatsapp", ProviderID: fmt.Sprint(c.name, "/", c.rng.IntN(5)), Status: message.Delivered}
		if err := c.store.Report([]message.Receipt{r}, noon); err != nil {
			t.Error(err)
			return
		}
	}
}

// verify opens the store after each cut, and returns how many there were.
func (w *workload) verify(t *testing.T) int {
	next := make(chan cut)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for c := range next {
				if err := w.verifyCut(c); err != nil {
					t.Errorf("round %d, %d %% of what was unsynced, %d told: %v", w.seed, c.percent, c.ledger, err)
				}
			}
		})
	}
	for _, c := range w.cuts {
		next <- c
	}
	close(next)
	wg.Wait()
	return len(w.cuts)
}

func (w *workload) verifyCut(c cut) error {
	if c.ledger > 0 { // before that, there may be no store
		report, err := Check("data", c.files)
		if err != nil || slices.ContainsFunc(report.Findings, notASlot) {
			return fmt.Errorf("check: %+v, %w", report, err)
		}
	}
	s, err := tryDir(c.files, func(o *Options) { o.Now = noon.Std })
	if err != nil {
		return err
	}
	s.started.Store(true)
	err = errors.Join(w.verifyLedger(s, c), w.verifyEvents(s, c), verifyBacklog(s), s.Close())
	return err
}

// notASlot lets a slot of the superblock through that was being written.
func notASlot(f Finding) bool { return f.Kind != "superblock" || !isSlot(f.Key) }

// verifyLedger checks that nothing is lost that anybody was told.
func (w *workload) verifyLedger(s *Store, c cut) error {
	for _, a := range w.ledger[:c.ledger] {
		o, state, err := s.Message(1, a.outbound.ID)
		if err != nil {
			return fmt.Errorf("message %s: %w", a.outbound.ID, err)
		}
		if !reflect.DeepEqual(o, a.outbound) {
			return fmt.Errorf("message %s is %+v", a.outbound.ID, o)
		}
		if a.state != nil && !descends(state, a.state) {
			return fmt.Errorf("message %s is at %+v, was at %+v", a.outbound.ID, state, a.state)
		}
		if a.key.Key == "" {
			continue
		}
		got, err := s.Accept(a.outbound, a.key)
		if err != nil || !got.Replayed || got.ID != a.outbound.ID {
			return fmt.Errorf("replay of %s: %+v, %w", a.outbound.ID, got, err)
		}
	}
	return nil
}

// descends reports whether a message that was at old can have come to now.
func descends(now, old *message.State) bool {
	return len(now.Timeline) >= len(old.Timeline) && reflect.DeepEqual(now.Timeline[:len(old.Timeline)], old.Timeline)
}

// verifyEvents checks that the feed begins with all that was observed.
func (w *workload) verifyEvents(s *Store, c cut) error {
	feed, err := s.Events(1, 0, 1<<20)
	if err != nil {
		return err
	}
	if len(feed) < c.events || !slices.Equal(feed[:c.events], w.events[:c.events]) {
		return fmt.Errorf("feed has %d events and was to begin with %d", len(feed), c.events)
	}
	return nil
}

// verifyBacklog checks that the messages that wait are those in the backlog.
func verifyBacklog(s *Store) error {
	waiting := map[message.ID]message.Position{}
	for q := (message.Query{Limit: maxPage}); ; {
		page, err := s.List(1, q)
		if err != nil {
			return err
		}
		for _, f := range page.Messages {
			if f.State.Waiting != 0 {
				waiting[f.Outbound.ID] = f.State.Waiting
			}
		}
		if q.After = page.Next; q.After == 0 {
			break
		}
	}
	jobs := 0
	for _, lane := range s.Lanes() {
		var all []message.Job
		for shard := range s.Shards() {
			got, err := s.Backlog(lane, shard, 0, make([]message.Job, 0, 1000))
			if err != nil {
				return err
			}
			all = append(all, got...)
		}
		for _, j := range all {
			if waiting[j.ID] != j.Position {
				return fmt.Errorf("job of %s at %d, but it waits at %d", j.ID, j.Position, waiting[j.ID])
			}
		}
		if n := s.Pending(lane); n != int64(len(all)) {
			return fmt.Errorf("%s: %d pending, but %d in the backlog", lane, n, len(all))
		}
		jobs += len(all)
	}
	if jobs != len(waiting) {
		return fmt.Errorf("%d jobs for %d messages that wait", jobs, len(waiting))
	}
	return nil
}
