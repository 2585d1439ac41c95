package store

import (
	"encoding/binary"
	"time"

	"messagehub/store/message"
)

// Rows that are found by a foreign key (an idempotency key, a provider's id)
// are kept in periods, so that old ones go by removing a whole period. A row
// is looked up in its period and in the one before.
const (
	hour = time.Hour
	// providerPeriod is how long a provider's id is found at least.
	providerPeriod = 32 * 24 * time.Hour
)

// number returns how many whole units have passed at t; 0 for odd times.
func number(t message.Time, unit time.Duration) uint32 {
	n := int64(t) / unit.Milliseconds()
	return uint32(max(0, min(n, 1<<32-2)))
}

func hourOf(t message.Time) uint32   { return number(t, hour) }
func dayOf(t message.Time) uint32    { return number(t, IdempotencyFor) }
func periodOf(t message.Time) uint32 { return number(t, providerPeriod) }

// tick notes that the log has come to the moment at. With a new hour, the hour
// index grows and what has outlived its period goes.
func (t *txn) tick(at message.Time) {
	now := hourOf(at)
	if now <= t.head.hour {
		return
	}
	before := t.head.hour
	t.head.hour = now
	t.key = appendHourKey(t.key[:0], now)
	t.row = binary.AppendUvarint(t.row[:0], t.head.sequence)
	t.set(t.key, t.row)
	if before == 0 { // the first record: there is nothing old
		return
	}
	const perDay, perPeriod = uint32(IdempotencyFor / hour), uint32(providerPeriod / hour)
	t.expire(prefixIdempotency, before/perDay, now/perDay)
	t.expire(prefixProvider, before/perPeriod, now/perPeriod)
}

// expire removes the rows of all periods but the last two, when a new one has
// begun.
func (t *txn) expire(prefix byte, before, now uint32) {
	if now == before {
		return
	}
	t.deleteRange([]byte{prefix}, binary.BigEndian.AppendUint32([]byte{prefix}, now-1))
}
