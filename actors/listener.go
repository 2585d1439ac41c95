package actors

import (
	"time"

	"messagehub/store/message"
)

// Listener is told what happens, for logs and metrics. Its functions are
// called from many goroutines, without a lock, and must not block; those left
// nil are not called. None of them sees an address or a content.
type Listener struct {
	// OnSend is told each send's outcome, and how long the provider took.
	OnSend func(lane message.Lane, sender string, o Outcome, took time.Duration)
	// OnBreaker is told when a sender's breaker changes its state.
	OnBreaker func(lane message.Lane, sender string, state BreakerState)
	// OnBehind is told when a shard's mailbox overflows into the log, and when
	// it has caught up.
	OnBehind func(lane message.Lane, shard int, behind bool)
	// OnQuarantine is told of each panic of an adapter.
	OnQuarantine func(lane message.Lane, sender string, p Panic)
}

// Outcome is what a send came to. Kind, Code and Class are from fixed sets.
type Outcome struct {
	Message message.ID
	Attempt int
	Kind    message.FactKind // Accepted, Rejected, Deferred or Lost
	Code    string           // of the closed table; empty if accepted
	Class   message.Class
}

// Panic says where an adapter panicked: never over what, which may be foreign.
type Panic struct {
	Message message.ID // zero if it was over a receipt
	Attempt int
	Type    string // of the value
	Place   string // function and line
	Hash    uint64 // of the stack
}

// ensureDefaults makes every function callable.
func (l *Listener) ensureDefaults() {
	if l.OnSend == nil {
		l.OnSend = func(message.Lane, string, Outcome, time.Duration) {}
	}
	if l.OnBreaker == nil {
		l.OnBreaker = func(message.Lane, string, BreakerState) {}
	}
	if l.OnBehind == nil {
		l.OnBehind = func(message.Lane, int, bool) {}
	}
	if l.OnQuarantine == nil {
		l.OnQuarantine = func(message.Lane, string, Panic) {}
	}
}
