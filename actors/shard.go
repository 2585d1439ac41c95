package actors

import (
	"fmt"
	"time"

	"messagehub/store/message"
)

// shard decides what one actor does next. It is pure: no clock, no goroutine,
// no I/O; what happens comes in as events, what to do goes out as actions.
//
// Every job given to it is in the log and stays there until its outcome is
// recorded, so a shard may forget a job it has no room for: see lag.
//
// Invariant: no job is started, nor expired, twice.
type shard struct {
	limits limits
	queues []*queue // one for each sender
	stands []standing
	choice *choice
	upNow  func(sender int) bool // isUp, made once
	slab
	deadlines alarms[deadline]
	pauses    alarms[pausedRecipient]
	late      list // overdue jobs, first come first expired
	expiring  int
	sending   int
	draining  bool
	// taken is the position of the last job that the mailbox gave.
	taken message.Position
	sweep sweep
	// away are the positions of jobs that were under way when the log was
	// begun to be read again.
	away map[message.Position]bool
	// actions are those of the step under way, fresh the slots that it has
	// admitted jobs to. None of them is sent before a later step.
	actions []action
	fresh   []ref
}

// limits bound a shard. Window and share count jobs of one sender.
type limits struct {
	window int // jobs held
	share  int // jobs held of one flow
	asks   int // permits asked for at once
	expiry int // expiries being recorded at once
}

// deadline is when the job in a slot becomes overdue. A slot that has changed
// hands in the meantime holds another position.
type deadline struct {
	slot     ref
	position message.Position
}

// event is something that happened.
type event struct {
	kind eventKind
	jobs []message.Job // delivered, swept: valid until step returns
	end  bool          // swept: the log holds nothing after jobs
	slot ref           // settled
	hold time.Duration // settled: how long the recipient must be left alone
	// granted: n permits of a generation for a sender.
	sender, n  int
	generation uint32
	standing   standing // stood: of sender
	choice     *choice  // chosen
}

type eventKind uint8

const (
	ticked    eventKind = iota // time has passed
	delivered                  // the mailbox gave jobs
	swept                      // a sweep of the log found jobs
	granted                    // the gate gave permits
	settled                    // an action is done: its outcome is recorded
	drained                    // start nothing any more
	stood                      // a sender's standing has changed
	chosen                     // the senders have changed
)

// action is something to do.
type action struct {
	kind       actionKind
	sender     int
	n          int // ask, giveBack
	generation uint32
	slot       ref // send, expire, divert: to be named when it is settled
	job        message.Job
}

type actionKind uint8

const (
	send     actionKind = iota // start the job and send it
	expire                     // record that the job is overdue
	divert                     // record that the job moves on without a try
	ask                        // ask the gate for n permits
	giveBack                   // return n permits unused
)

// newShard makes the shard of a lane whose senders are those of the choice.
func newShard(l limits, c *choice) *shard {
	s := &shard{limits: l, choice: c, away: make(map[message.Position]bool)}
	s.upNow = s.isUp
	for i := range c.names {
		s.queues, s.stands = append(s.queues, newQueue(i)), append(s.stands, up)
	}
	return s
}

// step takes an event in and returns what to do, in order. The actions are
// valid until the next step.
func (s *shard) step(now moment, e event) []action {
	s.actions, s.fresh = s.actions[:0], s.fresh[:0]
	switch e.kind {
	case delivered:
		s.deliver(now, e.jobs)
	case swept:
		s.swept(now, e.jobs, e.end)
	case granted:
		s.start(now, e)
	case settled:
		s.settle(now, e)
	case drained:
		s.draining = true
	case stood:
		s.stand(now, e.sender, e.standing)
	case chosen:
		s.choose(now, e.choice)
	}
	s.passTime(now)
	s.ask()
	return s.actions
}

// busy reports whether an action is under way that will be settled.
func (s *shard) busy() bool { return s.sending+s.expiring > 0 }

// admit takes the job into the window. Precondition: there is room.
func (s *shard) admit(now moment, job *message.Job, q *queue, f *flow) {
	i := s.add(*job)
	s.fresh = append(s.fresh, i)
	t := s.at(i)
	t.queue, t.flow = q, f
	q.held++
	f.held++
	s.makeReady(i, s.pushBack)
	if job.Onward && s.stands[q.sender] == stopped {
		t.diverted = true
		s.lapse(now, i)
		return
	}
	s.deadlines.add(int64(job.Deadline), deadline{i, job.Position})
}

// makeReady puts the slot into its flow, at the end that push means.
func (s *shard) makeReady(i ref, push func(*list, ref)) {
	t := s.at(i)
	t.state = ready
	t.queue.ready++
	push(&t.flow.ready, i)
	t.queue.join(t.flow)
}

// unready takes the slot out of its flow.
func (s *shard) unready(i ref) {
	t := s.at(i)
	t.queue.ready--
	s.remove(i)
	if t.flow.ready.n == 0 {
		t.queue.leave(t.flow)
	}
}

// start uses permits on the jobs whose turn it is, and returns what is left.
func (s *shard) start(now moment, e event) {
	q := s.queues[e.sender]
	q.asked -= e.n
	for ; e.n > 0 && !s.draining; e.n-- {
		i := s.pick(now, q)
		if i == 0 {
			break
		}
		t := s.at(i)
		t.state, t.generation = sending, e.generation
		s.sending++
		s.act(action{kind: send, sender: q.sender, slot: i, job: t.job, generation: e.generation})
	}
	if e.n > 0 {
		s.act(action{kind: giveBack, sender: q.sender, n: e.n, generation: e.generation})
	}
}

// pick takes the next job that may start out of its flow; 0 if there is none.
func (s *shard) pick(now moment, q *queue) ref {
	for f := q.turn(); f != nil; f = q.turn() {
		i := f.ready.head
		t := s.at(i)
		r := q.recipients[t.job.Recipient]
		switch {
		case t.job.Deadline <= now.wall:
			s.lapse(now, i)
		case s.bars(r, i, now.mono):
			s.park(r, i)
		default:
			s.occupy(q, r, i)
			s.unready(i)
			q.served(f)
			return i
		}
	}
	return 0
}

// settle frees the slot of an action that is done.
func (s *shard) settle(now moment, e event) {
	t := s.at(e.slot)
	q, f, state, recipient := t.queue, t.flow, t.state, t.job.Recipient
	if len(s.away) > 0 {
		delete(s.away, t.job.Position)
	}
	s.release(e.slot)
	q.held--
	f.held--
	q.forget(f)
	s.sweep.stale = true
	switch state {
	case sending:
		s.sending--
		r := q.recipients[recipient]
		r.busy = false
		if e.hold > 0 {
			s.pause(q, r, now.mono+e.hold)
		}
		s.resume(q, r, now.mono)
	case expiring:
		s.expiring--
	default:
		panic(fmt.Sprintf("BUG: slot %d settled in state %d", e.slot, state))
	}
}

// ask asks for a permit for each ready job, within bounds.
func (s *shard) ask() {
	if s.draining {
		return
	}
	for _, q := range s.queues {
		if n := min(q.ready, s.limits.asks) - q.asked; n > 0 {
			q.asked += n
			s.act(action{kind: ask, sender: q.sender, n: n})
		}
	}
}

func (s *shard) act(a action) { s.actions = append(s.actions, a) }
