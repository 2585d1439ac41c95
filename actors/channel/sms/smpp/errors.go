package smpp

import (
	"errors"
	"fmt"
	"time"
)

// Refused is the SMSC's no to a message, or to a bind: nothing was taken.
type Refused struct {
	Status uint32 // its command_status
	Bind   bool
	// Pause is how long the Client sends nothing, where the SMSC throttles.
	Pause time.Duration
}

// Error implements error.
func (r *Refused) Error() string {
	what := "message"
	if r.Bind {
		what = "bind"
	}
	return fmt.Sprintf("%s refused with command_status 0x%08X", what, r.Status)
}

// Throttled reports whether the SMSC wants the whole account to slow down.
func (r *Refused) Throttled() bool {
	return r.Status == statusThrottled || r.Status == statusQueueFull
}

// NotSent says that the message did not reach the SMSC: it may be sent again.
type NotSent struct{ Cause error }

// Error implements error.
func (e *NotSent) Error() string { return "message not sent: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *NotSent) Unwrap() error { return e.Cause }

// Unknown says that the message was written but not answered: the SMSC may
// have taken it.
type Unknown struct{ Cause error }

// Error implements error.
func (e *Unknown) Error() string { return "message not answered: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *Unknown) Unwrap() error { return e.Cause }

// Why a session has ended or an answer is none.
var (
	errLength    = errors.New("PDU length out of bounds")
	errSilent    = errors.New("SMSC does not answer enquire_link")
	errState     = errors.New("SMSC says that there is no bind")
	errUnbound   = errors.New("SMSC has unbound")
	errStopped   = errors.New("stopped")
	errMalformed = errors.New("malformed answer")
	errNoBind    = errors.New("answer to the bind is none")
	// errSlotless: the session ended before the request was written.
	errSlotless = errors.New("bind lost")
)

// The values of command_status that the session itself acts upon or answers
// with.
const (
	statusOK         = 0x00
	statusBadLength  = 0x02
	statusBadCommand = 0x03
	statusBadState   = 0x04
	statusQueueFull  = 0x14
	statusThrottled  = 0x58
	statusTryLater   = 0x64 // RX_T_APPN: the SMSC is to deliver again
	statusUnreadable = 0x65 // RX_P_APPN: it is not
)
