package message

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

// PrefixDistribution begins the ids of distributions.
const PrefixDistribution = "dst_"

// DistributionRoute is the route of a distribution's idempotency key.
const DistributionRoute = "content/distribute"

// RoutingMode says which channels a recipient is sent to. The values are
// stored.
type RoutingMode uint8

// The modes: one message that falls back from channel to channel; one for each
// channel; one over the first channel that the recipient has.
const (
	RouteFallback RoutingMode = iota
	RouteAll
	RouteFirst
)

var routingModes = [...]string{"fallback", "all", "first_reachable"}

// RoutingModes returns the names of the modes.
func RoutingModes() []string { return append([]string(nil), routingModes[:]...) }

// String returns the name that the API shows.
func (m RoutingMode) String() string {
	if int(m) < len(routingModes) {
		return routingModes[m]
	}
	return "invalid"
}

// ParseRoutingMode returns the RoutingMode of an API name.
func ParseRoutingMode(name string) (RoutingMode, bool) {
	for i, known := range routingModes {
		if known == name {
			return RoutingMode(i), true
		}
	}
	return 0, false
}

// RecipientZone in place of a time zone stands for the recipient's own.
const RecipientZone = "recipient"

// Window is the part of the day in which messages may go out. It may pass
// midnight. The zero Window is always open.
type Window struct {
	From, To int // minutes after midnight; equal: always open
	Zone     string
	// Default is the zone of a recipient who has none, where Zone is
	// RecipientZone.
	Default string
}

// DistributionPlan is a distribution as the client asked for it; it never
// changes.
type DistributionPlan struct {
	Mode RoutingMode
	// Contents are the channels in their order, each with what is sent there:
	// steps without an address, whose texts may hold {{parameters}}.
	Contents []Step
	// Fixed: the order is the client's own; else a contact's counts first.
	Fixed       bool
	Tags        []string // of the contacts that it goes to, beside its recipients
	PerSecond   int      // messages; 0: as fast as the log takes them
	Window      Window
	ScheduledAt Time
	ExpiresIn   time.Duration
	Reference   string
	// Chunks is how many chunks its own recipients are kept in.
	Chunks int
	// Forecast and Segments are what it was thought to come to when it came; of
	// an audience, an estimate. Segments count what is counted in segments.
	Forecast DistributionCounts
	Segments int
	// Listed is how many invalid recipients were known then.
	Listed int
}

// Addressee is one recipient of a distribution. The zero value is one who has
// been erased.
type Addressee struct {
	Index   int // in the request
	Contact ID  // zero: addresses alone
	// To are addresses; they go before those of the contact.
	To     []Identity
	Params []Param
}

// Erased reports whether the recipient is gone.
func (r *Addressee) Erased() bool { return r.Contact.IsZero() && len(r.To) == 0 }

// RecipientChunk is a part of a distribution's own recipients.
type RecipientChunk struct {
	// Revision changes with each erasure.
	Revision   uint64
	Recipients []Addressee
}

// RecipientChunkSize is how many recipients are kept, or asked for, at a time.
const RecipientChunkSize = 250

// MaxRecipients is how many recipients a distribution may bring itself.
const MaxRecipients = 10_000

// DistributionState is how far a distribution has come. The values are stored.
type DistributionState uint8

// The states.
const (
	// Expanding: messages are still being made.
	Expanding DistributionState = iota
	// Running: all are made; some are on their way.
	Running
	// Paused: no more are made, and those that wait are withheld, until it is
	// resumed.
	Paused
	// DistributionCompleted: nothing is on its way any more.
	DistributionCompleted
	// DistributionCanceled: no more are made, and those that wait are taken back.
	DistributionCanceled
)

var distributionStates = [...]string{"expanding", "running", "paused", "completed", "canceled"}

// LastDistributionState is the largest value, for codecs.
const LastDistributionState = DistributionCanceled

// String returns the name that the API shows.
func (s DistributionState) String() string {
	if int(s) < len(distributionStates) {
		return distributionStates[s]
	}
	return "invalid"
}

// DistributionCursor is the place up to which recipients have been taken: its
// own ones come first, then the contacts of one tag after the other.
type DistributionCursor struct {
	Chunk, Offset int
	Tag           int
	After         Position // of the tag's contacts
}

// DistributionCounts counts recipients, and the messages made for them.
type DistributionCounts struct {
	Recipients, Messages, Invalid, Duplicates, OptedOut int
}

// Add adds other to c.
func (c *DistributionCounts) Add(other DistributionCounts) {
	c.Recipients += other.Recipients
	c.Messages += other.Messages
	c.Invalid += other.Invalid
	c.Duplicates += other.Duplicates
	c.OptedOut += other.OptedOut
}

// Minus returns what c has more than other.
func (c DistributionCounts) Minus(other DistributionCounts) DistributionCounts {
	c.Add(DistributionCounts{-other.Recipients, -other.Messages, -other.Invalid, -other.Duplicates, -other.OptedOut})
	return c
}

// InvalidRecipient is a recipient whom no message could be made for. It holds
// nothing personal.
type InvalidRecipient struct {
	Index   int // in the request; -1: it is one of the audience
	Contact ID  // zero: addresses alone
	Code    string
	Param   string // what is missing or wrong
}

// MaxInvalidListed bounds the invalid recipients that are remembered.
const MaxInvalidListed = 100

// DistributionProgress is what changes about a distribution.
type DistributionProgress struct {
	State  DistributionState
	Cursor DistributionCursor
	Counts DistributionCounts
	// Invalid are the first of the invalid recipients.
	Invalid []InvalidRecipient
	// NextAt is the earliest moment for the next messages, where there is a rate.
	NextAt Time
	// Spans is how many runs of messages it has: see Span.
	Spans int
	// Swept is how many of them have been taken back, after a cancel.
	Swept int
	// Held is how many of them, the last ones, may hold messages that a pause has
	// withheld and that are to be released; 0 while it is paused.
	// Invariant: none is made while it is not 0.
	Held int
	// Booked are the parts of its rate that are taken in advance.
	Booked    []Booking
	UpdatedAt Time
}

// Distribution is one content to many recipients.
type Distribution struct {
	ID        ID // shown with PrefixDistribution
	Owner     Owner
	CreatedAt Time
	Plan      DistributionPlan
	Progress  DistributionProgress
	// Version is the position at which it last changed.
	Version Position
	// Replayed: it was accepted before, under the same idempotency key.
	Replayed bool
}

// Made reports whether all its messages are made.
func (d *Distribution) Made() bool {
	c := &d.Progress.Cursor
	return c.Chunk == d.Plan.Chunks && c.Tag == len(d.Plan.Tags)
}

// Open reports whether it may still change.
func (d *Distribution) Open() bool { return d.Active() || d.Progress.State == Paused }

// Active reports whether there is something left to do for it now.
func (d *Distribution) Active() bool {
	switch d.Progress.State {
	case Expanding, Running:
		return true
	case DistributionCanceled:
		return d.Progress.Swept < d.Progress.Spans
	}
	return false
}

// Span is a run of messages that were made in one operation: their positions
// follow each other.
type Span struct {
	First Position
	Count int
}

// Expansion is the next step of a distribution: all of it is one operation.
//
// Ownership: the log keeps nothing of it.
type Expansion struct {
	ID    ID
	Owner Owner
	// Version is the one that the distribution must have.
	Version Position
	// Revision is that of the chunk of recipients that the messages are made
	// from, where the step begins within one.
	Revision uint64
	At       Time
	// Progress is the new one, but for its Spans.
	Progress DistributionProgress
	Messages []Outbound
	// Marks are hashes of whom the messages go to: see Store.Marked.
	Marks []Mark
}

// Mark stands for a contact or an address that a distribution has reached.
type Mark [16]byte

// MarkOf returns the mark of texts that say whom a message goes to.
func MarkOf(texts ...string) Mark {
	var room [256]byte
	b := room[:0]
	for _, text := range texts {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	sum := sha256.Sum256(b)
	return Mark(sum[:16])
}

// DistributionRequest asks for a distribution.
//
// Ownership: the log keeps nothing of it.
type DistributionRequest struct {
	Owner      Owner
	At         Time
	Salt       uint64 // 44 random bits, for the id
	Plan       DistributionPlan
	Progress   DistributionProgress
	Recipients []Addressee
	Key        Idempotency
}

// ErrDistributionState is the answer to a change that the state of a
// distribution does not allow.
var ErrDistributionState = errors.New("distribution is in another state")

// Resting reports whether nothing will happen to the message any more unless a
// receipt comes: it waits in no lane and for no timer.
func (s *State) Resting() bool {
	if s.Waiting != 0 || !s.Settled && s.Attempts[s.Current()].Due != 0 {
		return false
	}
	for i := range s.Attempts {
		if status := s.Attempts[i].Status; status == Queued || status == Sending {
			return false
		}
	}
	return true
}
