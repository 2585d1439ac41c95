package store

import (
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// gate lets reads in until the store closes: the engine panics under one that
// comes later.
type gate struct {
	mu     sync.RWMutex
	closed bool
}

// enter is called once before a read; leave after it, where enter gave no error.
func (g *gate) enter() error {
	g.mu.RLock()
	if g.closed {
		g.mu.RUnlock()
		return ErrClosed
	}
	return nil
}

func (g *gate) leave() { g.mu.RUnlock() }

// close waits for the reads inside, and lets no further one in.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// row returns the row at key as the committer has left it, durable or not.
func (s *Store) row(key []byte) (value string, ok bool, err error) { return s.rowIn(nil, key) }

// rowIn is row for who has memory for good, which is used if there is enough.
func (s *Store) rowIn(room, key []byte) (value string, ok bool, err error) {
	v, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read row: %w", markCorrupt(err))
	}
	if len(v) <= cap(room) {
		value = borrow(append(room[:0], v...))
	} else {
		value = string(v)
	}
	return value, true, closer.Close()
}

// find returns the message of an id, shared, or message.ErrNotFound.
func (s *Store) find(ws message.WorkspaceID, id message.ID) (*message.Outbound, error) {
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	return s.shared(ws, id)
}

// shared is outbound for who changes nothing and is not confused by a message
// that was removed a moment ago.
func (s *Store) shared(ws message.WorkspaceID, id message.ID) (*message.Outbound, error) {
	if o := s.recent.get(ws, id); o != nil {
		return o, nil
	}
	o, err := s.outbound(ws, id)
	if err == nil {
		s.recent.put(o)
	}
	return o, err
}

// outbound reads a message's row. The usual message has one step and a short
// text, and is one piece of memory.
func (s *Store) outbound(ws message.WorkspaceID, id message.ID) (*message.Outbound, error) {
	room := new(struct {
		message.Outbound
		steps [1]message.Step
		key   [rowKeySize]byte
		text  [256]byte
	})
	value, ok, err := s.rowIn(room.text[:0], appendRowKey(room.key[:0], prefixOutbound, ws, id))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, message.ErrNotFound
	}
	o := &room.Outbound
	o.Steps = room.steps[:0]
	if err := decodeOutbound(o, ws, id, value); err != nil {
		return nil, errors.Join(ErrCorrupt, err)
	}
	return o, nil
}

// outbound reads a message's row; nil if there is none.
func (t *txn) outbound(ws message.WorkspaceID, id message.ID) *message.Outbound {
	t.key = appendRowKey(t.key[:0], prefixOutbound, ws, id)
	value, ok := t.get(t.key)
	if !ok {
		return nil
	}
	o := new(message.Outbound)
	if err := decodeOutbound(o, ws, id, string(value)); err != nil {
		t.fail(errors.Join(ErrCorrupt, err))
		return nil
	}
	return o
}

// Message returns a message of the workspace, or message.ErrNotFound. The
// caller owns what it gets.
//
// Guarantee: what it shows is durable; no crash takes it back.
func (s *Store) Message(ws message.WorkspaceID, id message.ID) (*message.Outbound, *message.State, error) {
	o, state, written, err := s.message(ws, id)
	if err == nil && !s.durable.holds(written) {
		err = s.commit(barrier{})
	}
	if err != nil {
		return nil, nil, err
	}
	return o, state, nil
}

// message reads a message as the committer has left it, and the position of
// the fact that made its state.
func (s *Store) message(ws message.WorkspaceID, id message.ID) (*message.Outbound, *message.State, message.Position, error) {
	if err := s.reading.enter(); err != nil {
		return nil, nil, 0, err
	}
	defer s.reading.leave()
	o, err := s.outbound(ws, id)
	if err != nil {
		return nil, nil, 0, err
	}
	var key [rowKeySize]byte
	value, ok, err := s.row(appendRowKey(key[:0], prefixState, ws, id))
	if err != nil {
		return nil, nil, 0, err
	}
	state, written, err := stateOf(o, value, ok)
	return o, state, written, err
}

// stateOf returns the state that a row holds, and the position that wrote it.
// A message without a row is as it was accepted.
func stateOf(o *message.Outbound, value string, ok bool) (*message.State, message.Position, error) {
	s := new(message.State)
	p, err := readState(s, new(message.Effects), o, value, ok)
	if err != nil {
		return nil, 0, err
	}
	return s, p, nil
}

// readState is stateOf for who has a State and Effects to use again.
func readState(s *message.State, scratch *message.Effects, o *message.Outbound, value string, ok bool) (message.Position, error) {
	if !ok {
		s.Begin(o, o.ID.Position(), scratch)
		return o.ID.Position(), nil
	}
	p, err := decodeState(s, value, len(o.Steps))
	if err != nil {
		return 0, errors.Join(ErrCorrupt, err)
	}
	return p, nil
}

// barrier is an operation that writes nothing: when it is durable, so is all
// that came before it.
type barrier struct{}

func (barrier) apply(*txn) error { return nil }
