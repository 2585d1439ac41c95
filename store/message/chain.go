package message

import "time"

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

// barred skips an attempt that may not be started. It moves the message on as
// a failure does, and as a step without an address does.
func (f *fold) barred(fact Fact) bool {
	if !f.owns(fact) {
		return false
	}
	i := fact.Attempt
	f.drop()
	f.handedOver(i)
	f.end(i, Skipped, fact.Failure)
	f.note(AttemptSkipped, i, fact.Failure.Code)
	f.advance(i, OnFailed|OnUnroutable, fact.Failure.Code)
	return true
}

// erased withdraws what no provider has, lets no further step start, and
// forgets what providers have said.
func (f *fold) erased() bool {
	i := f.s.Current()
	queued := f.attempt(i).Status == Queued
	if f.s.Waiting != 0 && !queued {
		return false // its outcome is not known yet
	}
	if queued {
		f.withdraw(i)
	}
	f.s.Settled = true
	for k := range f.s.Attempts {
		a := f.attempt(k)
		a.ProviderID = ""
		if a.Error != nil {
			e := *a.Error
			e.ProviderMessage = ""
			a.Error = &e
		}
	}
	return true
}

// skip records a step that has no address.
func (f *fold) skip(step int) {
	failure := f.o.Steps[step].NoAddress()
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
