package message

// Status is where a message or an attempt stands. The values are stored:
// never renumber them.
type Status uint8

// Messages use Scheduled, Queued, Sending, Sent, Delivered, Read and the ends
// Failed, Expired, Canceled. Attempts use Queued, Sending, Sent, Delivered,
// Read and the ends Failed, Expired, Skipped, Canceled, Unknown; a chain's
// step that has no attempt yet is shown as Pending.
const (
	NoStatus Status = iota
	Pending
	Scheduled
	Queued
	Sending
	Sent
	Delivered
	Read
	Failed
	Expired
	Skipped
	Canceled
	// Unknown: the request may or may not have reached the provider.
	Unknown
)

var statusNames = [...]string{
	"", "pending", "scheduled", "queued", "sending", "sent", "delivered", "read",
	"failed", "expired", "skipped", "canceled", "unknown",
}

// String returns the name that the API shows.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "invalid"
}

// ParseStatus returns the Status of an API name.
func ParseStatus(name string) (Status, bool) {
	for i := 1; i < len(statusNames); i++ {
		if statusNames[i] == name {
			return Status(i), true
		}
	}
	return NoStatus, false
}

// rank orders the positive statuses of an attempt; an attempt only moves up.
// Ends other than these have rank 0, so that any proof of life lifts them.
func (s Status) rank() int {
	switch s {
	case Queued:
		return 1
	case Sending:
		return 2
	case Sent:
		return 3
	case Delivered:
		return 4
	case Read:
		return 5
	}
	return 0
}

// floor is the rank that a receipt must exceed to lift s: a failure or an
// expiry follows "sent", so only a delivery proves it wrong.
func (s Status) floor() int {
	if s == Failed || s == Expired {
		return Sent.rank()
	}
	return s.rank()
}

// Reaches reports whether s is at least the success status want.
func (s Status) Reaches(want Status) bool { return s.rank() > 0 && s.rank() >= want.rank() }

// Handed reports whether a provider has, or may have, the attempt.
func (s Status) Handed() bool {
	return s == Sending || s == Sent || s == Delivered || s == Read || s == Unknown
}
