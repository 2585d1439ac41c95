package message

// Begin returns the state of a message just accepted at position p, and what
// to write with it. A message with nothing special (no schedule, no expiry of
// its own) has no timer, and its State need not be stored: it can be begun
// again from the Outbound.
func Begin(o *Outbound, p Position) (State, Effects) {
	var s State
	var out Effects
	s.Begin(o, p, &out)
	return s, out
}

// Begin is the function of that name for who has a State and Effects to use
// again: they keep their memory, and lose what is in them.
func (s *State) Begin(o *Outbound, p Position, out *Effects) {
	out.reset()
	*s = State{UpdatedAt: o.CreatedAt, Attempts: s.Attempts[:0], Timeline: s.Timeline[:0]}
	f := fold{s: s, o: o, at: o.CreatedAt, position: p, out: out}
	if o.ScheduledAt > o.CreatedAt {
		f.open(0, o.ScheduledAt)
		f.note(MessageScheduled, 0, "")
	} else {
		f.open(0, 0)
		f.note(MessageQueued, 0, "")
		s.told |= 1 << Queued
	}
	s.Status = s.derive(o)
}

// Apply folds fact into s. position is where the log writes it: a message
// that is dispatched again takes that position, never its old one.
func (s *State) Apply(o *Outbound, fact Fact, position Position) Effects {
	var out Effects
	s.Fold(o, fact, position, &out)
	return out
}

// Fold is Apply for who has Effects to use again: they keep their memory, and
// lose what is in them.
func (s *State) Fold(o *Outbound, fact Fact, position Position, out *Effects) {
	out.reset()
	f := fold{s: s, o: o, at: fact.At, position: position, out: out}
	if fact.Attempt < 0 || fact.Attempt >= len(s.Attempts) || !f.apply(fact) {
		out.reset()
		out.Refused = true
		return
	}
	f.conclude()
}

// reset empties e, which keeps its memory.
func (e *Effects) reset() {
	*e = Effects{Arm: e.Arm[:0], Disarm: e.Disarm[:0], Entries: e.Entries[:0]}
}

// fold is one application of a fact: the state, and the effects so far.
type fold struct {
	s        *State
	o        *Outbound
	at       Time
	position Position
	out      *Effects
}

func (f *fold) apply(fact Fact) bool {
	i := fact.Attempt
	switch fact.Kind {
	case Due:
		return f.due(i)
	case Started:
		return f.started(fact)
	case Accepted:
		return f.accepted(fact)
	case Rejected:
		return f.rejected(fact)
	case Deferred:
		return f.deferred(fact)
	case Lost:
		return f.lost(fact)
	case Reported:
		return f.reported(fact)
	case TimedOut:
		return f.timedOut(i)
	case Overdue:
		return f.overdue(i)
	case Cancel:
		return f.cancel()
	case Forwarded:
		return f.forwarded(fact.By)
	case Barred:
		return f.barred(fact)
	case Erased:
		return f.erased()
	case Diverted:
		return f.diverted(fact)
	case Withheld:
		return f.withhold(fact)
	case Released:
		return f.release(fact)
	}
	return false
}

func (f *fold) attempt(i int) *Attempt { return &f.s.Attempts[i] }

func (f *fold) step(i int) *Step { return &f.o.Steps[f.s.Attempts[i].Step] }

// open appends a queued attempt of step and dispatches it, now or at
// notBefore.
func (f *fold) open(step int, notBefore Time) {
	a := Attempt{Step: step, Status: Queued, QueuedAt: f.at, NotBefore: notBefore}
	f.s.Attempts = append(f.s.Attempts, a)
	f.enqueue(f.s.Current())
}

// enqueue dispatches a queued attempt, now or at its NotBefore.
func (f *fold) enqueue(i int) {
	a := f.attempt(i)
	a.Deadline = max(f.at, a.NotBefore).Add(f.o.ExpiresIn)
	if f.o.ExpiresIn != DefaultExpiresIn {
		f.arm(a.Deadline, TimerDeadline, i)
	}
	if a.NotBefore > f.at {
		f.arm(a.NotBefore, TimerDue, i)
		return
	}
	f.dispatch()
}

// dispatch puts the current attempt into its lane's backlog.
func (f *fold) dispatch() {
	f.s.Waiting = f.position
	f.out.Dispatch = true
}

// drop takes the message out of the backlog, if it is there.
func (f *fold) drop() {
	if f.s.Waiting == 0 {
		return
	}
	if f.out.Dispatch { // dispatched by this very fact: nothing written yet
		f.out.Dispatch = false
	} else {
		f.out.Drop = f.s.Waiting
		f.out.DropStep = f.s.Attempts[f.s.Current()].Step
	}
	f.s.Waiting = 0
}

func (f *fold) arm(at Time, kind TimerKind, attempt int) {
	f.out.Arm = append(f.out.Arm, Timer{at, kind, attempt})
}

func (f *fold) disarm(at Time, kind TimerKind, attempt int) {
	if at != 0 && at != Never {
		f.out.Disarm = append(f.out.Disarm, Timer{at, kind, attempt})
	}
}

// handedOver removes the deadline timer that open armed: a provider has it.
func (f *fold) handedOver(i int) {
	if f.o.ExpiresIn != DefaultExpiresIn {
		f.disarm(f.attempt(i).Deadline, TimerDeadline, i)
	}
}

func (f *fold) note(t EntryType, attempt int, code string) {
	f.noteAt(Entry{At: f.at, ReceivedAt: f.at, Type: t, Attempt: attempt, Code: code})
}

func (f *fold) noteAt(e Entry) {
	if len(f.s.Timeline) < maxTimeline {
		f.s.Timeline = append(f.s.Timeline, e)
	}
	f.out.Entries = append(f.out.Entries, e)
}

func (f *fold) end(i int, status Status, failure *Failure) {
	a := f.attempt(i)
	a.Status, a.EndedAt = status, f.at
	if failure != nil {
		a.Error = failure
	}
	f.disarm(a.Due, TimerSuccess, i)
	a.Due = 0
}

func (f *fold) due(i int) bool {
	a := f.attempt(i)
	if i != f.s.Current() || a.Status != Queued || f.s.Waiting != 0 || a.NotBefore > f.at {
		return false
	}
	f.dispatch()
	return true
}

// owns reports whether the job at the fact's position still owns the message.
func (f *fold) owns(fact Fact) bool {
	return fact.Attempt == f.s.Current() && f.attempt(fact.Attempt).Status == Queued &&
		f.s.Waiting != 0 && f.s.Waiting == fact.Position
}

func (f *fold) started(fact Fact) bool {
	a := f.attempt(fact.Attempt)
	if !f.owns(fact) {
		return false
	}
	a.Status, a.Sender = Sending, fact.Sender
	a.Tries++
	f.note(AttemptStarted, fact.Attempt, "")
	return true
}

func (f *fold) diverted(fact Fact) bool {
	i := fact.Attempt
	if !f.owns(fact) || !f.o.Onward(f.attempt(i).Step) {
		return false
	}
	f.drop()
	f.handedOver(i)
	f.fail(i, fact.Failure)
	return true
}

func (f *fold) timedOut(i int) bool {
	a := f.attempt(i)
	if a.Due == 0 || a.Due > f.at || i != f.s.Current() || f.s.Settled {
		return false
	}
	a.Due = 0
	f.note(AttemptTimeout, i, "success_timeout")
	if a.Status != Unknown {
		a.Error = &Failure{Code: "success_timeout", Class: Expiry}
	}
	f.advance(i, OnTimeout, "success_timeout")
	return true
}

func (f *fold) overdue(i int) bool {
	a := f.attempt(i)
	if i != f.s.Current() || a.Status != Queued || a.Deadline > f.at {
		return false
	}
	f.drop()
	f.expire(i)
	return true
}

// expire ends an attempt that waited too long for a provider.
func (f *fold) expire(i int) {
	a := f.attempt(i)
	if a.Error == nil {
		a.Error = &Failure{Code: "expired", Class: Expiry, Permanent: true}
	}
	f.end(i, Expired, nil)
	f.note(AttemptExpired, i, a.Error.Code)
	f.advance(i, OnExpired, a.Error.Code)
}

func (f *fold) cancel() bool {
	if !f.s.Recallable() {
		return false
	}
	f.withdraw(f.s.Current())
	f.s.Settled = true
	return true
}

// withdraw cancels an attempt that no provider has.
func (f *fold) withdraw(i int) {
	f.drop()
	f.handedOver(i)
	f.disarm(f.attempt(i).NotBefore, TimerDue, i)
	f.end(i, Canceled, nil)
	f.note(AttemptCanceled, i, "")
}
