package message

import (
	"strconv"
	"strings"
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

// AttemptRef is the correlation value of one attempt: the message's id, its
// workspace and the attempt's index, as "msg_…-1-0". It says by itself where
// in the log the message is, so that a receipt needs no index to be matched.
func AttemptRef(ws WorkspaceID, id ID, attempt int) string {
	b := AppendID(make([]byte, 0, len(PrefixMessage)+idDigits+14), PrefixMessage, id)
	b = strconv.AppendUint(append(b, '-'), uint64(ws), 10)
	b = strconv.AppendInt(append(b, '-'), int64(attempt), 10)
	return string(b)
}

// ParseAttemptRef reads what AttemptRef wrote, and nothing else.
func ParseAttemptRef(ref string) (ws WorkspaceID, id ID, attempt int, ok bool) {
	const n = len(PrefixMessage) + idDigits
	if len(ref) <= n || ref[n] != '-' {
		return 0, ID{}, 0, false
	}
	owner, index, _ := strings.Cut(ref[n+1:], "-")
	w, errW := strconv.ParseUint(owner, 10, 32)
	k, errK := strconv.ParseUint(index, 10, 8)
	raw, errID := ParseID(PrefixMessage, ref[:n])
	if errW != nil || errK != nil || errID != nil || k >= MaxAttempts {
		return 0, ID{}, 0, false
	}
	ws, id, attempt = WorkspaceID(w), raw, int(k)
	if AttemptRef(ws, id, attempt) != ref { // a sign or a leading zero
		return 0, ID{}, 0, false
	}
	return ws, id, attempt, true
}
