package actors

import (
	"time"

	"messagehub/store/message"
)

// standing is whether messages may count on a sender.
type standing uint8

const (
	up      standing = iota
	down             // paused, or its provider does not work: others may take over
	stopped          // its provider refuses it: what can move on does
)

// standing says how the sender of the gate stands. One whose breaker may let a
// probe pass is up: the probe needs a message.
func (g *gate) standing(now time.Duration) standing {
	switch {
	case g.paused:
		return down
	case g.breaker.state != BreakerOpen || now >= g.breaker.until:
		return up
	case g.breaker.refused:
		return stopped
	}
	return down
}

// isUp is the shard's view of a sender.
func (s *shard) isUp(sender int) bool { return s.stands[sender] == up }

// stand takes in how a sender stands now.
func (s *shard) stand(now moment, sender int, st standing) {
	was := s.stands[sender]
	s.stands[sender] = st
	if (was == up) != (st == up) && s.choice.contested(sender) {
		s.reread(now)
	}
	if st == stopped && was != stopped {
		s.divert(now, s.queues[sender])
	}
}

// choose puts another choice in force.
func (s *shard) choose(now moment, c *choice) {
	s.choice = c
	for i := len(s.queues); i < len(c.names); i++ {
		s.queues, s.stands = append(s.queues, newQueue(i)), append(s.stands, up)
	}
	s.reread(now)
}

// divert takes what waits for a sender that its provider refuses, and has a
// further step, out of the lane.
func (s *shard) divert(now moment, q *queue) {
	for i := range s.slots {
		if t := &s.slots[i]; t.queue == q && t.waits() && t.job.Onward {
			t.diverted = true
			s.lapse(now, ref(i))
		}
	}
}

// reread forgets what waits, and leaves it to a sweep of the log to take it up
// again, in log order: each job goes to the sender that the choice names now.
// What is under way stays, and is remembered so that the sweep passes it by.
//
// It costs a look at the window and a sweep, and comes only when a sender
// comes, goes, fails or recovers.
func (s *shard) reread(now moment) {
	first := make(map[flowKey]message.Position)
	note := func(key flowKey, p message.Position) {
		if q, ok := first[key]; !ok || p < q {
			first[key] = p
		}
	}
	for i := range s.slots {
		switch t := &s.slots[i]; {
		case t.waits():
			note(t.flow.key, t.job.Position)
			s.abandon(ref(i))
		case t.state != free:
			s.away[t.job.Position] = true
		}
	}
	s.deadlines = alarms[deadline]{heap: s.deadlines.heap[:0]}
	for _, q := range s.queues {
		for _, f := range q.flows {
			if f.lag.behind {
				note(f.key, f.lag.from)
			}
		}
		for _, r := range q.recipients {
			r.resumed = 0
			s.resume(q, r, now.mono)
		}
	}
	s.fallBehind(first)
}

// fallBehind makes the flows behind from the given positions on, whichever
// sender their jobs now go to. The sweep drops those that have none.
func (s *shard) fallBehind(first map[flowKey]message.Position) {
	w := &s.sweep
	clear(w.behind)
	*w = sweep{behind: w.behind[:0], stale: true}
	for _, q := range s.queues {
		for key, from := range first {
			f := q.flow(key)
			f.lag = lag{behind: true, from: from}
			w.behind = append(w.behind, behindFlow{q, f})
		}
		for _, f := range q.flows {
			q.forget(f)
		}
	}
}

// abandon takes a waiting job out of the window. It is in the log.
func (s *shard) abandon(i ref) {
	t := s.at(i)
	if t.state == ready {
		s.unready(i)
	} else {
		s.remove(i)
	}
	t.queue.held--
	t.flow.held--
	s.release(i)
}
