package message

// PrefixBatch begins the ids of batches.
const PrefixBatch = "bat_"

// BatchRoute is the route of a batch's idempotency key.
const BatchRoute = "messages/batch"

// BatchKind is what became of one message of a batch when it came.
type BatchKind uint8

// The kinds. The values are stored.
const (
	BatchRejected BatchKind = iota
	BatchAccepted
	// BatchDuplicate: its reference belongs to a message of the last day.
	BatchDuplicate
)

// BatchItem is one message of a batch.
type BatchItem struct {
	Kind BatchKind
	// ID is the message's; of a duplicate, the first message's.
	ID ID
	// Status is Queued or Scheduled, where it was accepted.
	Status Status
	// Error is why it was rejected, as the JSON object that the client got.
	Error string
}

// Batch is a set of messages that came in one request, in their order.
type Batch struct {
	ID        ID
	Workspace WorkspaceID
	Test      bool
	CreatedAt Time
	Items     []BatchItem
	// Replayed: it was accepted before, under the same idempotency key.
	Replayed bool
}

// Count returns how many of its messages are of the kind.
func (b *Batch) Count(kind BatchKind) int {
	n := 0
	for i := range b.Items {
		if b.Items[i].Kind == kind {
			n++
		}
	}
	return n
}

// BatchEntry takes the messages of one batch, in order. It is for one
// goroutine, and good for one Commit.
type BatchEntry interface {
	// Add takes a message and keeps nothing of o. dedupe: it is a duplicate if
	// the workspace has had its reference within a day.
	Add(o *Outbound, dedupe bool) error
	// Reject notes a message that is not taken, and why, as a JSON object.
	Reject(reason string)
	// Commit returns when all that was added is durable. Up to 1,000 messages
	// are of one record of the log: a crash leaves all of them or none.
	Commit(key Idempotency) (Batch, error)
}
