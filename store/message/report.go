package message

// reported folds a receipt: an attempt only moves up its rank, whatever the
// order, number and lateness of the receipts.
func (f *fold) reported(fact Fact) bool {
	a := f.attempt(fact.Attempt)
	if a.Tries == 0 { // nothing was ever sent: not ours, or forged
		return false
	}
	if fact.Status == Failed {
		f.reportedFailure(fact)
		return true
	}
	switch {
	case a.Status == Canceled || a.Status == Skipped:
		f.noteReceipt(ReceiptConflict, fact)
	case fact.Status.rank() <= a.Status.floor():
		f.noteReceipt(ReceiptStale, fact)
	default:
		f.lift(fact)
	}
	return true
}

// lift raises attempt to a better status, from a worse one or from an end.
func (f *fold) lift(fact Fact) {
	i := fact.Attempt
	a := f.attempt(i)
	landings := f.landings()
	late := a.Superseded || a.Status == Failed || a.Status == Expired || (a.Status == Unknown && f.s.Settled)
	if a.Status == Queued && i == f.s.Current() {
		f.drop() // waiting for a retry that is no longer needed
		f.handedOver(i)
		f.disarm(a.NotBefore, TimerDue, i)
	}
	a.Status = fact.Status
	if a.Status.rank() >= Sent.rank() {
		a.Error = nil
	}
	f.s.Late = f.s.Late || late
	if landings > 0 && f.landings() > landings {
		f.s.Duplicates++
		f.noteReceipt(MessageDuplicate, fact)
	}
	if !f.achieved(i) {
		return
	}
	f.disarm(a.Due, TimerSuccess, i)
	a.Due = 0
	if cur := f.s.Current(); cur != i && !f.o.KeepLate && f.attempt(cur).Status == Queued {
		f.withdraw(cur)
	}
}

// landings counts the attempts that the recipient has.
func (f *fold) landings() int {
	n := 0
	for i := range f.s.Attempts {
		if f.s.landed(f.o, i) {
			n++
		}
	}
	return n
}

// reportedFailure folds a failure after acceptance. "sent" was only a promise:
// where it had ended the chain, the failure opens the chain again.
func (f *fold) reportedFailure(fact Fact) {
	i := fact.Attempt
	a := f.attempt(i)
	switch a.Status {
	case Delivered, Read:
		f.noteReceipt(ReceiptConflict, fact)
	case Sending, Sent, Unknown:
		hadIt := f.achieved(i)
		f.end(i, Failed, fact.Failure)
		f.noteReceipt(AttemptFailed, fact)
		if i != f.s.Current() {
			return
		}
		if a.SentAt == 0 { // before the send's own answer
			f.drop()
			f.handedOver(i)
		}
		if hadIt {
			f.s.Settled = false
		}
		if fact.RetryAfter > 0 && !f.s.Settled && f.again(i, fact.RetryAfter) {
			return
		}
		f.advance(i, OnFailed, fact.Failure.Code)
	default:
		f.noteReceipt(ReceiptStale, fact)
	}
}

func (f *fold) noteReceipt(t EntryType, fact Fact) {
	at := fact.ReportedAt
	if at == 0 {
		at = fact.At
	}
	code := fact.Status.String()
	if fact.Failure != nil {
		code = fact.Failure.Code
	}
	if stale := t == ReceiptStale; stale && len(f.s.Timeline) >= maxTimeline/2 {
		return
	}
	f.noteAt(Entry{At: at, ReceivedAt: fact.At, Type: t, Attempt: fact.Attempt, Code: code})
}

// conclude derives the message's status after a fact and emits the public
// event of a status that it reaches for the first time.
func (f *fold) conclude() {
	s := f.s
	s.UpdatedAt = f.at
	if s.Winner(f.o) >= 0 && (!f.o.KeepLate || s.achieved(f.o, s.Current())) {
		s.Settled = true
	}
	status := s.derive(f.o)
	if status == s.Status {
		return
	}
	s.Status = status
	if t := publicEntry(status); t != NoEntry && s.told&(1<<status) == 0 {
		s.told |= 1 << status
		f.note(t, s.Shown(f.o), "")
	}
}

func publicEntry(s Status) EntryType {
	switch s {
	case Queued:
		return MessageQueued
	case Sent:
		return MessageSent
	case Delivered:
		return MessageDelivered
	case Read:
		return MessageRead
	case Failed:
		return MessageFailed
	case Expired:
		return MessageExpired
	case Canceled:
		return MessageCanceled
	}
	return NoEntry
}
