package store

import (
	"encoding/binary"
	"math"
	"sync/atomic"

	"messagehub/store/message"
)

// head is how far the log has come. Its row is written in every batch, so it
// says at open what the rows beside it add up to.
type head struct {
	mark
	// hour is the latest hour that an operation came from.
	hour uint32
	// retained: messages accepted below this sequence may be gone. It has a
	// row of its own.
	retained uint64
}

// durable is the mark of the last record that is known to be on disk.
type durable struct{ sequence, accepted atomic.Uint64 }

func (d *durable) advance(m mark) {
	d.accepted.Store(m.accepted)
	d.sequence.Store(m.sequence)
}

// mark returns a mark that the disk has reached; it may have gone further.
func (d *durable) mark() mark { return mark{d.sequence.Load(), d.accepted.Load()} }

// holds reports whether what was written at p is durable.
func (d *durable) holds(p message.Position) bool { return p.Sequence() <= d.sequence.Load() }

const headVersion = 1

// writeHead ends the record: it writes the head as the ops have left it.
func (t *txn) writeHead() {
	b := append(t.value[:0], headVersion)
	b = binary.AppendUvarint(b, t.head.sequence)
	b = binary.AppendUvarint(b, t.head.accepted)
	b = binary.AppendUvarint(b, uint64(t.head.hour))
	b = t.lanes.appendCounts(b)
	t.value = b
	t.key = append(t.key[:0], keyHead...)
	key, value := t.put(len(t.key), len(b))
	copy(key, t.key)
	copy(value, b)
}

// readHead returns the head and the pending counts that value holds.
func readHead(value string, counts func(message.Lane, int64)) (head, error) {
	var h head
	r := openValue(value, headVersion)
	h.sequence = r.uint64()
	h.accepted = r.uint64()
	h.hour = r.uint32()
	for n := int(r.byte())<<8 | int(r.byte()); n > 0 && !r.fault; n-- {
		lane := message.Lane{Channel: r.string(), Test: r.enum(1) == 1}
		counts(lane, int64(r.int(math.MaxInt64)))
	}
	if h.sequence > message.MaxSequence {
		r.fail()
	}
	return h, r.done("head of the log")
}
