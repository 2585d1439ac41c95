package store

import (
	"cmp"
	"errors"
	"slices"

	"messagehub/store/message"
)

const (
	// maxOutbound bounds the encoded form of one message.
	maxOutbound = 1 << 20
	// maxPooledRow is the largest buffer that is kept for the next message.
	maxPooledRow = 64 << 10
)

// Errors of what Accept is given.
var (
	errTooLarge = errors.New("message is too large for the log")
	errNoSteps  = errors.New("message must have 1 to 6 steps")
)

// Accept writes the message and returns when it is durable: Enter and Await
// in one.
func (s *Store) Accept(o *message.Outbound, key message.Idempotency) (message.Acceptance, error) {
	t, err := s.Enter(o, key)
	if err != nil {
		return message.Acceptance{}, err
	}
	return s.Await(t)
}

// Enter puts the message into the next record of the log. It keeps nothing of
// o and key. Its error is message.ErrUnavailable (ErrPoisoned, ErrClosed,
// ErrStorageLow and their like), or that o can't be stored.
//
// Every ticket has to go to Await: the log keeps memory for it.
func (s *Store) Enter(o *message.Outbound, key message.Idempotency) (message.Ticket, error) {
	if err := s.admits(); err != nil {
		return nil, err
	}
	a := s.accepts.Get().(*acceptOp)
	err := a.prepare(s, o, &key)
	if err == nil {
		a.waiter, err = s.submit(a, len(a.row))
	}
	if err != nil {
		s.accepts.Put(a)
		return nil, err
	}
	return a, nil
}

// Await returns when the message of the ticket is durable. Errors are
// message.ErrUnavailable or message.ErrKeyReused.
//
// Guarantee (I4): without an error the message is on disk; it stays found, and
// its job is fed to its shard's mailbox.
func (s *Store) Await(t message.Ticket) (message.Acceptance, error) {
	a := t.(*acceptOp)
	err := s.await(a.waiter)
	if errors.Is(err, ErrPoisoned) { // the committer may still read a
		return message.Acceptance{}, err
	}
	acceptance := a.acceptance
	if err != nil {
		acceptance = message.Acceptance{}
	}
	if cap(a.row) <= maxPooledRow {
		s.accepts.Put(a)
	}
	return acceptance, err
}

// Submit is Enter without a wait. What becomes of a new message is known at once,
// but not that it is durable, nor whether its key has been used before: nobody may
// hear of it before c is told so. After an error c is told nothing.
//
// Guarantee (I4): when c is told without an error, the message is on disk; it stays
// found, and its job is fed to its shard's mailbox.
func (s *Store) Submit(o *message.Outbound, key message.Idempotency, c message.Completion) (message.Acceptance, error) {
	if err := s.admits(); err != nil {
		return message.Acceptance{}, err
	}
	a := s.accepts.Get().(*acceptOp)
	if err := a.prepare(s, o, &key); err != nil {
		s.accepts.Put(a)
		return message.Acceptance{}, err
	}
	status := a.status
	p, err := s.queue.put(entry{op: a, completion: c, size: len(a.row), width: 1})
	if err != nil {
		s.accepts.Put(a)
		return message.Acceptance{}, err
	}
	return message.Acceptance{ID: message.NewID(p, o.Salt), Status: status}, nil
}

// reclaim takes back what the submitted operations of a durable record used.
func (s *Store) reclaim(r *record) {
	for i := range r.entries {
		if r.entries[i].waiter != nil { // its caller does
			continue
		}
		switch o := r.entries[i].op.(type) {
		case *acceptOp:
			if cap(o.row) <= maxPooledRow {
				s.accepts.Put(o)
			}
		case *reportOp:
			s.reclaimReport(o)
		}
	}
}

// admits returns why no message is taken at the moment, if so.
func (s *Store) admits() error {
	switch {
	case s.latch.err() != nil:
		return ErrPoisoned
	case !s.started.Load():
		return ErrNotStarted
	case s.disk.low():
		return ErrStorageLow
	case s.Stalled():
		return ErrStalled
	}
	return nil
}

// acceptOp adds a message. All that can be computed before the position is
// known is computed by the caller; the committer numbers and copies.
type acceptOp struct {
	workspace message.WorkspaceID
	salt      uint64
	at        message.Time
	row       []byte // the Outbound
	pending   []byte // the pending row, its id still zero
	job       message.Job
	lane      *lane
	shard     int
	key       []byte // of the idempotency row, its day still zero; empty: none
	keyAt     message.Time
	body      [32]byte
	contact   message.ID // zero: an address alone
	// status is Queued, or Scheduled with what has to be armed.
	status message.Status
	arm    []message.Timer

	waiter     *waiter
	acceptance message.Acceptance
}

func (a *acceptOp) prepare(s *Store, o *message.Outbound, key *message.Idempotency) error {
	if len(o.Steps) < 1 || len(o.Steps) > maxSteps {
		return errNoSteps
	}
	for i := 1; i < len(o.Steps); i++ {
		if _, err := s.lanes.admit(o.Lane(i)); err != nil {
			return err
		}
	}
	first, err := s.lanes.admit(o.Lane(0))
	if err != nil {
		return err
	}
	if a.row = appendOutbound(a.row[:0], o); len(a.row) > maxOutbound {
		return errTooLarge
	}
	a.workspace, a.salt, a.at, a.lane = o.Workspace, o.Salt, o.CreatedAt, first
	a.contact = o.Contact
	a.prepareKey(o.Workspace, key)
	a.prepareStart(o)
	a.prepareJob(s, o)
	return nil
}

func (a *acceptOp) prepareKey(ws message.WorkspaceID, key *message.Idempotency) {
	if a.key = a.key[:0]; key.Key == "" {
		return
	}
	a.key = appendIdempotencyKey(a.key, 0, ws, key)
	a.keyAt, a.body = key.At, key.Body
}

// prepareStart computes what message.Begin says about o. For the common
// message it needs no Begin: nothing is armed, and it waits in its lane.
func (a *acceptOp) prepareStart(o *message.Outbound) {
	a.status, a.arm = message.Queued, nil
	if o.ScheduledAt <= o.CreatedAt && o.ExpiresIn == message.DefaultExpiresIn {
		return
	}
	state, effects := message.Begin(o, message.At(1, 0))
	a.status, a.arm = state.Status, effects.Arm
}

func (a *acceptOp) prepareJob(s *Store, o *message.Outbound) {
	a.job = o.Job(0, 0)
	a.job.Deadline, a.job.From = o.CreatedAt.Add(o.ExpiresIn), s.names.of(a.job.From)
	a.shard = message.ShardOf(a.job.Recipient, s.options.Shards)
	a.pending = appendJob(a.pending[:0], &a.job, o.CreatedAt)
}

func (a *acceptOp) apply(t *txn) error {
	t.tick(a.at)
	if len(a.key) > 0 {
		found, err := a.replay(t)
		if found || err != nil {
			return err
		}
	}
	p := t.position()
	id := message.NewID(p, a.salt)
	a.acceptance = message.Acceptance{ID: id, Status: a.status}
	t.head.accepted++
	t.states.add(id)

	k, v := t.put(rowKeySize, len(a.row))
	appendRowKey(k[:0], prefixOutbound, a.workspace, id)
	copy(v, a.row)
	for _, timer := range a.arm {
		t.arm(timer, a.workspace, id)
	}
	if a.status == message.Queued {
		a.dispatch(t, id)
	}
	if len(a.key) > 0 {
		a.remember(t, id)
	}
	if !a.contact.IsZero() {
		a.meetErasure(t)
	}
	// The event has no row: the feed makes it from the message's own.
	t.events = append(t.events, message.Event{
		Position: p, Workspace: a.workspace, Message: id, Test: a.lane.Test,
		Channel: a.lane.Channel, Status: a.status, CreatedAt: a.at, Entry: firstEntry(a.status, a.at),
	})
	return nil
}

// dispatch queues a message that may start at once.
func (a *acceptOp) dispatch(t *txn, id message.ID) {
	a.job.ID, a.job.Position = id, t.position()
	t.admitted = append(t.admitted, a)
	t.feed(a.lane, a.shard, a.job)
}

// meetErasure asks for a contact's erasure again, if the contact has been erased
// since the message was addressed to it.
func (a *acceptOp) meetErasure(t *txn) {
	owner := message.Owner{Workspace: a.workspace, Test: a.lane.Test}
	t.key = appendContactKey(t.key[:0], contactByID, owner, a.contact)
	if _, ok := t.get(t.key); !ok {
		t.changeErasure(owner, a.contact, func(e *erasure) { e.State = message.ErasurePending })
		t.reopened = true
	}
}

// putAdmitted writes the pending rows of the record's new messages, in the
// order of their keys and after the messages themselves: a row is found a
// quarter cheaper next to the one before it. Nothing in the record can ask for
// them, since nobody knows a message before its record is durable.
func (t *txn) putAdmitted() {
	slices.SortStableFunc(t.admitted, func(a, b *acceptOp) int {
		return cmp.Or(cmp.Compare(a.lane.Channel, b.lane.Channel), cmp.Compare(bit(a.lane.Test), bit(b.lane.Test)), a.shard-b.shard)
	})
	for _, a := range t.admitted {
		value := t.putPending(a.lane, a.shard, a.job.Position, len(a.pending))
		copy(value, a.pending)
		copy(value[jobID:], a.job.ID[:])
	}
	clear(t.admitted)
	t.admitted = t.admitted[:0]
}

// firstEntry is the timeline entry that message.Begin makes.
func firstEntry(status message.Status, at message.Time) message.Entry {
	e := message.Entry{At: at, ReceivedAt: at, Type: message.MessageQueued}
	if status == message.Scheduled {
		e.Type = message.MessageScheduled
	}
	return e
}
