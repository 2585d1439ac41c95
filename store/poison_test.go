package store

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"messagehub/store/message"
)

// onLog reports whether the operation is one of the kinds, on the engine's log.
func onLog(op errorfs.Op, kinds ...errorfs.OpKind) bool {
	return strings.HasSuffix(op.Path, ".log") && slices.Contains(kinds, op.Kind)
}

var syncs = []errorfs.OpKind{errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo}

// poisoned runs callers against a store until the disk fails for the kinds of
// operation on its log, heals the disk, and returns what was acknowledged.
func poisoned(t *testing.T, files *vfs.MemFS, kinds []errorfs.OpKind) (acked []message.ID, e *ear) {
	t.Helper()
	var broken atomic.Bool
	fs := errorfs.Wrap(files, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() && onLog(op, kinds...) {
			return syscall.EIO
		}
		return nil
	}))
	var poisons atomic.Int32
	s, e := started(t, fs, func(o *Options) { o.OnPoison = func(error) { poisons.Add(1) } })
	var mu sync.Mutex
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			for {
				o := testOutbound()
				accept := func(o *message.Outbound) (message.Acceptance, error) { return s.Accept(o, message.Idempotency{}) }
				if g%2 == 0 {
					accept = func(o *message.Outbound) (message.Acceptance, error) { return submit(t, s, o, message.Idempotency{}) }
				}
				got, err := accept(o)
				if err != nil {
					if !errors.Is(err, ErrPoisoned) || !errors.Is(err, message.ErrUnavailable) {
						t.Errorf("caller %d: %v", g, err)
					}
					return
				}
				mu.Lock()
				if acked = append(acked, got.ID); len(acked) == 500 {
					broken.Store(true)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	broken.Store(false) // the disk's recovery must not matter
	if _, err := s.Accept(testOutbound(), message.Idempotency{}); !errors.Is(err, ErrPoisoned) {
		t.Errorf("accept after the disk has healed: %v", err)
	}
	if _, err := s.Fold(1, acked[0], message.Fact{Kind: message.Cancel, At: noon}); !errors.Is(err, ErrPoisoned) {
		t.Errorf("fold: %v", err)
	}
	if err := s.Report([]message.Receipt{{Channel: "whatsapp", ProviderID: "x", Status: message.Read}}, noon); !errors.Is(err, ErrPoisoned) {
		t.Errorf("report: %v", err)
	}
	if err := s.Healthy(); !errors.Is(err, ErrPoisoned) || !errors.Is(err, syscall.EIO) {
		t.Errorf("healthy: %v", err)
	}
	if err := s.Close(); !errors.Is(err, ErrPoisoned) {
		t.Errorf("close: %v", err)
	}
	if poisons.Load() != 1 {
		t.Errorf("OnPoison was called %d times", poisons.Load())
	}
	return acked, e
}

// TestDiskErrorPoisons: after the first error on the log nothing more is
// acknowledged, and what was is on disk, as is what was fed.
func TestDiskErrorPoisons(t *testing.T) {
	for name, kinds := range map[string][]errorfs.OpKind{
		"sync":  syncs,
		"write": {errorfs.OpFileWrite},
	} {
		t.Run(name, func(t *testing.T) {
			files := vfs.NewCrashableMem()
			acked, e := poisoned(t, files, kinds)
			after := onDir(t, files.CrashClone(vfs.CrashCloneCfg{}))
			for _, id := range acked {
				if _, _, err := after.Message(1, id); err != nil {
					t.Fatalf("acknowledged message %s: %v", id, err)
				}
			}
			for _, j := range e.jobs {
				if _, _, err := after.Message(1, j.ID); err != nil {
					t.Fatalf("fed message %s: %v", j.ID, err)
				}
			}
		})
	}
}

// held is a disk whose syncs of the log wait until they are let go.
type held struct {
	fs    vfs.FS
	hold  atomic.Bool
	begun chan struct{} // a sync has come
	free  chan struct{} // closed to let all go
}

func newHeld(files vfs.FS) *held {
	h := &held{begun: make(chan struct{}, 64), free: make(chan struct{})}
	h.fs = errorfs.Wrap(files, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if h.hold.Load() && onLog(op, syncs...) {
			h.begun <- struct{}{}
			<-h.free
		}
		return nil
	}))
	return h
}

// TestNothingBeforeSync is I4: while the sync goes on, nobody is answered,
// nothing is fed, and no reader sees anything.
func TestNothingBeforeSync(t *testing.T) {
	h := newHeld(vfs.NewMem())
	s, e := started(t, h.fs)
	first := mustAccept(t, s, testOutbound())
	jobs, events := e.counts()
	h.hold.Store(true)
	answered := make(chan message.ID, 1)
	go func() { answered <- mustAccept(t, s, testOutbound()) }()
	<-h.begun

	if n, m := e.counts(); n != jobs || m != events || len(answered) != 0 {
		t.Errorf("%d jobs and %d events were told, %d answers given", n-jobs, m-events, len(answered))
	}
	if feed, err := s.Events(1, 0, 10); err != nil || len(feed) != 1 {
		t.Errorf("events: %v, %v", feed, err)
	}
	lane := message.Lane{Channel: "whatsapp"}
	shard := message.ShardOf(message.RecipientHash(testOutbound().Steps[0].To), s.Shards())
	if backlog, err := s.Backlog(lane, shard, 0, make([]message.Job, 0, 10)); err != nil || len(backlog) != 1 {
		t.Errorf("backlog: %v, %v", backlog, err)
	}
	if page, err := s.List(1, message.Query{}); err != nil || len(page.Messages) != 1 || page.Messages[0].Outbound.ID != first {
		t.Errorf("list: %+v, %v", page, err)
	}

	close(h.free)
	id := <-answered
	if _, _, err := s.Message(1, id); err != nil {
		t.Error(err)
	}
	if n, _ := e.counts(); n != jobs+1 {
		t.Errorf("%d jobs were fed", n-jobs)
	}
}

// TestReadWaitsForSync: a state that is not durable yet is not shown.
func TestReadWaitsForSync(t *testing.T) {
	h := newHeld(vfs.NewMem())
	s, _ := started(t, h.fs)
	id := mustAccept(t, s, testOutbound())
	before := s.durable.sequence.Load()
	h.hold.Store(true)
	folded := make(chan error, 1)
	go func() {
		_, err := s.Fold(1, id, message.Fact{Kind: message.Cancel, At: noon})
		folded <- err
	}()
	<-h.begun
	read := make(chan *message.State, 1)
	go func() {
		_, state, err := s.Message(1, id)
		if err != nil {
			t.Error(err)
		}
		if s.durable.sequence.Load() == before {
			t.Error("read before the fold was durable")
		}
		read <- state
	}()
	for !s.busy() { // until the read waits, behind the fold
		runtime.Gosched()
	}
	close(h.free)
	if got := <-read; got == nil || got.Status != message.Canceled {
		t.Errorf("read %+v", got)
	}
	if err := <-folded; err != nil {
		t.Error(err)
	}
}

// busy reports whether an operation waits behind the record that syncs.
func (s *Store) busy() bool {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	return len(s.queue.filling.entries) > 0
}

// TestStuckEngineFreesCallers: callers in flight get their answer even if the
// engine never comes back.
func TestStuckEngineFreesCallers(t *testing.T) {
	h := newHeld(vfs.NewMem())
	s, _ := started(t, h.fs, func(o *Options) { o.StallLimit = 1 })
	h.hold.Store(true)
	answers := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := s.Accept(testOutbound(), message.Idempotency{})
			answers <- err
		}()
	}
	<-h.begun
	s.diskSlow(vfs.DiskSlowInfo{Duration: s.options.StallLimit})
	for range 3 {
		if err := <-answers; !errors.Is(err, ErrPoisoned) {
			t.Errorf("answer: %v", err)
		}
	}
	if err := s.Close(); !errors.Is(err, ErrPoisoned) {
		t.Errorf("close: %v", err)
	}
	close(h.free)
}

// TestEngineEventsPoison: corruption that the engine finds, and whatever it
// calls fatal, stop the store.
func TestEngineEventsPoison(t *testing.T) {
	for name, event := range map[string]func(*Store){
		"corruption": func(s *Store) {
			s.listener().DataCorruption(pebble.DataCorruptionInfo{Path: "000004.sst", Details: errors.New("bad checksum")})
		},
		"fatal": func(s *Store) { go engineLogger{s}.Fatalf("MANIFEST sync failed: %v", syscall.EIO) },
	} {
		t.Run(name, func(t *testing.T) {
			told := make(chan error, 1)
			s, _ := started(t, vfs.NewMem(), func(o *Options) { o.OnPoison = func(err error) { told <- err } })
			event(s)
			if err := <-told; err == nil {
				t.Error("OnPoison was told no reason")
			}
			if _, err := s.Accept(testOutbound(), message.Idempotency{}); !errors.Is(err, ErrPoisoned) {
				t.Errorf("accept: %v", err)
			}
		})
	}
}
