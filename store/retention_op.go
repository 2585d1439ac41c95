package store

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// retainOp removes the messages of one workspace that were accepted before the
// sequence bound and are over, of the next retainChunk messages from on. It
// decides in the commit loop: no fact can come between the look and the
// removal.
type retainOp struct {
	at        message.Time
	workspace message.WorkspaceID
	bound     uint64
	// stale: those accepted below this sequence count as settled.
	stale uint64
	from  message.ID

	// next is where the next chunk begins; zero: this was the last one.
	next          message.ID
	removed, kept int
}

func (o *retainOp) apply(t *txn) error {
	t.tick(o.at)
	o.next, o.removed, o.kept = message.ID{}, 0, 0
	w, err := o.open(t)
	if err == nil {
		err = o.walk(t, w)
	}
	if err = errors.Join(err, w.close()); err != nil {
		t.fail(err)
		return err
	}
	if o.next.IsZero() {
		o.removeEvents(t)
	}
	o.sum(t)
	return t.err
}

// walk looks at one chunk, and removes each run of messages that are over.
func (o *retainOp) walk(t *txn, w *retainWalk) error {
	var run [][]byte
	seen := 0
	for ok := w.messages.First(); ok; ok = w.messages.Next() {
		if seen++; seen > retainChunk {
			o.next = message.ID(w.messages.Key()[5:])
			break
		}
		if _, ok, known := t.written.get(w.messages.Key()); known && !ok {
			continue // removed by an earlier op of this record
		}
		s, err := w.state(t)
		if err != nil {
			return err
		}
		if s != nil && isOver(s, o.at, o.isStale(w.messages.Key())) {
			o.disarm(t, w.messages.Key(), s)
			run = append(run, bytes.Clone(w.messages.Key()))
			continue
		}
		o.kept++
		o.remove(t, run)
		run = run[:0]
	}
	o.remove(t, run)
	return nil
}

// remove removes a run of messages that has no other one between its ends. The
// overlay learns of each, so that no later op of this record finds them.
func (o *retainOp) remove(t *txn, run [][]byte) {
	if len(run) == 0 {
		return
	}
	o.removed += len(run)
	for _, prefix := range []byte{prefixOutbound, prefixState} {
		for _, key := range run {
			key = bytes.Clone(key)
			key[0] = prefix
			t.written.delete(key)
		}
		start, end := bytes.Clone(run[0]), append(bytes.Clone(run[len(run)-1]), 0)
		start[0], end[0] = prefix, prefix
		t.deleteRange(start, end)
	}
}

// removeEvents removes the events, the batches and the messages that came in of
// the workspace from before the bound, and the distributions that are over.
func (o *retainOp) removeEvents(t *txn) {
	owner := appendOwnerKey(nil, prefixEvent, o.workspace)
	t.deleteRange(owner, appendPosition(bytes.Clone(owner), message.At(o.bound, 0)))
	for _, prefix := range []byte{prefixBatch, prefixReceived} {
		t.deleteRange(appendOwnerKey(nil, prefix, o.workspace),
			appendRowKey(nil, prefix, o.workspace, message.NewID(message.At(o.bound, 0), 0)))
	}
	o.removeDistributions(t)
}

// sum adds the chunk to what has been removed so far.
func (o *retainOp) sum(t *txn) {
	var sum retained
	if value, ok := t.get([]byte(keyRetained)); ok {
		var err error
		if sum, err = decodeRetained(string(value)); err != nil {
			t.fail(errors.Join(ErrCorrupt, err))
			return
		}
	}
	sum.sequence = max(sum.sequence, o.bound)
	sum.messages += uint64(o.removed)
	t.head.retained = sum.sequence
	t.set([]byte(keyRetained), appendRetained(nil, sum))
}

// retainWalk goes through the messages of a chunk and, beside them, their
// states as they were before this record.
type retainWalk struct{ messages, states *pebble.Iterator }

func (o *retainOp) open(t *txn) (*retainWalk, error) {
	w := new(retainWalk)
	var err error
	if w.messages, err = o.scan(t, prefixOutbound); err != nil {
		return w, err
	}
	if w.states, err = o.scan(t, prefixState); err == nil {
		w.states.First()
	}
	return w, err
}

func (o *retainOp) scan(t *txn, prefix byte) (*pebble.Iterator, error) {
	return t.db.NewIter(&pebble.IterOptions{
		LowerBound: appendRowKey(nil, prefix, o.workspace, o.from),
		UpperBound: appendRowKey(nil, prefix, o.workspace, message.NewID(message.At(o.bound, 0), 0)),
	})
}

// state returns the state of the message that w stands at; nil: it is as it
// was accepted, and waits.
func (w *retainWalk) state(t *txn) (*message.State, error) {
	key := bytes.Clone(w.messages.Key())
	key[0] = prefixState
	value, ok, known := t.written.get(key)
	if !known {
		for w.states.Valid() && bytes.Compare(w.states.Key(), key) < 0 {
			w.states.Next()
		}
		if ok = w.states.Valid() && bytes.Equal(w.states.Key(), key); ok {
			var err error
			if value, err = w.states.ValueAndErr(); err != nil {
				return nil, err
			}
		}
	}
	if !ok {
		return nil, nil
	}
	s := new(message.State)
	if _, err := decodeState(s, string(value), maxSteps); err != nil {
		return nil, errors.Join(ErrCorrupt, err)
	}
	return s, nil
}

func (o *retainOp) isStale(key []byte) bool {
	return message.ID(key[5:]).Position().Sequence() < o.stale
}

// isOver reports whether nothing will happen to a message any more but for a
// late receipt. A stale one may hope for a receipt that settles it, no more.
func isOver(s *message.State, at message.Time, stale bool) bool {
	if (!s.Settled && !stale) || s.Waiting != 0 {
		return false
	}
	for i := range s.Attempts {
		a := &s.Attempts[i]
		if a.Due > at || a.Status == message.Queued || a.Status == message.Sending {
			return false
		}
	}
	return true
}

// disarm removes the timers of a message that have run out, should they not
// have fired yet.
func (o *retainOp) disarm(t *txn, key []byte, s *message.State) {
	for i := range s.Attempts {
		if due := s.Attempts[i].Due; due != 0 {
			t.disarm(message.Timer{At: due, Kind: message.TimerSuccess, Attempt: i}, o.workspace, message.ID(key[5:]))
		}
	}
}

func (w *retainWalk) close() error {
	var err error
	for _, it := range []*pebble.Iterator{w.messages, w.states} {
		if it != nil {
			err = errors.Join(err, it.Error(), it.Close())
		}
	}
	return err
}
