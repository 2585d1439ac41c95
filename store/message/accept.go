package message

import "errors"

// Idempotency is the client's promise that repeats of a request mean the same
// message. The zero value promises nothing.
//
// Ownership: Route and Key borrow the request's memory, as Outbound does.
type Idempotency struct {
	Route string // such as "messages/send"
	Key   string // empty: none
	// Body is the SHA-256 of the request's body.
	Body [32]byte
	At   Time
}

// Acceptance is the log's answer to a message: durable, or accepted before under
// the same idempotency key.
type Acceptance struct {
	ID       ID
	Replayed bool
	Status   Status // Queued or Scheduled
}

// Ticket stands for a message on its way to the disk. It means something to the
// log alone that gave it, and is good for one Await.
type Ticket any

// Completion is told, once, what became of a message: with a nil error it is
// durable. What was foretold of it holds, unless it was accepted before. The log
// calls it from goroutines of its own; it must not wait for the log, nor for
// anything that may take long.
type Completion interface{ Complete(Acceptance, error) }

// Errors of accepting a message, told apart by how the client is answered.
var (
	// ErrKeyReused: the idempotency key belongs to another body.
	ErrKeyReused = errors.New("idempotency key was used with another body")
	// ErrUnavailable: the log takes nothing (closed, poisoned, no space).
	// Nothing was acknowledged.
	ErrUnavailable = errors.New("log is not available")
)
