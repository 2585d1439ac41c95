package store

import "messagehub/store/message"

// putPending adds the row of a job in lane's shard at p, and returns the memory
// of its value for the caller to fill.
func (t *txn) putPending(l *lane, shard int, p message.Position, size int) (value []byte) {
	t.key = appendPosition(appendShardKey(t.key[:0], l.Lane, shard), p)
	key, value := t.put(len(t.key), size)
	copy(key, t.key)
	l.pending.Add(1)
	return value
}

// deletePending removes the row of a job.
//
// Invariant: a pending row is set once, so one single-delete removes it, and
// both are forgotten where they meet.
func (t *txn) deletePending(l *lane, shard int, p message.Position) {
	t.key = appendPosition(appendShardKey(t.key[:0], l.Lane, shard), p)
	d := t.batch.SingleDeleteDeferred(len(t.key))
	copy(d.Key, t.key)
	l.pending.Add(-1)
	if n := len(t.fed); p == t.position() && n > 0 && t.fed[n-1].job.Position == p {
		t.fed = t.fed[:n-1] // it came and went within this op
	}
}

// feed tells the shard's mailbox of a job once the record is durable.
func (t *txn) feed(l *lane, shard int, j message.Job) {
	t.fed = append(t.fed, fed{l, shard, j})
}

// arm adds a timer of a message.
func (t *txn) arm(timer message.Timer, ws message.WorkspaceID, id message.ID) {
	t.key = appendTimerKey(t.key[:0], timer, ws, id)
	t.wake(t.key, timer.At)
}

// wake writes the timer at key, which is due at the moment at.
func (t *txn) wake(key []byte, at message.Time) {
	k, _ := t.put(len(key), 0)
	copy(k, key)
	if t.earliest == 0 || at < t.earliest {
		t.earliest = at
	}
}

// disarm removes a timer of a message; it may be gone already.
func (t *txn) disarm(timer message.Timer, ws message.WorkspaceID, id message.ID) {
	t.key = appendTimerKey(t.key[:0], timer, ws, id)
	t.drop(t.key)
}

// drop is delete for rows that no op of the same record will get.
func (t *txn) drop(key []byte) { copy(t.batch.DeleteDeferred(len(key)).Key, key) }

// tell writes a public event, and tells the observers once it is durable.
func (t *txn) tell(e message.Event) {
	e.Position, e.Ordinal = t.position(), t.ordinal
	t.key = appendEventKey(t.key[:0], e.Workspace, e.Position, t.ordinal)
	t.ordinal++
	t.row = appendEvent(t.row[:0], &e)
	key, value := t.put(len(t.key), len(t.row))
	copy(key, t.key)
	copy(value, t.row)
	t.events = append(t.events, e)
}
