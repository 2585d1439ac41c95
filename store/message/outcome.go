package message

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
		a.Status, a.Error = Sent, nil
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
	a.Bound = a.Bound || fact.Repeat
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
