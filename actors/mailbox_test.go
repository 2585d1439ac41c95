package actors

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"messagehub/store/message"
)

// mailboxLog is a log for one mailbox: positions become visible when they are
// committed, are offered later, and may be gone by then.
type mailboxLog struct {
	mu      sync.Mutex
	pending []message.Position
}

func (l *mailboxLog) commit(ps ...message.Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, ps...)
}

func (l *mailboxLog) remove(p message.Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = slices.DeleteFunc(l.pending, func(q message.Position) bool { return q == p })
}

func (l *mailboxLog) read(after message.Position, dst []message.Job) []message.Job {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pending {
		if p > after && len(dst) < cap(dst) {
			dst = append(dst, message.Job{Position: p})
		}
	}
	return dst
}

// drainMailbox takes everything that can be taken now; pause is called between
// the parts of a read.
func drainMailbox(m *mailbox, l *mailboxLog, size int, got []message.Position, pause func()) []message.Position {
	for {
		jobs := m.take(make([]message.Job, 0, size))
		if len(jobs) == 0 {
			r, ok := m.beginRead()
			if !ok {
				return got
			}
			pause()
			jobs = l.read(r.after, make([]message.Job, 0, size))
			pause()
			m.endRead(r, jobs, len(jobs) < size)
		}
		for _, job := range jobs {
			got = append(got, job.Position)
		}
	}
}

// TestMailboxHandsOutEveryJobOnceInOrder is invariants I1 and I2 over random
// schedules of commits, offers, removals, takes and reads, in one goroutine
// that interleaves them at every point.
func TestMailboxHandsOutEveryJobOnceInOrder(t *testing.T) {
	for seed := range uint64(5000) {
		if err := playMailbox(rand.New(rand.NewPCG(seed, 1))); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func playMailbox(rng *rand.Rand) error {
	m, l := newMailbox(1+rng.IntN(4)), &mailboxLog{}
	left, total := message.Position(rng.IntN(5)), message.Position(5+rng.IntN(40))
	for p := message.Position(1); p <= left; p++ {
		l.commit(p) // of an earlier process: never offered
	}
	removed := map[message.Position]bool{}
	committed, offered := left, left
	feed := func() {
		switch rng.IntN(4) {
		case 0, 1:
			if committed < total {
				committed++
				l.commit(committed)
			}
		case 2:
			if offered < committed {
				offered++
				m.offer(message.Job{Position: offered})
			}
		case 3:
			if p := 1 + message.Position(rng.IntN(int(total))); p <= committed && p > m.handed && rng.IntN(4) == 0 {
				removed[p] = true
				l.remove(p)
			}
		}
	}
	var got []message.Position
	for offered < total {
		feed()
		if rng.IntN(3) == 0 {
			got = drainMailbox(m, l, 1+rng.IntN(3), got, feed)
		}
	}
	got = drainMailbox(m, l, 2, got, func() {})
	return checkHandedOut(m, got, total, removed)
}

// checkHandedOut wants all positions in got, but those removed, which may be
// missing.
func checkHandedOut(m *mailbox, got []message.Position, total message.Position, removed map[message.Position]bool) error {
	if !slices.IsSorted(got) {
		return fmt.Errorf("out of order: %v", got)
	}
	for i := 1; i < len(got); i++ {
		if got[i] == got[i-1] {
			return fmt.Errorf("job %d came twice", got[i])
		}
	}
	for p := message.Position(1); p <= total; p++ {
		if _, found := slices.BinarySearch(got, p); !found && !removed[p] {
			return fmt.Errorf("job %d of %d is lost: %v", p, total, got)
		}
	}
	if m.isBehind() {
		return fmt.Errorf("still behind with everything read: cursor %d, offered %d", m.mu.cursor, m.mu.offered)
	}
	return nil
}

// TestMailboxUnderRace is the same with a committer and an actor of their own.
func TestMailboxUnderRace(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		m, l := newMailbox(1+rng.IntN(64)), &mailboxLog{}
		const total = 2000
		offers := make(chan message.Position, 1+rng.IntN(32))
		go func() {
			rng := rand.New(rand.NewPCG(seed, 3))
			defer close(offers)
			for p := message.Position(1); p <= total; {
				batch := min(total-p+1, 1+message.Position(rng.IntN(20)))
				for range batch {
					l.commit(p)
					p++
				}
				for q := p - batch; q < p; q++ {
					offers <- q
				}
			}
		}()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for p := range offers {
				m.offer(message.Job{Position: p})
			}
		}()
		var got []message.Position
		for len(got) < total {
			got = drainMailbox(m, l, 1+rng.IntN(32), got, func() {})
		}
		<-done
		got = drainMailbox(m, l, 1, got, func() {})
		if err := checkHandedOut(m, got, total, nil); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func TestMailboxRefusesWhileBehind(t *testing.T) {
	m := newMailbox(2)
	r, _ := m.beginRead()
	m.endRead(r, nil, true)
	for p := message.Position(1); p <= 3; p++ {
		m.offer(message.Job{Position: p})
	}
	if got := m.take(make([]message.Job, 0, 8)); len(got) != 2 || !m.isBehind() {
		t.Fatalf("took %d, behind %v", len(got), m.isBehind())
	}
	m.offer(message.Job{Position: 4})
	if got := m.take(make([]message.Job, 0, 8)); len(got) != 0 {
		t.Fatalf("took %d jobs while behind", len(got))
	}
}

func TestMailboxTellsInheritedJobs(t *testing.T) {
	m := newMailbox(2)
	if !m.inherited(7) {
		t.Error("before the first offer every job may be inherited")
	}
	m.offer(message.Job{Position: 5})
	m.offer(message.Job{Position: 9})
	if !m.inherited(4) || m.inherited(5) || m.inherited(6) {
		t.Error("a job is inherited if it is older than the first one offered")
	}
}

func TestMailboxAssertsLogOrder(t *testing.T) {
	m := newMailbox(2)
	m.offer(message.Job{Position: 5})
	defer func() {
		if recover() == nil {
			t.Error("an offer out of log order was taken")
		}
	}()
	m.offer(message.Job{Position: 5})
}
