package message

import (
	"strconv"
	"time"
)

// Receipt is what a provider reported about one of its messages, after its
// signature was checked and its form understood.
type Receipt struct {
	Channel string
	Test    bool
	// ProviderID is the provider's id of the message. If it is empty, Ref must
	// be set.
	ProviderID string
	// Ref is our own correlation value (see [AttemptRef]) where the channel
	// echoes one.
	Ref    string
	Status Status // Sent, Delivered, Read or Failed
	// Failure is set where Status is Failed.
	Failure *Failure
	// RetryAfter, if positive, says that the provider's failure is passing and
	// that sending again after this long is safe and sensible.
	RetryAfter time.Duration
	At         Time // as the provider says; 0 if it does not
}

// AttemptRef is the correlation value of one attempt: the message id and the
// attempt's index, as "msg_…-0".
func AttemptRef(id ID, attempt int) string {
	return id.String() + "-" + strconv.Itoa(attempt)
}

// ParseAttemptRef reads what AttemptRef wrote.
func ParseAttemptRef(ref string) (id ID, attempt int, ok bool) {
	const n = len(PrefixMessage) + idDigits
	if len(ref) < n+2 || ref[n] != '-' {
		return ID{}, 0, false
	}
	raw, err := ParseID(PrefixMessage, ref[:n])
	if err != nil {
		return ID{}, 0, false
	}
	k, err := strconv.ParseUint(ref[n+1:], 10, 8)
	if err != nil || int(k) >= MaxAttempts || AttemptRef(raw, int(k)) != ref {
		return ID{}, 0, false
	}
	return raw, int(k), true
}
