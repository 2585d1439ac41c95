package actors

import (
	"fmt"
	"sync"

	"messagehub/store/message"
)

// mailbox is a bounded ring between the log's feed and one actor. A full
// mailbox is no error: every job in it is in the log already. It refuses from
// then on, the shard is behind, and the actor reads the log on from the
// cursor.
//
// Invariant I1: only the log's feed offers, after commit, in log order.
// Invariant I2: while behind, the mailbox refuses; behind is cleared under the
// lock, when the cursor equals the last position offered. Clearing it as soon
// as the cursor is not smaller would be wrong: a job read ahead of its offer
// would be offered again, and come twice.
//
// It is behind from the start, with cursor 0: what an earlier process left in
// the log is found by the same path.
type mailbox struct {
	// handed is the last position given to the actor, who alone uses it.
	// Invariant: it only grows, so no job is ever given twice.
	handed message.Position

	mu struct {
		sync.Mutex
		ring    []message.Job
		head, n int
		// first and offered are the first and the last position offered.
		first, offered message.Position
		// cursor: every job up to it has been taken into the ring or read.
		cursor message.Position
		behind bool
		// more: the log may hold jobs after cursor that were never offered.
		more bool
	}
}

func newMailbox(capacity int) *mailbox {
	m := &mailbox{}
	m.mu.ring = make([]message.Job, capacity)
	m.mu.behind, m.mu.more = true, true
	return m
}

// offer takes the job, or leaves it in the log. It never blocks.
func (m *mailbox) offer(job message.Job) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mu := &m.mu
	if job.Position <= mu.offered {
		panic(fmt.Sprintf("BUG: job %d offered after %d", job.Position, mu.offered))
	}
	if mu.first == 0 {
		mu.first = job.Position
	}
	mu.offered = job.Position
	switch {
	case mu.behind:
		m.catchUpLocked() // the job may be the one that was read ahead
	case mu.n == len(mu.ring):
		mu.behind = true
	default:
		mu.ring[(mu.head+mu.n)%len(mu.ring)] = job
		mu.n++
		mu.cursor = job.Position
	}
}

// take appends jobs from the ring to dst, as many as there is capacity for.
func (m *mailbox) take(dst []message.Job) []message.Job {
	m.mu.Lock()
	defer m.mu.Unlock()
	mu := &m.mu
	for mu.n > 0 && len(dst) < cap(dst) {
		job := &mu.ring[mu.head]
		m.hand(job.Position)
		dst = append(dst, *job)
		*job = message.Job{}
		mu.head = (mu.head + 1) % len(mu.ring)
		mu.n--
	}
	return dst
}

// reading is a read of the log that the mailbox asked for.
type reading struct {
	after message.Position
	// offered is the last position offered before the read began: a read that
	// finds the end of the log has covered it, even if its job is gone.
	offered message.Position
}

// beginRead tells where to read the log on from, if there is anything to
// read. The ring must be empty: its jobs come first.
func (m *mailbox) beginRead() (reading, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mu := &m.mu
	if !mu.behind || mu.n > 0 || (!mu.more && mu.cursor >= mu.offered) {
		return reading{}, false
	}
	return reading{mu.cursor, mu.offered}, true
}

// endRead reports what a read found, and whether it came to the log's end.
func (m *mailbox) endRead(r reading, jobs []message.Job, end bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mu := &m.mu
	for i := range jobs {
		m.hand(jobs[i].Position)
		mu.cursor = jobs[i].Position
	}
	if end {
		mu.cursor = max(mu.cursor, r.offered)
	}
	mu.more = !end
	m.catchUpLocked()
}

// catchUpLocked clears behind if nothing lies between log and mailbox. It does
// not while a read is under way: that has begun because of more, or because
// the cursor was smaller than the last position offered.
func (m *mailbox) catchUpLocked() {
	mu := &m.mu
	if mu.behind && !mu.more && mu.cursor == mu.offered {
		if mu.n != 0 {
			panic("BUG: the mailbox caught up past its own ring")
		}
		mu.behind = false
	}
}

// hand asserts that no job is given twice, nor out of order.
func (m *mailbox) hand(p message.Position) {
	if p <= m.handed {
		panic(fmt.Sprintf("BUG: job %d handed out after %d", p, m.handed))
	}
	m.handed = p
}

// inherited reports whether the job at p may come from an earlier process:
// whatever this one committed is offered, in log order.
func (m *mailbox) inherited(p message.Position) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mu.first == 0 || p < m.mu.first
}

// isBehind reports whether the log may hold jobs that the actor has yet to
// read.
func (m *mailbox) isBehind() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mu.behind && (m.mu.more || m.mu.cursor < m.mu.offered)
}
