package actors

import "messagehub/store/message"

// lag is how far a flow is behind the log. A flow that has no room in the
// window leaves its jobs in the log, from the first one on, and takes them up
// again in a sweep: so it holds back no other flow, and the shard takes from
// its mailbox without end.
//
// Invariant: of a flow that is behind, every job before from has been
// admitted, and none at or after it.
type lag struct {
	behind bool
	from   message.Position
	// short: the sweep under way can do no more for the flow.
	short bool
}

// sweep is one pass over the log, from the earliest job that a flow with room
// has left there, up to the last job that the mailbox gave. Mailbox and sweep
// have the same consumer, so the end is found without a lock: when it is
// reached, a flow that left nothing behind takes from the mailbox again.
type sweep struct {
	active bool
	// start and after: where it began, and the last position it has read.
	start, after message.Position
	// behind are the flows that are behind, open how many of them the sweep
	// can still serve.
	behind []behindFlow
	open   int
	// stale: room has been made since the last sweep was considered.
	stale bool
}

type behindFlow struct {
	queue *queue
	flow  *flow
}

// room reports whether a job of the flow can be admitted.
func (s *shard) room(q *queue, f *flow) bool {
	return f.held < s.limits.share && q.held < s.limits.window
}

// roomy reports whether a sweep for the flow is worth its while.
func (s *shard) roomy(q *queue, f *flow) bool {
	return f.held <= s.limits.share/2 && q.held <= s.limits.window-s.limits.window/8
}

// deliver takes jobs from the mailbox, in log order.
func (s *shard) deliver(now moment, jobs []message.Job) {
	for k := range jobs {
		job := &jobs[k]
		if job.Position <= s.taken {
			panic("BUG: a job was delivered out of log order")
		}
		s.taken = job.Position
		q, f := s.flowOf(job)
		switch {
		case f.lag.behind:
		case s.room(q, f):
			s.admit(now, job, q, f)
		default:
			f.lag = lag{behind: true, from: job.Position}
			s.sweep.behind = append(s.sweep.behind, behindFlow{q, f})
			s.sweep.open++
		}
	}
}

func (s *shard) flowOf(job *message.Job) (*queue, *flow) {
	q := s.queues[s.choice.pick(job, s.upNow)]
	return q, q.flow(flowKey{job.Workspace, classOf[job.Priority]})
}

// wants returns the position after which the log is to be read for a sweep.
func (s *shard) wants() (after message.Position, ok bool) {
	if s.draining {
		return 0, false
	}
	if !s.sweep.active && s.sweep.stale && len(s.sweep.behind) > 0 {
		s.sweep.stale = false
		s.begin()
	}
	return s.sweep.after, s.sweep.active
}

// begin starts a sweep if a flow that is behind has room enough.
func (s *shard) begin() {
	w := &s.sweep
	for _, b := range w.behind {
		if s.roomy(b.queue, b.flow) && (!w.active || b.flow.lag.from < w.start) {
			w.active, w.start = true, b.flow.lag.from
		}
	}
	if !w.active {
		return
	}
	w.after, w.open = w.start-1, 0
	for _, b := range w.behind {
		b.flow.lag.short = b.flow.lag.from < w.start
		if !b.flow.lag.short {
			w.open++
		}
	}
}

// swept takes the jobs that follow in the log, or the news of its end.
func (s *shard) swept(now moment, jobs []message.Job, end bool) {
	w := &s.sweep
	for k := range jobs {
		job := &jobs[k]
		if job.Position > s.taken {
			end = true
			break
		}
		w.after = job.Position
		s.sweepOne(now, job)
	}
	switch {
	case end:
		s.finish()
	case w.open == 0:
		w.active = false
	}
}

// sweepOne admits the job if it is one that its flow has left in the log.
func (s *shard) sweepOne(now moment, job *message.Job) {
	q, f := s.flowOf(job)
	switch {
	case !f.lag.behind || f.lag.short || job.Position < f.lag.from:
		q.forget(f)
	case s.away[job.Position]:
		f.lag.from = job.Position + 1
	case s.room(q, f):
		s.admit(now, job, q, f)
		f.lag.from = job.Position + 1
	default:
		f.lag.short, f.lag.from = true, job.Position
		s.sweep.open--
	}
}

// finish ends a sweep that has met the mailbox: the flows that it served to
// the end are no longer behind.
func (s *shard) finish() {
	w := &s.sweep
	kept := w.behind[:0]
	for _, b := range w.behind {
		if b.flow.lag.short {
			kept = append(kept, b)
			continue
		}
		b.flow.lag = lag{}
		b.queue.forget(b.flow)
	}
	clear(w.behind[len(kept):])
	w.behind, w.active, w.open = kept, false, 0
}
