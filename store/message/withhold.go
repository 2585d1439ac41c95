package message

import "math"

// Never is a moment that does not come.
const Never = Time(math.MaxInt64)

// Withheld reports whether the attempt waits for neither lane nor timer, but to
// be Released.
func (a *Attempt) Withheld() bool { return a.Status == Queued && a.NotBefore == Never }

// Recallable reports whether the message waits, and no provider has it or may
// have it.
func (s *State) Recallable() bool {
	if s.Settled || s.Attempts[s.Current()].Status != Queued {
		return false
	}
	for i := range s.Attempts {
		if s.Attempts[i].Status.Handed() {
			return false
		}
	}
	return true
}

// withhold takes the message out of its lane.
func (f *fold) withhold(fact Fact) bool {
	i := fact.Attempt
	if !f.owns(fact) || !f.s.Recallable() {
		return false
	}
	f.drop()
	f.handedOver(i)
	a := f.attempt(i)
	a.NotBefore, a.Deadline = Never, Never
	return true
}

// release is withhold undone.
func (f *fold) release(fact Fact) bool {
	i := fact.Attempt
	a := f.attempt(i)
	if i != f.s.Current() || f.s.Settled || !a.Withheld() {
		return false
	}
	a.NotBefore = fact.RetryAt
	f.enqueue(i)
	return true
}
