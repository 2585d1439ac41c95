package message

import (
	"crypto/rand"
	"errors"
	"time"
)

// Prefixes of the ids of endpoints and events.
const (
	PrefixEndpoint = "whe_"
	PrefixEvent    = "evt_"
)

// Endpoint is where a workspace's events are delivered to. It gets those of
// live messages, or those of test messages.
type Endpoint struct {
	ID          ID // shown with PrefixEndpoint
	Workspace   WorkspaceID
	Test        bool
	URL         string
	Types       []string // names of event types; empty: every type
	Description string
	// Secrets sign what is delivered, the one in force first.
	Secrets    []SealedSecret
	Disabled   DisableReason // NotDisabled: it gets events
	DisabledAt Time
	CreatedAt  Time
	UpdatedAt  Time
	// Revision counts the changes. A change is made to the revision that its
	// maker has seen, or refused.
	Revision uint64
}

// ErrRevision is the answer to a change of a revision that is not the last.
var ErrRevision = errors.New("endpoint has been changed meanwhile")

// SealedSecret is a signing secret as the vault has sealed it.
type SealedSecret struct {
	Sealed    string
	ExpiresAt Time // 0: never
}

// NewEndpointID draws an id.
func NewEndpointID() (id ID) {
	rand.Read(id[:]) // never fails: crypto/rand aborts the process instead
	return id
}

// DisableReason is why an endpoint gets no events. The values are stored.
type DisableReason uint8

// The reasons. What was told to an endpoint's client stays in the feed.
const (
	NotDisabled DisableReason = iota
	// DisabledByClient: a client asked for it.
	DisabledByClient
	// DisabledGone: it answered 410 Gone.
	DisabledGone
	// DisabledFailing: nothing could be delivered for too long.
	DisabledFailing
	disableReasons
)

// LastDisableReason is the largest value, for the codec.
const LastDisableReason = disableReasons - 1

// String returns the name that the API shows; "" for NotDisabled.
func (r DisableReason) String() string {
	return [disableReasons]string{"", "requested", "gone", "failing"}[r]
}

// EventName names an event of a feed: its place in the log, and its number
// among the events of that place.
type EventName struct {
	Position Position
	Ordinal  int
}

// Name returns what names the event.
func (e *Event) Name() EventName { return EventName{e.Position, e.Ordinal} }

// ID returns the event's id, shown with PrefixEvent.
func (n EventName) ID() ID { return NewID(n.Position, uint64(n.Ordinal)) }

// ParseEventName reads the id of an event. It accepts exactly what ID gives.
func ParseEventName(text string) (EventName, error) {
	raw, err := ParseID(PrefixEvent, text)
	if err != nil {
		return EventName{}, err
	}
	n := EventName{ID(raw).Position(), int(raw[15])}
	if n.Position == 0 || n.ID() != ID(raw) {
		return EventName{}, ErrBadID
	}
	return n, nil
}

// Outbox is how far the deliveries to one endpoint have come.
type Outbox struct {
	// Cursor: every event up to it has been delivered, given up, or waits as a Redelivery.
	Cursor Position
	// Logged counts the deliveries that were ever logged.
	Logged uint64
	Health EndpointHealth
}

// EndpointHealth is what the last deliveries have shown of an endpoint.
type EndpointHealth struct {
	Failures   int  // in a row
	FirstAt    Time // of the first of them
	LastFailed EventName
	// Several: they are of more than one event, so it's not the event's fault.
	Several bool
	// Probes counts the failed ones since the endpoint is taken to be down.
	Probes int
	// NotBefore is when anything may be delivered again.
	NotBefore Time
}

// Redelivery is an event that could not be delivered, and will be tried again.
type Redelivery struct {
	Event    EventName
	Attempts int // that have failed
	Due      Time
}

// Replay is a part of the feed that is delivered once more.
type Replay struct {
	// Next: what lies before it has been delivered, or waits as a Redelivery. End is
	// where the replay ends; a replay with Next >= End is over.
	Next, End    Position
	Since, Until Time // of the events that are meant; Until 0: no bound
}

// Has reports whether the replay is not over.
func (r *Replay) Has() bool { return r.Next < r.End }

// Delivery is one attempt to deliver an event, as the log of deliveries
// keeps it.
type Delivery struct {
	Number  uint64
	Event   EventName
	Type    EntryType
	At      Time
	Attempt int // 1 is the first
	Outcome DeliveryOutcome
	Status  int // of the HTTP answer; 0: there was none
	Took    time.Duration
	// NextAt is when it will be tried again; 0: not by a time that is known.
	NextAt Time
	// GivenUp: it will not be tried again.
	GivenUp bool
}

// DeliveryOutcome is what a delivery came to. The values are stored.
type DeliveryOutcome uint8

// The outcomes.
const (
	DeliveryDone DeliveryOutcome = iota
	// RefusedStatus: the answer was not 2xx.
	RefusedStatus
	// RefusedRedirect: the answer was a redirect, which is not followed.
	RefusedRedirect
	// EndpointGone: the answer was 410.
	EndpointGone
	// DeliveryTimeout: there was no answer in time.
	DeliveryTimeout
	// AddressNotFound: the name has no address.
	AddressNotFound
	// AddressForbidden: the name leads to an address that is not allowed.
	AddressForbidden
	// ConnectionFailed: anything else that ended without an answer.
	ConnectionFailed
	// EventRemoved: the event is older than the retention time.
	EventRemoved
	deliveryOutcomes
)

// LastDeliveryOutcome is the largest value, for the codec and the metrics.
const LastDeliveryOutcome = deliveryOutcomes - 1

// String returns the name that the API shows.
func (o DeliveryOutcome) String() string {
	return [deliveryOutcomes]string{
		"delivered", "refused_status", "refused_redirect", "gone", "timeout", "address_not_found", "address_forbidden",
		"connection_failed", "event_removed",
	}[o]
}

// Settlement is what a number of deliveries have come to.
type Settlement struct {
	Outbox Outbox // as it is now
	Later  []Redelivery
	// Done names the redeliveries that are over.
	Done []EventName
	// Log are the deliveries, with their numbers.
	Log []Delivery
	// Replay is where the replay is now; nil: it has not changed.
	Replay *Replay
}
