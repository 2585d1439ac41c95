package message

// MaxAttempts bounds the attempts of one message: six steps, each sent again
// at most maxPerStep times.
const MaxAttempts = 6 * maxPerStep

// maxPerStep bounds the attempts of one step. Only an unknown outcome under
// the Retry policy, or a receipt that says "try again", makes a second one;
// a definite refusal by the provider is a further try of the same attempt.
const maxPerStep = 3

// maxTimeline bounds the timeline of one message. Stale receipts beyond it
// are counted but not kept.
const maxTimeline = 100

// State is what has happened to a message so far. The zero State is not
// valid: [Begin] makes the first one.
type State struct {
	Status Status
	// Settled: the chain is over, no further step will start.
	Settled bool
	// Late: a success came for an attempt that had been given up.
	Late bool
	// Duplicates counts deliveries beyond the first.
	Duplicates int
	UpdatedAt  Time
	// Waiting is the position of the backlog entry that holds the message;
	// 0 while it waits for a timer or a receipt.
	// Invariant: not 0 only while the last attempt is queued, or started and
	// without its outcome; an early receipt may have lifted it meanwhile.
	Waiting  Position
	Attempts []Attempt
	Timeline []Entry
	// told is the set of statuses whose public event has been emitted.
	// Invariant: each at most once per message.
	told uint16
}

// Attempt is one send of one step. A retry after a definite refusal is a
// further try of the same attempt; after an unknown outcome it is a new one.
type Attempt struct {
	Step   int
	Status Status
	// Superseded: the chain has moved on from it.
	Superseded bool
	Tries      int
	Sender     string
	// Bound: Sender's provider may have it from an earlier try, and drops it
	// if it has; no other sender may try.
	Bound      bool
	ProviderID string
	Error      *Failure
	Segments   int
	QueuedAt   Time
	// NotBefore is when the attempt may start (schedule or retry); 0 at once.
	NotBefore Time
	// Deadline is when it must have been handed over, else it expires.
	Deadline Time
	SentAt   Time // accepted by the provider
	EndedAt  Time
	// Due is when the timer of its success status runs out; 0 without one.
	Due Time
}

// Entry is a line of the timeline.
type Entry struct {
	At         Time // when it happened
	ReceivedAt Time // when we learnt of it
	Type       EntryType
	Attempt    int
	// Code gives the reason, where there is one.
	Code string
}

// EntryType is the kind of a timeline entry. The values are stored.
type EntryType uint8

// The entries before firstPrivate and from firstOther on are public: they go
// to the event feed.
const (
	NoEntry EntryType = iota
	MessageQueued
	MessageSent
	MessageDelivered
	MessageRead
	MessageFailed
	MessageExpired
	MessageCanceled
	MessageFallback
	MessageDuplicate
	MessageScheduled
	firstPrivate
	AttemptStarted
	AttemptFailed
	AttemptRetry
	AttemptUnknown
	AttemptSkipped
	AttemptTimeout
	AttemptExpired
	AttemptCanceled
	ReceiptStale
	ReceiptConflict
	// Events that are of no message, and on no timeline.
	ChannelDegraded
	EndpointDisabled
	MessageReceived
	DistributionDone
	entryTypes
)

const firstOther = ChannelDegraded

// LastEntryType is the largest value, for codecs and counters.
const LastEntryType = entryTypes - 1

var entryNames = [entryTypes]string{
	MessageQueued: "message.queued", MessageSent: "message.sent", MessageDelivered: "message.delivered",
	MessageRead: "message.read", MessageFailed: "message.failed", MessageExpired: "message.expired",
	MessageCanceled: "message.canceled", MessageFallback: "message.fallback", MessageDuplicate: "message.duplicate",
	MessageScheduled: "message.scheduled",
	AttemptStarted:   "attempt.started", AttemptFailed: "attempt.failed", AttemptRetry: "attempt.retry",
	AttemptUnknown: "attempt.unknown", AttemptSkipped: "attempt.skipped", AttemptTimeout: "attempt.timeout",
	AttemptExpired: "attempt.expired", AttemptCanceled: "attempt.canceled",
	ReceiptStale: "receipt.stale", ReceiptConflict: "receipt.conflict",
	ChannelDegraded: "channel.degraded", EndpointDisabled: "endpoint.disabled", MessageReceived: "message.received",
	DistributionDone: "distribution.completed",
}

// String returns the name that the API shows.
func (t EntryType) String() string {
	if t < entryTypes {
		return entryNames[t]
	}
	return "invalid"
}

// Public reports whether entries of this type are events that clients see.
func (t EntryType) Public() bool {
	return (t > NoEntry && t < firstPrivate) || (t >= firstOther && t < entryTypes)
}

// OfMessage reports whether entries of this type are about a message.
func (t EntryType) OfMessage() bool { return t < firstOther }

// Current returns the index of the attempt that the chain is at.
func (s *State) Current() int { return len(s.Attempts) - 1 }

// Winner returns the index of the attempt that reached its success status
// (the furthest one, then the earliest), or -1.
func (s *State) Winner(o *Outbound) int {
	best := -1
	for i := range s.Attempts {
		if !s.achieved(o, i) {
			continue
		}
		if best < 0 || s.Attempts[i].Status.rank() > s.Attempts[best].Status.rank() {
			best = i
		}
	}
	return best
}

// Shown returns the index of the attempt whose channel and status the message
// shows: the winner, else the furthest one that was delivered, else the
// current one (the last that was not skipped).
func (s *State) Shown(o *Outbound) int {
	if w := s.Winner(o); w >= 0 {
		return w
	}
	best := -1
	for i := range s.Attempts {
		if s.landed(o, i) && (best < 0 || s.Attempts[i].Status.rank() > s.Attempts[best].Status.rank()) {
			best = i
		}
	}
	if best >= 0 {
		return best
	}
	return s.lastTried()
}

// lastTried returns the last attempt that was not skipped.
func (s *State) lastTried() int {
	for i := s.Current(); i > 0; i-- {
		if s.Attempts[i].Status != Skipped {
			return i
		}
	}
	return 0
}

// achieved reports whether attempt i reached its step's success status.
func (s *State) achieved(o *Outbound, i int) bool {
	a := &s.Attempts[i]
	return a.Status.Reaches(o.Steps[a.Step].Success)
}

// landed reports whether the recipient has attempt i, as far as the channel
// can tell: it was delivered, or reached all that was asked of it.
func (s *State) landed(o *Outbound, i int) bool {
	return s.achieved(o, i) || s.Attempts[i].Status.Reaches(Delivered)
}

// Told returns the set of public statuses already emitted, for the codec.
func (s *State) Told() uint16 { return s.told }

// SetTold restores what Told returned.
func (s *State) SetTold(told uint16) { s.told = told }

// derive computes the message's status from its attempts.
func (s *State) derive(o *Outbound) Status {
	a := &s.Attempts[s.Shown(o)]
	switch a.Status {
	case Queued:
		if o.ScheduledAt != 0 && s.told&(1<<Queued) == 0 && s.Waiting == 0 {
			return Scheduled
		}
	case Unknown:
		if s.Settled {
			return Failed
		}
		return Sending
	case Skipped: // no step of the chain could be tried
		return Failed
	}
	return a.Status
}
