package store

import (
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message"
)

// told is a completion that somebody waits for.
type told chan completion

func (c told) Complete(a message.Acceptance, err error) { c <- completion{acceptance: a, err: err} }

// submit submits o and waits for its completion. What was foretold must be what
// has come, unless that was accepted before.
func submit(t interface{ Errorf(string, ...any) }, s *Store, o *message.Outbound, key message.Idempotency) (message.Acceptance, error) {
	c := make(told, 1)
	a, err := s.Submit(o, key, c)
	if err != nil {
		return a, err
	}
	done := <-c
	if done.err == nil && !done.acceptance.Replayed && done.acceptance != a {
		t.Errorf("foretold %+v, came %+v", a, done.acceptance)
	}
	return done.acceptance, done.err
}

// The id that Submit gives before anything is written is the one that the
// message has, whatever else goes into the log meanwhile.
func TestSubmitKnowsTheIDBeforeItIsWritten(t *testing.T) {
	s, e := started(t, vfs.NewMem())
	defer s.Close()
	const each = 200
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids := map[message.ID]bool{}
	note := func(a message.Acceptance, err error) {
		if err != nil || a.Status != message.Queued {
			t.Errorf("%+v, %v", a, err)
		}
		if _, state, err := s.Message(1, a.ID); err != nil || state.Status != message.Queued {
			t.Errorf("message of %s: %v", a.ID, err)
		}
		mu.Lock()
		defer mu.Unlock()
		if ids[a.ID] {
			t.Errorf("id %s was given twice", a.ID)
		}
		ids[a.ID] = true
	}
	for range 8 {
		wg.Go(func() {
			for range each {
				note(submit(t, s, testOutbound(), message.Idempotency{}))
			}
		})
		wg.Go(func() {
			for i := range each {
				if i%20 > 0 {
					note(s.Accept(testOutbound(), message.Idempotency{}))
					continue
				}
				b := s.NewBatch(1, false, noon, uint64(i))
				for range 30 {
					if err := b.Add(testOutbound(), false); err != nil {
						t.Error(err)
					}
				}
				if _, err := b.Commit(message.Idempotency{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if jobs, _ := e.counts(); jobs != 8*(each+each/20*19+each/20*30) {
		t.Errorf("%d jobs were fed", jobs)
	}
	again, _ := s.Submit(testOutbound(), message.Idempotency{}, make(told, 1))
	if err := s.Close(); err != nil { // what is queued is committed
		t.Fatal(err)
	}
	if again.ID.IsZero() {
		t.Error("no id")
	}
}

func TestSubmitSchedules(t *testing.T) {
	s, _ := started(t, vfs.NewMem())
	defer s.Close()
	o := testOutbound()
	o.ScheduledAt = o.CreatedAt.Add(3_600_000)
	a, err := submit(t, s, o, message.Idempotency{})
	if err != nil || a.Status != message.Scheduled {
		t.Fatalf("%+v, %v", a, err)
	}
	if _, state, err := s.Message(1, a.ID); err != nil || state.Status != message.Scheduled {
		t.Errorf("%v", err)
	}
}

// Each completion is told once, and those of more than one pile too.
func TestPiles(t *testing.T) {
	var all piles
	const n = 3*pileSize + 1
	c := make(told, n)
	var p *pile
	for range n {
		p = all.add(p, completion{told: c})
	}
	all.tell(p)
	all.tell(nil)
	for range n {
		<-c
	}
	if len(c) > 0 {
		t.Error("told twice")
	}
}
