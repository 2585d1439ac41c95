package store

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// checkMessages goes through the messages and, beside them, their states.
func (c *checker) checkMessages() error {
	states, err := openScan(c.db, []byte{prefixState})
	if err != nil {
		return err
	}
	w := &stateWalk{c: c, rows: states}
	states.First()
	err = eachRow(c.db, []byte{prefixOutbound}, func(key, value []byte) error {
		c.count("message")
		w.skipTo(key)
		c.checkMessage(key, string(value), w)
		return nil
	})
	for states.Valid() { // behind the last message
		w.stray()
	}
	if kept, gone := c.report.Rows["message"], c.retained.messages; err == nil && kept+gone != c.head.accepted {
		c.fault("message", "", "%d are there and %d were removed, but %d were accepted", kept, gone, c.head.accepted)
	}
	return closeScan(states, err)
}

// stateWalk stands at a state's row.
type stateWalk struct {
	c    *checker
	rows *pebble.Iterator
}

// skipTo goes to the state of the message at key, or where it would be. States
// before it have no message.
func (w *stateWalk) skipTo(key []byte) {
	for w.rows.Valid() && bytes.Compare(w.rows.Key()[1:], key[1:]) < 0 {
		w.stray()
	}
}

func (w *stateWalk) stray() {
	w.c.count("state")
	w.c.fault("state", rowName(w.rows.Key()), "there is no message that it is of")
	w.rows.Next()
}

// take returns the state's row of the message at key, if there is one.
func (w *stateWalk) take(key []byte) (value string, ok bool) {
	if !w.rows.Valid() || !bytes.Equal(w.rows.Key()[1:], key[1:]) {
		return "", false
	}
	w.c.count("state")
	value = string(w.rows.Value())
	w.rows.Next()
	return value, true
}

// checkMessage looks at one message and at all that should follow from it.
func (c *checker) checkMessage(key []byte, value string, w *stateWalk) {
	name := rowName(key)
	text, has := w.take(key)
	ws, id, err := splitRowKey(key)
	if err != nil {
		c.find("message", name, err)
		return
	}
	var o message.Outbound
	if err := decodeOutbound(&o, ws, id, value); err != nil {
		c.find("message", name, err)
		return
	}
	if id != message.NewID(id.Position(), o.Salt) || id.Position().Sequence() > c.head.sequence {
		c.fault("message", name, "id is not of this log, which ends at sequence %d", c.head.sequence)
	}
	s, written, err := stateOf(&o, text, has)
	if err != nil {
		c.find("state", name, err)
		return
	}
	if written < id.Position() || written.Sequence() > c.head.sequence {
		c.fault("state", name, "it was written at sequence %d, outside of the message's life", written.Sequence())
	}
	c.checkWaiting(&o, s, name)
	c.checkArmed(&o, s, name)
}

// checkWaiting looks for the pending row that a state says it has.
func (c *checker) checkWaiting(o *message.Outbound, s *message.State, name string) {
	if s.Waiting == 0 {
		return
	}
	a := &s.Attempts[s.Current()]
	// A receipt may come before the send's own answer: then SentAt is not set.
	answered := a.SentAt != 0 || a.EndedAt != 0
	if a.Status != message.Queued && (answered || !a.Status.Handed()) {
		c.fault("state", name, "it waits in a lane while its attempt is %s", a.Status)
		return
	}
	row, err := readRow(c.db, pendingKey(o, s, c.shards))
	var j message.Job
	if err == nil {
		_, err = decodeJob(&j, row)
	}
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		c.fault("state", name, "it waits at sequence %d, but there is no pending row", s.Waiting.Sequence())
	case err != nil:
		c.find("pending", name, err)
	case j.ID != o.ID || j.Workspace != o.Workspace || j.Attempt != s.Current():
		c.fault("state", name, "the pending row where it waits is of another message")
	}
}

// pendingKey returns where a message that waits has its pending row.
func pendingKey(o *message.Outbound, s *message.State, shards int) []byte {
	step := s.Attempts[s.Current()].Step
	shard := message.ShardOf(message.RecipientHash(o.Steps[step].To), shards)
	return appendPosition(appendShardKey(nil, o.Lane(step), shard), s.Waiting)
}

// checkArmed looks for the timers that a state relies on: without them it
// would be stuck.
func (c *checker) checkArmed(o *message.Outbound, s *message.State, name string) {
	need := func(at message.Time, kind message.TimerKind, i int) {
		timer := message.Timer{At: at, Kind: kind, Attempt: i}
		if _, err := readRow(c.db, appendTimerKey(nil, timer, o.Workspace, o.ID)); err != nil {
			c.fault("state", name, "attempt %d relies on a timer that is not there: %w", i, err)
		}
	}
	if s.Settled {
		return
	}
	i := s.Current()
	a := &s.Attempts[i]
	if a.Due != 0 {
		need(a.Due, message.TimerSuccess, i)
	}
	if a.Status != message.Queued || a.Withheld() {
		return
	}
	if s.Waiting == 0 {
		need(a.NotBefore, message.TimerDue, i)
	}
	if o.ExpiresIn != message.DefaultExpiresIn {
		need(a.Deadline, message.TimerDeadline, i)
	}
}

// load reads a message and its state; ok is false where there is none.
func (c *checker) load(ws message.WorkspaceID, id message.ID) (o *message.Outbound, s *message.State, ok bool) {
	value, err := readRow(c.db, appendRowKey(nil, prefixOutbound, ws, id))
	if err != nil {
		return nil, nil, false
	}
	o = new(message.Outbound)
	if decodeOutbound(o, ws, id, value) != nil {
		return nil, nil, false // checkMessages has found it
	}
	text, err := readRow(c.db, appendRowKey(nil, prefixState, ws, id))
	s, _, broken := stateOf(o, text, err == nil)
	return o, s, broken == nil
}

// exists reports whether a message is there, or may have been removed.
func (c *checker) exists(ws message.WorkspaceID, id message.ID) bool {
	if id.Position().Sequence() < c.retained.sequence {
		return true
	}
	_, err := readRow(c.db, appendRowKey(nil, prefixOutbound, ws, id))
	return err == nil
}
