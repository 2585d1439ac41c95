package store

import (
	"errors"
	"fmt"

	"messagehub/store/message"
)

// Replay returns the answer that an idempotency key stands for, if it stands
// for one; message.ErrKeyReused if that was to another body.
//
// Guarantee: the message that it names is durable.
func (s *Store) Replay(ws message.WorkspaceID, key message.Idempotency) (message.Acceptance, bool, error) {
	a := acceptOp{}
	a.prepareKey(ws, &key)
	if len(a.key) == 0 {
		return message.Acceptance{}, false, nil
	}
	found, err := s.lookUp(&a)
	if found && !s.durable.holds(a.acceptance.ID.Position()) {
		err = s.commit(barrier{})
	}
	if err != nil {
		return message.Acceptance{}, false, fmt.Errorf("look up idempotency key: %w", err)
	}
	return a.acceptance, found, nil
}

// lookUp is the replay of a reader: it sees what the committer has left.
func (s *Store) lookUp(a *acceptOp) (found bool, err error) {
	if err := s.reading.enter(); err != nil {
		return false, err
	}
	defer s.reading.leave()
	for _, day := range a.days() {
		setDay(a.key, day)
		value, ok, err := s.row(a.key)
		if err != nil {
			return false, err
		}
		if !ok {
			continue
		}
		p, err := decodePromise(value)
		if err != nil {
			return false, errors.Join(ErrCorrupt, err)
		}
		if found, err := a.answered(&p); found || err != nil {
			return found, err
		}
	}
	return false, nil
}
