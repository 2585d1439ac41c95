package actors

import "sync"

// inbox holds what attempts and gates tell an actor. It never blocks a sender:
// it is bounded by the permits and the jobs that are out.
type inbox struct {
	// wake holds a token while there may be something new for the actor, in
	// the inbox or in the mailbox.
	wake chan struct{}

	mu struct {
		sync.Mutex
		events []event
	}
	spare []event // the actor's alone: the slice it gave back last
}

func newInbox() *inbox { return &inbox{wake: make(chan struct{}, 1)} }

// put adds e and wakes the actor.
func (b *inbox) put(e event) {
	b.mu.Lock()
	b.mu.events = append(b.mu.events, e)
	b.mu.Unlock()
	b.nudge()
}

// nudge wakes the actor.
func (b *inbox) nudge() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take returns all events, in order. They are valid until the next take.
func (b *inbox) take() []event {
	b.mu.Lock()
	events := b.mu.events
	b.mu.events = b.spare[:0]
	b.mu.Unlock()
	b.spare = events
	return events
}
