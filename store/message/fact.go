package message

import "time"

// FactKind is the kind of a Fact. The values are stored in nothing: facts are
// folded, never kept.
type FactKind uint8

// The facts that can be folded into a State.
const (
	NoFact FactKind = iota
	// Due: the schedule or the retry time of an attempt has come.
	Due
	// Started: a shard is about to hand the attempt over. Refused unless the
	// job at Position still owns the message.
	Started
	// Accepted: the provider took it and gave it ProviderID.
	Accepted
	// Rejected: the provider, or the relay itself, refused it for good.
	Rejected
	// Deferred: refused for now; it is tried again at RetryAt.
	Deferred
	// Lost: it may or may not have reached the provider.
	Lost
	// Reported: a receipt said Status about it.
	Reported
	// TimedOut: its success status did not come in time.
	TimedOut
	// Overdue: it waited for a provider longer than it may.
	Overdue
	// Cancel: the client takes the message back. Refused once handed over.
	Cancel
	// Barred: the job at Position was about to be started, but may not be, for
	// the reason in Failure.
	Barred
	// Erased: the recipient's data is to go. Refused while a send is in flight.
	Erased
	// Diverted: it waits for a sender that its provider refuses, and has a
	// further step. Refused unless the job at Position still owns the message.
	Diverted
	// Forwarded: the sandbox's clock was moved forward by By. Refused for live
	// messages, and for those that wait for nothing.
	Forwarded
	// Withheld: the job at Position was about to be started, but the distribution
	// that it is of is paused. Refused once handed over.
	Withheld
	// Released: what was withheld may go again, at RetryAt, or at once where that
	// is 0. Its time to be handed over begins anew.
	Released
)

// Fact is something already decided or observed. At is the wall clock of
// whoever observed it; Apply itself has no clock.
type Fact struct {
	Kind    FactKind
	At      Time
	Attempt int
	// Position is the job's, for Started, Barred, Diverted and Withheld.
	Position Position
	Sender   string
	// ProviderID and Segments are for Accepted.
	ProviderID string
	Segments   int
	Failure    *Failure
	RetryAt    Time
	// Uncounted: this try does not count against the cap (the provider asked
	// us to slow down).
	Uncounted bool
	// Repeat: this try may have reached the provider, and the next one repeats
	// it there.
	Repeat bool
	// Status, ReportedAt and RetryAfter are for Reported.
	Status     Status
	ReportedAt Time
	RetryAfter time.Duration
	// By is for Forwarded.
	By time.Duration
}

// TimerKind says which Fact a timer becomes when it runs out.
type TimerKind uint8

// The timers. The values are stored.
const (
	NoTimer TimerKind = iota
	TimerDue
	TimerSuccess
	TimerDeadline
)

// Fact returns what the timer says when it runs out at the given moment.
func (k TimerKind) Fact(attempt int, at Time) Fact {
	kind := [...]FactKind{NoFact, Due, TimedOut, Overdue}[k]
	return Fact{Kind: kind, Attempt: attempt, At: at}
}

// Timer asks for a Fact at a later moment. A timer that has become pointless
// may fire all the same: the fact is then refused.
type Timer struct {
	At      Time
	Kind    TimerKind
	Attempt int
}

// Effects is what the log must write together with the new State.
type Effects struct {
	// Refused: the fact does not apply (any more); nothing has changed.
	Refused bool
	// Drop is the position of a backlog entry to remove, of DropStep's lane.
	Drop     Position
	DropStep int
	// Dispatch: add a backlog entry for the current attempt, at the position
	// that was passed to Apply.
	Dispatch bool
	// Arm and Disarm are timers to add and to remove.
	Arm, Disarm []Timer
	// Entries are the new timeline entries; the public ones go to the feed.
	Entries []Entry
	// Index: attempt IndexAttempt has a new provider id to be found by.
	Index        bool
	IndexAttempt int
}

// Folded is what the log answers to a Fact: the message as it stands after
// it, and whether the fact was refused.
//
// Ownership: State is the caller's. Outbound is shared and never changes.
type Folded struct {
	Outbound *Outbound
	State    *State
	Refused  bool
}
