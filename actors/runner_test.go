package actors

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// worker is an adapter with work of its own.
type worker struct {
	stub
	work func(ctx context.Context)
}

// Run implements channel.Runner.
func (w worker) Run(ctx context.Context) { w.work(ctx) }

// reports collects receipts.
type reports struct {
	mu  sync.Mutex
	got []message.Receipt
	at  message.Time
}

func (r *reports) Report(rs []message.Receipt, at message.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got, r.at = append(r.got, rs...), at
	return nil
}

// TestRunnerOutlivesTheLastSend: an adapter's own work goes on until no send
// needs it any more, and Run waits for its end.
func TestRunnerOutlivesTheLastSend(t *testing.T) {
	var running atomic.Bool
	a := worker{
		stub: func(context.Context, *channel.Request) (channel.Acceptance, error) {
			time.Sleep(3 * time.Second)
			if !running.Load() {
				t.Error("the work has ended before the send")
			}
			return channel.Acceptance{ProviderID: "id"}, nil
		},
		work: func(ctx context.Context) {
			running.Store(true)
			<-ctx.Done()
			time.Sleep(time.Second)
			running.Store(false)
		},
	}
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{spec("sms", a)}})
		id := h.accept(text("a", "sms"))
		time.Sleep(time.Second)
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
		wantStatuses(t, h.memory, id, message.Sent)
		if running.Load() {
			t.Error("Run has ended before the work")
		}
	})
}

// TestRunnerIsStartedAgain: a panic of the work is told, and the work begun
// again.
func TestRunnerIsStartedAgain(t *testing.T) {
	var begun, told atomic.Int32
	a := worker{stub: accepting, work: func(ctx context.Context) {
		if begun.Add(1) < 3 {
			panic("foreign bytes")
		}
		<-ctx.Done()
	}}
	synctest.Test(t, func(t *testing.T) {
		listener := Listener{OnQuarantine: func(message.Lane, string, Panic) { told.Add(1) }}
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{spec("sms", a)}, Listener: listener})
		time.Sleep(time.Minute)
		synctest.Wait()
		if begun.Load() != told.Load()+2 || told.Load() != 2 { // live and test work on
			t.Errorf("begun %d times, %d panics told", begun.Load(), told.Load())
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestReportNamesTheLane: what an adapter reports is of its own lane, whatever
// it says.
func TestReportNamesTheLane(t *testing.T) {
	r := &reports{}
	s := spec("sms", nil)
	s.New = func(o channel.Sender) (channel.Adapter, error) {
		return worker{stub: accepting, work: func(ctx context.Context) {
			if err := o.Report([]message.Receipt{{Channel: "viber", Test: true, ProviderID: "id", Status: message.Delivered}}); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
		}}, nil
	}
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{s}, Reports: r})
		synctest.Wait()
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
	lanes := map[message.Lane]int{}
	for _, receipt := range r.got {
		lanes[message.Lane{Channel: receipt.Channel, Test: receipt.Test}]++
	}
	if len(r.got) == 0 || lanes[message.Lane{Channel: "sms"}] != 1 || len(lanes) != len(r.got) || lanes[message.Lane{Channel: "viber"}] != 0 || r.at == 0 {
		t.Errorf("reported %+v at %d", r.got, r.at)
	}
}

func TestReportWithoutALog(t *testing.T) {
	s := &System{}
	if err := s.reporter(message.Lane{})(nil); err == nil {
		t.Error("receipts that go nowhere are taken")
	}
}
