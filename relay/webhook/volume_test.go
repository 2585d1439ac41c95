package webhook

import (
	"errors"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/store/message"
)

// A day's events wait for a consumer that is down, a million of them with
// MESSAGEHUB_WEBHOOK_EVENTS=1000000, and then reach it, the oldest first. Memory
// is what it was, however many wait.
func TestMillionsWaitForAConsumer(t *testing.T) {
	events := 20_000
	if n, err := strconv.Atoi(os.Getenv("MESSAGEHUB_WEBHOOK_EVENTS")); err == nil {
		events = n
	}
	synctest.Test(t, func(t *testing.T) {
		s, net := &river{memStore: newMemStore()}, &forgetful{}
		o := openOfficeWith(t, s.memStore, nil, func(o *Options) {
			o.Feed, o.Outboxes, o.Transport, o.Observe = s, s, net, func(Attempt) {}
		})
		defer o.close()
		synctest.Wait()
		e := o.endpoint("dead.example")
		const beats = 1000
		before, most := heap(), uint64(0)
		for i := range beats {
			s.grow(o.Deliverer, events*(i+1)/beats)
			time.Sleep(24 * time.Hour / beats)
			if i%100 == 0 {
				most = max(most, heap())
			}
		}
		if s.seen.total() > 0 || net.tried.Load() > 24*4*2+40 {
			t.Errorf("%d taken by a dead endpoint, which was tried %d times", s.seen.total(), net.tried.Load())
		}
		net.alive.Store(true)
		back := time.Now()
		for s.seen.total() < events {
			if time.Sleep(10 * time.Second); time.Since(back) > 7*24*time.Hour {
				t.Fatalf("%d of %d after a week", s.seen.total(), events)
			}
			if s.seen.total() < events/2 {
				most = max(most, heap())
			}
		}
		took := time.Since(back)
		synctest.Wait()
		if most > before+8<<20 {
			t.Errorf("%d KiB in use, %d with %d events waiting", before>>10, most>>10, events)
		}
		if s.seen.ahead > pageSize+maxWindow {
			t.Errorf("an event came %d places before an older one", s.seen.ahead)
		}
		if got, err := o.Get(someone(), e.ID); err != nil || got.Disabled != message.NotDisabled {
			t.Errorf("%+v, %v", got, err)
		}
		t.Logf("%d events waited for a day; %d KiB in use before, %d at the most; taken within %s at 20 ms each", events, before>>10, most>>10, took)
	})
}

// heap is what is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// river is a feed whose events are made when they are read, and a log of
// deliveries that keeps none: what a test measures is the Deliverer's.
type river struct {
	*memStore
	length atomic.Uint64
	seen   seenEvents
}

func (r *river) grow(d *Deliverer, events int) {
	if events = max(events, 1); r.length.Swap(uint64(events)) < uint64(events) {
		e := r.event(uint64(events))
		d.Tell(&e)
	}
}

func (r *river) event(sequence uint64) message.Event {
	at, now := message.At(sequence, 0), message.TimeOf(time.Now())
	return message.Event{
		Workspace: 1, Channel: "sms", Status: message.Sent, CreatedAt: now, Position: at, Message: message.NewID(at, 7),
		Entry: message.Entry{At: now, ReceivedAt: now, Type: message.MessageSent},
	}
}

func (r *river) Events(_ message.WorkspaceID, after message.Position, limit int) (page []message.Event, err error) {
	for n := after.Sequence() + 1; n <= r.length.Load() && len(page) < limit; n++ {
		page = append(page, r.event(n))
	}
	return page, nil
}

func (r *river) Event(_ message.WorkspaceID, name message.EventName) (message.Event, error) {
	return r.event(name.Position.Sequence()), nil
}

func (r *river) Settle(ws message.WorkspaceID, id message.ID, what *message.Settlement) error {
	for i := range what.Log {
		r.seen.settled(&what.Log[i])
	}
	kept := *what
	kept.Log = nil
	return r.memStore.Settle(ws, id, &kept)
}

// forgetful is a consumer that remembers nothing. It is down until it is alive.
type forgetful struct {
	tried atomic.Int64
	alive atomic.Bool
}

// RoundTrip implements [http.RoundTripper].
func (f *forgetful) RoundTrip(*http.Request) (*http.Response, error) {
	f.tried.Add(1)
	if !f.alive.Load() {
		return nil, errors.New("connection refused")
	}
	time.Sleep(20 * time.Millisecond)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

// seenEvents is what a consumer has taken.
type seenEvents struct {
	mu    sync.Mutex
	count int
	// taken are the positions behind the oldest one that is missing.
	taken  map[uint64]bool
	oldest uint64
	ahead  int // the most that one was before an older one
}

func (s *seenEvents) total() int { s.mu.Lock(); defer s.mu.Unlock(); return s.count }

// settled notes a delivery.
func (s *seenEvents) settled(d *message.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.Outcome != message.DeliveryDone {
		return
	}
	if s.taken == nil {
		s.taken, s.oldest = map[uint64]bool{}, 1
	}
	n := d.Event.Position.Sequence()
	if n < s.oldest || s.taken[n] {
		return
	}
	s.taken[n] = true
	s.count++
	s.ahead = max(s.ahead, int(n-s.oldest))
	for ; s.taken[s.oldest]; s.oldest++ {
		delete(s.taken, s.oldest)
	}
}
