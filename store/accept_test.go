package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

func TestAcceptRefuses(t *testing.T) {
	s := onDir(t, vfs.NewMem())
	if _, err := s.Accept(testOutbound(), message.Idempotency{}); !errors.Is(err, ErrNotStarted) || !errors.Is(err, message.ErrUnavailable) {
		t.Fatalf("before Start: %v", err)
	}
	s.Start(Hooks{})
	tests := map[string]func(*message.Outbound){
		"no steps":       func(o *message.Outbound) { o.Steps = nil },
		"seven steps":    func(o *message.Outbound) { o.Steps = make([]message.Step, 7) },
		"no channel":     func(o *message.Outbound) { o.Steps[0].Channel = "" },
		"long channel":   func(o *message.Outbound) { o.Steps[0].Channel = strings.Repeat("x", maxChannelName+1) },
		"odd channel":    func(o *message.Outbound) { o.Steps[0].Channel = "s\x00ms" },
		"large":          func(o *message.Outbound) { o.Steps[0].Content = strings.Repeat("x", maxOutbound) },
		"odd second one": func(o *message.Outbound) { o.Steps = append(o.Steps, message.Step{}) },
	}
	for name, change := range tests {
		o := testOutbound()
		change(o)
		if _, err := s.Accept(o, message.Idempotency{}); err == nil || errors.Is(err, message.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.durable.accepted.Load() != 0 {
		t.Error("something was accepted")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Accept(testOutbound(), message.Idempotency{}); !errors.Is(err, message.ErrUnavailable) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := s.Fold(1, message.ID{}, message.Fact{Kind: message.Cancel}); err == nil {
		t.Error("fold after Close")
	}
}

// TestLanesAreBounded: callers can't make the store remember names for ever.
func TestLanesAreBounded(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	refused := 0
	for i := range maxLanes + 5 {
		o := testOutbound()
		o.Steps[0].Channel = fmt.Sprint("channel", i)
		if _, err := s.Accept(o, message.Idempotency{}); errors.Is(err, errChannel) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if refused != 5 || len(s.Lanes()) != maxLanes {
		t.Errorf("%d refused, %d lanes", refused, len(s.Lanes()))
	}
}

// TestFedInLogOrder is I1: jobs come in log order, after they are durable, and
// before their caller has its answer.
func TestFedInLogOrder(t *testing.T) {
	s := onDir(t, vfs.NewMem())
	var mu sync.Mutex
	var last message.Position
	fed := map[message.ID]bool{}
	s.Start(Hooks{Feed: func(_ message.Lane, _ int, j message.Job) {
		mu.Lock()
		defer mu.Unlock()
		if j.Position <= last {
			t.Errorf("job %d came after %d", j.Position, last)
		}
		if !s.durable.holds(j.Position) {
			t.Errorf("job %d is not durable", j.Position)
		}
		last, fed[j.ID] = j.Position, true
	}})
	var wg sync.WaitGroup
	for g := range 32 {
		wg.Go(func() {
			o := testOutbound()
			o.Steps[0].To = fmt.Sprint(g)
			for range 50 {
				id := mustAccept(t, s, o)
				mu.Lock()
				if !fed[id] {
					t.Errorf("%s was answered before it was fed", id)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if got := s.Pending(message.Lane{Channel: "whatsapp"}); got != 32*50 || len(fed) != 32*50 {
		t.Errorf("%d pending, %d fed", got, len(fed))
	}
}

// TestFullQueue: callers beyond one record wait for room, and none is lost.
func TestFullQueue(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	o := testOutbound()
	o.Steps[0].Content = strings.Repeat("x", 512<<10) // nine of them fill a record
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() { mustAccept(t, s, o) })
	}
	wg.Wait()
	if got := s.durable.accepted.Load(); got != 40 {
		t.Errorf("%d accepted", got)
	}
}

func TestShardsCantChange(t *testing.T) {
	s := onDir(t, vfs.NewMem(), func(o *Options) { o.Shards = 4 })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := tryDir(s.options.FS, func(o *Options) { o.Shards = 5 })
	if !errors.Is(err, ErrShards) {
		t.Errorf("open with other shards: %v", err)
	}
	s, err = tryDir(s.options.FS, func(o *Options) { o.Shards = 0 })
	if err != nil || s.Shards() != 4 {
		t.Fatalf("open without asking: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestLowWater(t *testing.T) {
	files := vfs.NewMem()
	files.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 3 << 30, TotalBytes: 100 << 30})
	s, e := started(t, files, func(o *Options) { o.LowWater = 0 })
	if _, err := s.Accept(testOutbound(), message.Idempotency{}); !errors.Is(err, ErrStorageLow) {
		t.Fatalf("at 3%% free: %v", err)
	}
	files.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 6 << 30, TotalBytes: 100 << 30})
	s.disk.look()
	id := mustAccept(t, s, testOutbound())
	files.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 30, TotalBytes: 100 << 30})
	s.disk.look()
	if _, err := s.Accept(testOutbound(), message.Idempotency{}); !errors.Is(err, ErrStorageLow) {
		t.Fatalf("at 1%% free: %v", err)
	}
	send(t, s, <-e.news, "p1") // outcomes go on
	if err := s.Report([]message.Receipt{{Channel: "whatsapp", ProviderID: "p1", Status: message.Read}}, noon); err != nil {
		t.Fatal(err)
	}
	if _, state, err := s.Message(1, id); err != nil || state.Status != message.Read {
		t.Fatalf("%v, %v", state, err)
	}
}

func TestStalled(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	l := s.listener()
	l.WriteStallBegin(struct{ Reason string }{"memtables"})
	if _, err := s.Accept(testOutbound(), message.Idempotency{}); !errors.Is(err, ErrStalled) || !s.Stalled() {
		t.Errorf("while stalled: %v", err)
	}
	l.WriteStallEnd()
	mustAccept(t, s, testOutbound())
}
