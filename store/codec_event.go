package store

import (
	"messagehub/store/message"
)

const eventVersion = 1

// appendEvent appends the value of an event's row. Position and workspace are
// in the key.
func appendEvent(dst []byte, e *message.Event) []byte {
	dst = append(append(dst, eventVersion), e.Message[:]...)
	dst = append(dst, bit(e.Test), byte(e.Status))
	dst = appendTime(appendString(dst, e.Channel), e.CreatedAt)
	dst = appendEntry(dst, &e.Entry)
	if !e.Entry.Type.OfMessage() {
		dst = appendString(dst, e.Object)
	}
	return dst
}

// decodeEvent reads what appendEvent wrote.
func decodeEvent(e *message.Event, text string) error {
	r := openValue(text, eventVersion)
	r.bytes(e.Message[:])
	e.Test = r.enum(1) == 1
	e.Status = r.status()
	e.Channel = r.string()
	e.CreatedAt = r.time()
	r.entry(&e.Entry)
	if !e.Entry.Type.OfMessage() {
		e.Object = r.string()
	}
	return r.done("event")
}

const indexVersion = 1

// target is what a provider's id stands for.
type target struct {
	workspace message.WorkspaceID
	id        message.ID
	attempt   int
}

// appendTarget appends the value of a provider id's row.
func appendTarget(dst []byte, t target) []byte {
	dst = append(append(dst, indexVersion), t.id[:]...)
	return append(appendInt(dst, int(t.workspace)), byte(t.attempt))
}

func decodeTarget(t *target, text string) error {
	r := openValue(text, indexVersion)
	r.bytes(t.id[:])
	t.workspace = message.WorkspaceID(r.uint32())
	t.attempt = int(r.enum(message.MaxAttempts - 1))
	return r.done("provider id")
}
