package actors

import "time"

// recipient is an address that a sender has a send in flight to, or must wait
// for. Addresses that are free have none.
//
// Invariant: if it is free and jobs are parked, one job of their most urgent
// class is resumed; so no job overtakes an earlier one of its own class.
type recipient struct {
	hash uint64
	busy bool
	// until is the end of the pause that the provider asked for.
	until  time.Duration
	parked [classes]list
	// resumed has come back to the front of its flow, and has the next turn
	// among its own class and those below.
	resumed ref
}

// free reports whether a send may start, as far as the recipient goes.
func (r *recipient) free(now time.Duration) bool { return !r.busy && now >= r.until }

// waiting returns the most urgent class that has parked jobs.
func (r *recipient) waiting() (class int, ok bool) {
	for c := range r.parked {
		if r.parked[c].n > 0 {
			return c, true
		}
	}
	return 0, false
}

// maxPaused bounds the recipients of one queue that are paused at once; those
// beyond it find out from the provider.
const maxPaused = 4096

// bars reports whether the job in slot i must wait for its recipient.
func (s *shard) bars(r *recipient, i ref, now time.Duration) bool {
	if r == nil || r.resumed == i {
		return r != nil && !r.free(now)
	}
	return !r.free(now) || (r.resumed != 0 && s.class(r.resumed) <= s.class(i))
}

func (s *shard) class(i ref) int { return s.at(i).flow.key.class }

// park takes a ready job aside until its recipient is free.
func (s *shard) park(r *recipient, i ref) {
	t := s.at(i)
	s.unready(i)
	t.state = parked
	at := &r.parked[t.flow.key.class]
	if r.resumed == i {
		r.resumed = 0
		s.pushFront(at, i)
		return
	}
	s.pushBack(at, i)
}

// occupy marks the recipient of slot i as having a send in flight.
func (s *shard) occupy(q *queue, r *recipient, i ref) {
	if r == nil {
		hash := s.at(i).job.Recipient
		r = reuse(&q.spareRecipients)
		r.hash = hash
		q.recipients[hash] = r
	}
	if r.busy {
		panic("BUG: two sends in flight to one recipient")
	}
	if r.resumed == i {
		r.resumed = 0
	}
	r.busy = true
}

// resume gives the next parked job its turn, if the recipient is free, and
// forgets a recipient that nothing waits for.
func (s *shard) resume(q *queue, r *recipient, now time.Duration) {
	if !r.free(now) {
		return
	}
	class, waiting := r.waiting()
	if r.resumed != 0 {
		if !waiting || class >= s.class(r.resumed) {
			return
		}
		s.park(r, r.resumed)
	}
	if !waiting {
		delete(q.recipients, r.hash)
		spare(&q.spareRecipients, r)
		return
	}
	i := r.parked[class].head
	r.resumed = i
	s.remove(i)
	s.makeReady(i, s.pushFront)
}

// pause holds the recipient back, if there is room to remember it.
func (s *shard) pause(q *queue, r *recipient, until time.Duration) {
	if len(q.recipients) >= maxPaused {
		return
	}
	r.until = until
	s.pauses.add(int64(until), pausedRecipient{q, r.hash})
}

// pausedRecipient is whose pause an alarm ends.
type pausedRecipient struct {
	queue *queue
	hash  uint64
}

// unpause lets the recipients go on whose pause is over.
func (s *shard) unpause(now time.Duration) {
	for {
		p, ok := s.pauses.due(int64(now))
		if !ok {
			return
		}
		if r := p.queue.recipients[p.hash]; r != nil {
			s.resume(p.queue, r, now)
		}
	}
}
