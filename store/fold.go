package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"messagehub/store/message"
)

// errFact is the answer to a fact that lacks a member its kind needs.
var errFact = errors.New("fact is not complete")

// Fold folds a fact into a message and returns the message as it stands then,
// durably. A Started that comes for somebody who has opted out, or for a step
// without an address, is refused, and the step skipped; one for a distribution
// that is paused or canceled is refused, and the message withheld or canceled.
// Errors are message.ErrNotFound and message.ErrUnavailable. The State is the
// caller's, with the strings of fact in it; the Outbound is shared.
func (s *Store) Fold(ws message.WorkspaceID, id message.ID, fact message.Fact) (message.Folded, error) {
	return s.FoldInto(ws, id, fact, new(message.State))
}

// FoldInto is Fold for who has a State to use again: state becomes the
// message's, unless there is an error. nil: the caller needs none.
func (s *Store) FoldInto(ws message.WorkspaceID, id message.ID, fact message.Fact, state *message.State) (message.Folded, error) {
	if !complete(&fact) {
		return message.Folded{}, fmt.Errorf("fold: %w", errFact)
	}
	o, err := s.find(ws, id)
	if err != nil {
		return message.Folded{}, err
	}
	f := s.folds.Get().(*foldOp)
	*f = foldOp{outbound: o, fact: fact, shown: state != nil, state: f.state}
	if err := s.commit(f); err != nil { // the engine may hold f for ever
		return message.Folded{}, err
	}
	folded := message.Folded{Outbound: f.outbound, State: state, Refused: f.refused}
	if state != nil {
		*state, f.state = f.state, *state
	}
	*f = foldOp{state: f.state}
	s.folds.Put(f)
	return folded, nil
}

// complete reports whether fact has what message.State.Apply relies on.
func complete(fact *message.Fact) bool {
	switch fact.Kind {
	case message.Rejected, message.Deferred, message.Lost:
		return fact.Failure != nil
	case message.Reported:
		return fact.Status != message.Failed || fact.Failure != nil
	}
	return true
}

// foldOp folds a fact into a message. The Outbound never changes, so the
// caller has read it; after apply it is the one that is in force.
type foldOp struct {
	outbound *message.Outbound
	fact     message.Fact
	refused  bool
	// state is what the message has become, if it is to be shown; else memory.
	state message.State
	shown bool
}

func (f *foldOp) apply(t *txn) error {
	t.tick(f.fact.At)
	f.outbound = t.erased.current(f.outbound)
	s := t.state(f.outbound)
	if s == nil {
		return message.ErrNotFound
	}
	asked := f.fact.Kind
	if asked == message.Started {
		f.fact = t.admit(f.outbound, s, f.fact)
	}
	f.refused = t.foldInto(f.outbound, s, f.fact) || f.fact.Kind != asked
	if f.shown {
		t.copyState(&f.state, s)
	}
	return nil
}

// admit returns the start of an attempt, or what comes in its place.
func (t *txn) admit(o *message.Outbound, s *message.State, start message.Fact) message.Fact {
	if kind := t.halted(o, s); kind != message.NoFact {
		start.Kind = kind
	} else if why := t.barred(o, s, start.Attempt); why != nil {
		start.Kind, start.Failure = message.Barred, why
	}
	return start
}

// copyState makes dst a copy of s for good, in the memory of dst.
func (t *txn) copyState(dst, s *message.State) {
	attempts, timeline := append(dst.Attempts[:0], s.Attempts...), append(dst.Timeline[:0], s.Timeline...)
	*dst = *s
	dst.Attempts, dst.Timeline = attempts, timeline
	for i := range attempts {
		a := &attempts[i]
		a.Sender, a.ProviderID = t.names.of(a.Sender), strings.Clone(a.ProviderID)
	}
	for i := range timeline {
		timeline[i].Code = strings.Clone(timeline[i].Code)
	}
}

// fold folds fact into the message o and writes what follows from it.
func (t *txn) fold(o *message.Outbound, fact message.Fact) (s *message.State, refused bool) {
	s = t.state(o)
	if s == nil {
		return nil, true
	}
	return s, t.foldInto(o, s, fact)
}

// foldInto is fold for who has the state already.
func (t *txn) foldInto(o *message.Outbound, s *message.State, fact message.Fact) (refused bool) {
	effects := &t.effects
	s.Fold(o, fact, t.position(), effects)
	if effects.Refused {
		return true
	}
	index, attempt := effects.Index, effects.IndexAttempt
	t.carry(o, s, effects)
	t.setState(o, s)
	if index {
		t.learn(o, s, attempt)
	}
	return false
}

// carry writes the rows that effects ask for.
func (t *txn) carry(o *message.Outbound, s *message.State, effects *message.Effects) {
	if effects.Drop != 0 {
		l, shard := t.shardOf(o, effects.DropStep)
		t.deletePending(l, shard, effects.Drop)
	}
	if effects.Dispatch {
		t.dispatch(o, s)
	}
	for _, timer := range effects.Disarm {
		t.disarm(timer, o.Workspace, o.ID)
	}
	for _, timer := range effects.Arm {
		t.arm(timer, o.Workspace, o.ID)
	}
	for _, e := range effects.Entries {
		if e.Type.Public() {
			t.tell(t.eventOf(o, s, e))
		}
	}
}

// eventOf makes the public event of a timeline entry.
func (t *txn) eventOf(o *message.Outbound, s *message.State, e message.Entry) message.Event {
	l := t.lanes.of(o.Lane(s.Attempts[e.Attempt].Step))
	return message.Event{
		Workspace: o.Workspace, Message: o.ID, Test: o.Test,
		Channel: l.Channel, Status: s.Status, CreatedAt: o.CreatedAt, Entry: e,
	}
}

// dispatch adds the pending row of the current attempt.
func (t *txn) dispatch(o *message.Outbound, s *message.State) {
	a := &s.Attempts[s.Current()]
	l, shard := t.shardOf(o, a.Step)
	j := o.Job(a.Step, s.Current())
	j.Bind(a)
	j.Position, j.Deadline, j.From = t.position(), a.Deadline, t.names.of(j.From)
	t.row = appendJob(t.row[:0], &j, s.UpdatedAt)
	copy(t.putPending(l, shard, t.position(), len(t.row)), t.row)
	t.feed(l, shard, j)
}

// shardOf returns where the attempts of a step wait.
func (t *txn) shardOf(o *message.Outbound, step int) (*lane, int) {
	recipient := message.RecipientHash(o.Steps[step].To)
	return t.lanes.of(o.Lane(step)), message.ShardOf(recipient, t.lanes.shards)
}

// state returns what has happened to o so far, or nil: o has gone by retention
// since the caller read it, or the engine has an error.
//
// Ownership: valid until the next call, with its strings; only those of failures
// are for good, for they become events' and callers'.
func (t *txn) state(o *message.Outbound) *message.State {
	row, known := t.states.get(o.ID)
	if !known {
		t.key = appendRowKey(t.key[:0], prefixState, o.Workspace, o.ID)
		if row, known = t.get(t.key); !known && t.gone(o) {
			return nil
		}
		if known {
			t.states.put(o.ID, row)
		} else {
			t.states.add(o.ID)
		}
	}
	t.text = append(t.text[:0], row...)
	if _, err := readState(&t.at, &t.effects, o, borrow(t.text), len(row) > 0); err != nil {
		t.fail(err)
		return nil
	}
	if slices.ContainsFunc(t.at.Attempts, failed) {
		_, _ = readState(&t.at, &t.effects, o, string(row), len(row) > 0)
	}
	return &t.at
}

func failed(a message.Attempt) bool { return a.Error != nil }

// gone reports whether o, which has no state, is no longer there.
func (t *txn) gone(o *message.Outbound) bool {
	if o.ID.Position().Sequence() >= t.head.retained {
		return false
	}
	t.key = appendRowKey(t.key[:0], prefixOutbound, o.Workspace, o.ID)
	_, ok := t.get(t.key)
	return !ok
}

func (t *txn) setState(o *message.Outbound, s *message.State) {
	t.key = appendRowKey(t.key[:0], prefixState, o.Workspace, o.ID)
	t.row = appendState(t.row[:0], s, t.position())
	t.set(t.key, t.row)
	t.states.put(o.ID, t.row)
}
