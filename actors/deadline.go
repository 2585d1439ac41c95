package actors

import (
	"time"

	"messagehub/store/message"
)

// passTime does what time alone calls for.
func (s *shard) passTime(now moment) {
	s.unpause(now.mono)
	for {
		d, ok := s.deadlines.due(int64(now.wall))
		if !ok {
			break
		}
		if s.waits(d) {
			s.lapse(now, d.slot)
		}
	}
	s.expireLate()
	s.pruneDeadlines()
}

// waits reports whether the deadline is that of a job not yet started.
func (s *shard) waits(d deadline) bool {
	t := s.at(d.slot)
	return t.job.Position == d.position && t.waits()
}

// lapse takes a waiting job, whose deadline is over or which is diverted, out
// of its flow.
func (s *shard) lapse(now moment, i ref) {
	t := s.at(i)
	if t.state == ready {
		s.unready(i)
	} else {
		s.remove(i)
	}
	t.state = overdue
	if r := t.queue.recipients[t.job.Recipient]; r != nil && r.resumed == i {
		r.resumed = 0
		s.resume(t.queue, r, now.mono)
	}
	s.pushBack(&s.late, i)
}

// expireLate records expiries, a bounded number at a time.
func (s *shard) expireLate() {
	for s.late.n > 0 && s.expiring < s.limits.expiry && !s.draining {
		i := s.late.head
		s.remove(i)
		t := s.at(i)
		t.state = expiring
		s.expiring++
		kind := expire
		if t.diverted {
			kind = divert
		}
		s.act(action{kind: kind, sender: t.queue.sender, slot: i, job: t.job})
	}
}

// pruneDeadlines keeps the alarms of jobs long gone from outnumbering those of
// jobs that wait.
func (s *shard) pruneDeadlines() {
	if len(s.deadlines.heap) > 2*(len(s.slots)-len(s.spare))+1024 {
		s.deadlines.prune(s.waits)
	}
}

// maxSleep bounds the time between two looks at the wall clock, which may
// jump.
const maxSleep = 30 * time.Second

// alarm returns how long nothing is to be done by time alone.
func (s *shard) alarm(now moment) time.Duration {
	sleep := maxSleep
	if s.draining {
		return sleep
	}
	if at, ok := s.deadlines.earliest(); ok && message.Time(at) < now.wall.Add(sleep) {
		sleep = max(0, message.Time(at).Sub(now.wall))
	}
	if at, ok := s.pauses.earliest(); ok {
		sleep = min(sleep, max(0, time.Duration(at)-now.mono))
	}
	return sleep
}
