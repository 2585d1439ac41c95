package store

import (
	"encoding/binary"
	"fmt"
	"time"

	"messagehub/store/message"
)

// IdempotencyFor is how long an idempotency key stands for its message.
const IdempotencyFor = 24 * time.Hour

const promiseVersion = 1

// promise is the row of an idempotency key.
type promise struct {
	id      message.ID
	status  message.Status
	body    [32]byte
	expires message.Time
}

// replay looks the key of a up, in the day of the request and the day before.
// found: a.acceptance is the answer that the first request got.
func (a *acceptOp) replay(t *txn) (found bool, err error) {
	for _, day := range a.days() {
		setDay(a.key, day)
		value, ok := t.get(a.key)
		if !ok {
			continue
		}
		p, err := decodePromise(string(value))
		if err != nil {
			t.fail(fmt.Errorf("%w: %w", ErrCorrupt, err))
			return false, err
		}
		if found, err := a.answered(&p); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// days are those that a promise for a's key can be of, the latest first.
func (a *acceptOp) days() [2]uint32 {
	today := dayOf(a.keyAt)
	return [2]uint32{today, max(today, 1) - 1}
}

// answered takes the answer of a promise, if it is for a and not over.
func (a *acceptOp) answered(p *promise) (bool, error) {
	switch {
	case p.expires <= a.keyAt:
		return false, nil
	case p.body != a.body:
		return false, message.ErrKeyReused
	}
	a.acceptance = message.Acceptance{ID: p.id, Replayed: true, Status: p.status}
	return true, nil
}

// remember writes the promise of a's key.
func (a *acceptOp) remember(t *txn, id message.ID) {
	setDay(a.key, dayOf(a.keyAt))
	b := append(append(t.row[:0], promiseVersion), id[:]...)
	b = append(append(b, byte(a.status)), a.body[:]...)
	t.row = appendTime(b, a.keyAt.Add(IdempotencyFor))
	t.set(a.key, t.row)
}

func decodePromise(text string) (p promise, err error) {
	r := openValue(text, promiseVersion)
	r.bytes(p.id[:])
	p.status = r.status()
	r.bytes(p.body[:])
	p.expires = r.time()
	return p, r.done("idempotency key")
}

// setDay writes the day into an idempotency key.
func setDay(key []byte, day uint32) { binary.BigEndian.PutUint32(key[1:], day) }
