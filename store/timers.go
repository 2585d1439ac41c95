package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"messagehub/store/message"
)

// A timer is a key alone:
//
//	t | due 8 | kind 1 | attempt 1 | workspace 4 | id 16     of a message
//	t | due 8 | 0x80   | lane | provider id                  of early receipts
const (
	timerHead    = 1 + 8 + 1
	timerSize    = timerHead + 1 + 4 + idSize
	timerOrphans = 0x80
)

// appendTimerKey appends the key of a message's timer.
func appendTimerKey(dst []byte, timer message.Timer, ws message.WorkspaceID, id message.ID) []byte {
	dst = appendTimerHead(dst, timer.At, byte(timer.Kind))
	dst = binary.BigEndian.AppendUint32(append(dst, byte(timer.Attempt)), uint32(ws))
	return append(dst, id[:]...)
}

// appendOrphansTimer appends the key of the timer that removes early receipts.
func appendOrphansTimer(dst []byte, at message.Time, lane message.Lane, providerID string) []byte {
	return append(appendLane(appendTimerHead(dst, at, timerOrphans), lane), providerID...)
}

func appendTimerHead(dst []byte, at message.Time, kind byte) []byte {
	return append(binary.BigEndian.AppendUint64(append(dst, prefixTimer), uint64(max(at, 0))), kind)
}

func timeOfTimer(key []byte) message.Time {
	return message.Time(binary.BigEndian.Uint64(key[1:]) & (1<<63 - 1))
}

// timerOp returns the operation of the timer at key, which is due.
func (s *Store) timerOp(key []byte, now message.Time) (op, error) {
	if len(key) > timerHead && key[timerHead-1] == timerOrphans {
		return &forgetOp{now, append([]byte(nil), key...)}, nil
	}
	t, err := parseTimer(key)
	if err != nil {
		return nil, err
	}
	o, err := s.shared(t.workspace, t.id)
	if err != nil && !errors.Is(err, message.ErrNotFound) {
		return nil, err
	}
	f := &firedOp{now: now, key: append([]byte(nil), key...), outbound: o}
	f.fact = t.kind.Fact(t.attempt, now)
	return f, nil
}

// messageTimer is what the key of a message's timer says.
type messageTimer struct {
	target
	kind message.TimerKind
}

func parseTimer(key []byte) (t messageTimer, err error) {
	if len(key) != timerSize {
		return t, fmt.Errorf("%w: timer of %d bytes", ErrCorrupt, len(key))
	}
	t.kind = message.TimerKind(key[timerHead-1])
	if t.kind < message.TimerDue || t.kind > message.TimerDeadline {
		return t, fmt.Errorf("%w: timer of kind %d", ErrCorrupt, t.kind)
	}
	rest := key[timerHead:]
	t.attempt = int(rest[0])
	t.workspace = message.WorkspaceID(binary.BigEndian.Uint32(rest[1:]))
	copy(t.id[:], rest[5:])
	return t, nil
}

// firedOp folds a timer of a message that has run out.
type firedOp struct {
	now      message.Time
	key      []byte
	outbound *message.Outbound // nil: the message is gone
	fact     message.Fact
}

func (f *firedOp) apply(t *txn) error {
	t.tick(f.now)
	t.drop(f.key)
	if f.outbound != nil {
		t.fold(t.erased.current(f.outbound), f.fact)
	}
	return nil
}

// forgetOp removes the early receipts of a provider id that never became known.
type forgetOp struct {
	now message.Time
	key []byte
}

func (f *forgetOp) apply(t *txn) error {
	t.tick(f.now)
	t.drop(f.key)
	key := append([]byte{prefixOrphan}, f.key[timerHead:]...)
	value, ok := t.get(key)
	if !ok {
		return nil
	}
	var early orphans
	if err := decodeOrphans(&early, string(value)); err != nil {
		t.fail(errors.Join(ErrCorrupt, err))
		return nil
	}
	if early.expires <= f.now { // it is the receipts' own timer
		t.removeOrphans(key)
	}
	return nil
}
