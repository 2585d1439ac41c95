package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// op is one operation of the log: something already decided or observed, to
// be folded into the rows.
//
// Invariant: apply is deterministic. It uses no clock, no configuration and no
// randomness; times and random bits are in the op. Equal ops on equal rows
// write equal bytes.
type op interface {
	// apply writes the op's rows through t. An error refuses the op: its
	// caller gets the error, and apply must have written nothing.
	apply(t *txn) error
}

// txn is the batch of one log record while the committer builds it, and what
// has to be told to others once it is durable.
//
// Ownership: the committer's. An op must not keep it.
type txn struct {
	db    *pebble.DB
	batch *pebble.Batch
	head  *head
	lanes *lanes
	names *names
	// These are memories of the committer's, shared by its records.
	states  *states
	targets *targets
	early   *early
	optOuts *optOuts
	erased  erased
	// written holds the rows set or deleted by earlier ops of this batch.
	written overlay
	value   []byte // what get returned last
	// key and row are scratch: for the next key and value to write.
	key, row []byte
	// at, text and effects are scratch: the state that the op looks at, its row,
	// and what follows from its fact.
	at      message.State
	text    []byte
	effects message.Effects
	index   int // of the op that runs, within the record
	ordinal int // of the op's next event

	// fed and events are told after the batch is durable, in this order.
	fed []fed
	// admitted are the record's new messages whose pending rows are written
	// at its end.
	admitted []*acceptOp
	events   []message.Event
	// earliest is the first timer that was armed; 0: none.
	earliest message.Time
	// reopened: there is something to erase again.
	reopened bool
	// err is the first error of the engine. The record must not be committed.
	err error
}

// fed is a job for the mailbox of a shard.
type fed struct {
	lane  *lane
	shard int
	job   message.Job
}

// begin makes t ready for the record after head.
func (t *txn) begin() {
	t.batch.Reset()
	t.written.reset()
	clear(t.events)
	t.fed, t.events = t.fed[:0], t.events[:0]
	t.earliest, t.reopened, t.err = 0, false, nil
	t.head.sequence++
}

// run applies o as the index-th operation of the record.
func (t *txn) run(o op, index int) error {
	t.index, t.ordinal = index, 0
	return o.apply(t)
}

// position returns the place of the running op in the log.
func (t *txn) position() message.Position { return message.At(t.head.sequence, t.index) }

// get returns the row at key, as the ops before this one have left it.
//
// Ownership: the value is valid until the next get.
func (t *txn) get(key []byte) (value []byte, ok bool) {
	if value, ok, known := t.written.get(key); known {
		return value, ok
	}
	value, closer, err := t.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, false
	}
	if err != nil {
		t.fail(fmt.Errorf("read row: %w", err))
		return nil, false
	}
	t.value = append(t.value[:0], value...)
	if err := closer.Close(); err != nil {
		t.fail(fmt.Errorf("read row: %w", err))
	}
	return t.value, true
}

// set writes a row. It copies both slices.
func (t *txn) set(key, value []byte) {
	k, v := t.put(len(key), len(value))
	copy(k, key)
	copy(v, value)
	t.written.set(k, v)
}

// put returns the memory of a new row, for the caller to fill before the next
// call of t. It's for rows that no op of the same record will get.
func (t *txn) put(keySize, valueSize int) (key, value []byte) {
	d := t.batch.SetDeferred(keySize, valueSize)
	return d.Key, d.Value
}

// delete removes a row; it may not exist.
func (t *txn) delete(key []byte) {
	d := t.batch.DeleteDeferred(len(key))
	copy(d.Key, key)
	t.written.delete(d.Key)
}

// deleteRange removes the rows from start to before end. Ops of the same
// record still get them.
func (t *txn) deleteRange(start, end []byte) {
	t.fail(t.batch.DeleteRange(start, end, nil))
	t.states.forget()
}

// fail notes an error of the engine: there is no way to go on from it.
func (t *txn) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}
