package message

import "time"

// Begin returns the state of a message just accepted at position p, and what
// to write with it. A message with nothing special (no schedule, no expiry of
// its own) has no timer, and its State need not be stored: it can be begun
// again from the Outbound.
func Begin(o *Outbound, p Position) (State, Effects) {
	s := State{UpdatedAt: o.CreatedAt}
	f := fold{s: &s, o: o, at: o.CreatedAt, position: p}
	if o.ScheduledAt > o.CreatedAt {
		f.open(0, o.ScheduledAt)
		f.note(MessageScheduled, 0, "")
	} else {
		f.open(0, 0)
		f.note(MessageQueued, 0, "")
		s.told |= 1 << Queued
	}
	s.Status = s.derive(o)
	return s, f.out
}

// Apply folds fact into s. position is where the log writes it: a message
// that is dispatched again takes that position, never its old one.
func (s *State) Apply(o *Outbound, fact Fact, position Position) Effects {
	f := fold{s: s, o: o, at: fact.At, position: position}
	if fact.Attempt < 0 || fact.Attempt >= len(s.Attempts) {
		return Effects{Refused: true}
	}
	if !f.apply(fact) {
		return Effects{Refused: true}
	}
	f.conclude()
	return f.out
}

// fold is one application of a fact: the state, and the effects so far.
type fold struct {
	s        *State
	o        *Outbound
	at       Time
	position Position
	out      Effects
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
	}
	return false
}

func (f *fold) attempt(i int) *Attempt { return &f.s.Attempts[i] }

func (f *fold) step(i int) *Step { return &f.o.Steps[f.s.Attempts[i].Step] }

// open appends a queued attempt of step and dispatches it, now or at
// notBefore.
func (f *fold) open(step int, notBefore Time) {
	a := Attempt{Step: step, Status: Queued, QueuedAt: f.at, NotBefore: notBefore}
	from := max(f.at, notBefore)
	a.Deadline = from.Add(f.o.ExpiresIn)
	f.s.Attempts = append(f.s.Attempts, a)
	i := f.s.Current()
	if f.o.ExpiresIn != DefaultExpiresIn {
		f.arm(a.Deadline, TimerDeadline, i)
	}
	if notBefore > f.at {
		f.arm(notBefore, TimerDue, i)
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
	if at != 0 {
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

func (f *fold) started(fact Fact) bool {
	a := f.attempt(fact.Attempt)
	if fact.Attempt != f.s.Current() || a.Status != Queued || f.s.Waiting == 0 || f.s.Waiting != fact.Position {
		return false
	}
	a.Status, a.Sender = Sending, fact.Sender
	a.Tries++
	f.note(AttemptStarted, fact.Attempt, "")
	return true
}

// outcomeOf returns the attempt an outcome belongs to, or nil if the outcome
// can't be true of it. Receipts may have lifted the attempt in the meantime.
func (f *fold) outcomeOf(i int) *Attempt {
	a := f.attempt(i)
	if a.Tries == 0 || a.Status == Queued || (a.Status != Sending && a.SentAt != 0) {
		return nil
	}
	if i == f.s.Current() {
		f.drop()
	}
	f.handedOver(i)
	return a
}

func (f *fold) accepted(fact Fact) bool {
	i := fact.Attempt
	a := f.outcomeOf(i)
	if a == nil {
		return false
	}
	landings := f.landings()
	a.ProviderID, a.Segments, a.SentAt = fact.ProviderID, fact.Segments, f.at
	if fact.ProviderID != "" {
		f.out.Index, f.out.IndexAttempt = true, i
	}
	if a.Status == Sending {
		a.Status = Sent
	}
	if landings > 0 && f.landings() > landings {
		f.s.Duplicates++
		f.note(MessageDuplicate, i, "")
	}
	f.await(i)
	return true
}

// await arms the timer of the success status, from the provider's acceptance.
func (f *fold) await(i int) {
	a, step := f.attempt(i), f.step(i)
	if step.Timeout == 0 || f.achieved(i) || a.Superseded || a.Status.rank() < Sent.rank() {
		return
	}
	a.Due = f.at.Add(step.Timeout)
	f.arm(a.Due, TimerSuccess, i)
}

func (f *fold) achieved(i int) bool { return f.s.achieved(f.o, i) }

func (f *fold) rejected(fact Fact) bool {
	a := f.outcomeOf(fact.Attempt)
	if a == nil {
		return false
	}
	if a.Status != Sending { // a receipt has proved otherwise
		f.note(ReceiptConflict, fact.Attempt, fact.Failure.Code)
		return true
	}
	f.fail(fact.Attempt, fact.Failure)
	return true
}

// fail ends an attempt for good, and moves the message on.
func (f *fold) fail(i int, failure *Failure) {
	f.end(i, Failed, failure)
	f.note(AttemptFailed, i, failure.Code)
	f.advance(i, OnFailed, failure.Code)
}

func (f *fold) deferred(fact Fact) bool {
	a := f.outcomeOf(fact.Attempt)
	if a == nil {
		return false
	}
	if a.Status != Sending {
		f.note(ReceiptConflict, fact.Attempt, fact.Failure.Code)
		return true
	}
	a.Error = fact.Failure
	if fact.RetryAt >= a.Deadline {
		f.expire(fact.Attempt)
		return true
	}
	if fact.Uncounted {
		a.Tries--
	}
	a.Status, a.NotBefore = Queued, fact.RetryAt
	if f.o.ExpiresIn != DefaultExpiresIn {
		f.arm(a.Deadline, TimerDeadline, fact.Attempt)
	}
	f.arm(fact.RetryAt, TimerDue, fact.Attempt)
	f.note(AttemptRetry, fact.Attempt, fact.Failure.Code)
	return true
}

func (f *fold) lost(fact Fact) bool {
	i := fact.Attempt
	a := f.outcomeOf(i)
	if a == nil {
		return false
	}
	if a.Status != Sending { // a receipt came first: the outcome is known
		a.SentAt = f.at
		f.await(i)
		return true
	}
	f.end(i, Unknown, fact.Failure)
	f.note(AttemptUnknown, i, fact.Failure.Code)
	if i != f.s.Current() || f.s.Settled {
		return true
	}
	switch {
	case f.o.OnUnknown == Retry && f.again(i, 0):
	case f.o.OnUnknown == Advance && f.o.On&OnFailed != 0:
		f.advance(i, OnFailed, fact.Failure.Code)
	default:
		wait := f.step(i).Timeout
		if wait == 0 {
			wait = UnknownHold
		}
		a.Due = f.at.Add(wait)
		f.arm(a.Due, TimerSuccess, i)
	}
	return true
}

// again opens a new attempt of the same step, unless the step has had enough.
func (f *fold) again(i int, after time.Duration) bool {
	step, n := f.attempt(i).Step, 0
	for k := range f.s.Attempts {
		if f.s.Attempts[k].Step == step {
			n++
		}
	}
	if n >= maxPerStep {
		return false
	}
	code := ""
	if e := f.attempt(i).Error; e != nil {
		code = e.Code
	}
	f.attempt(i).Superseded = true
	notBefore := Time(0)
	if after > 0 {
		notBefore = f.at.Add(after)
	}
	f.open(step, notBefore)
	f.note(AttemptRetry, f.s.Current(), code)
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
	i := f.s.Current()
	if f.s.Settled || f.attempt(i).Status != Queued {
		return false
	}
	for k := range f.s.Attempts {
		if f.s.Attempts[k].Status.Handed() {
			return false
		}
	}
	f.withdraw(i)
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

// advance moves the message from attempt i to the next step that has an
// address, if cause allows it; else the chain is over.
func (f *fold) advance(i int, cause Causes, code string) {
	if i != f.s.Current() || f.s.Settled {
		return
	}
	if f.s.Winner(f.o) >= 0 {
		f.s.Settled = true
		return
	}
	next := f.attempt(i).Step + 1
	for f.o.On&cause != 0 && next < len(f.o.Steps) {
		f.attempt(i).Superseded = true
		if f.o.Steps[next].Unroutable == "" {
			f.open(next, 0)
			f.note(MessageFallback, f.s.Current(), code)
			return
		}
		f.skip(next)
		cause = OnUnroutable
		i = f.s.Current()
		next++
	}
	f.s.Settled = true
	f.giveUp(f.s.lastTried())
}

// skip records a step that has no address.
func (f *fold) skip(step int) {
	failure := &Failure{Code: f.o.Steps[step].Unroutable, Class: Recipient, Permanent: true}
	f.s.Attempts = append(f.s.Attempts, Attempt{
		Step: step, Status: Skipped, Error: failure, QueuedAt: f.at, EndedAt: f.at,
	})
	f.note(AttemptSkipped, f.s.Current(), failure.Code)
}

// giveUp ends the last attempt of a chain that ran out of steps while a
// provider still had it: accepted, but never delivered in time.
func (f *fold) giveUp(i int) {
	if f.attempt(i).Status == Sent {
		f.end(i, Expired, nil)
	}
}
