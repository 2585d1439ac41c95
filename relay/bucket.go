package relay

import (
	"sync/atomic"

	"messagehub/store/message"
)

// window is the time in which an empty bucket fills: one minute.
const window = int64(60_000_000_000)

// bucket is a token bucket of as many tokens as it gives a minute, refilled
// continuously, by the generic cell rate algorithm: the one word kept is the
// moment at which the bucket is full again, so time passes without anyone
// touching it.
//
// Invariant: full is never more than one window ahead of the clock, so a
// clock that jumps back costs a window at most, and one that jumps ahead
// gives no more than a full bucket.
type bucket struct {
	full  atomic.Int64 // Unix nanoseconds
	limit atomic.Int64 // tokens a minute; 0: no limit
}

// quota is a bucket's answer.
type quota struct {
	ok        bool
	limit     int64
	remaining int64
	reset     int64 // Unix seconds at which the bucket is full again
	wait      int64 // if not ok: seconds until the next token
}

// take takes one token, if there is one.
func (b *bucket) take(now message.Time) quota {
	at := int64(now) * 1_000_000
	for {
		q, old, next := b.weigh(at)
		if next == old || b.full.CompareAndSwap(old, next) {
			return q
		}
	}
}

// spent reports whether there is no token, and what take would say. It takes
// nothing.
func (b *bucket) spent(now message.Time) (quota, bool) {
	q, _, _ := b.weigh(int64(now) * 1_000_000)
	return q, !q.ok
}

// weigh says what taking a token would do to the word: where there is none,
// nothing, unless the clock has jumped back.
func (b *bucket) weigh(at int64) (q quota, old, next int64) {
	limit := b.limit.Load()
	if limit <= 0 {
		return quota{ok: true}, 0, 0
	}
	interval := window / limit
	capacity := interval * limit
	old = b.full.Load()
	full := min(max(old, at), at+capacity)
	next = full + interval
	if next-at > capacity {
		wait := next - at - capacity
		return quota{limit: limit, reset: seconds(full), wait: max(seconds(wait), 1)}, old, min(old, at+capacity)
	}
	return quota{ok: true, limit: limit, remaining: (capacity - (next - at)) / interval, reset: seconds(next)}, old, next
}

// look is take that takes nothing.
func (b *bucket) look(now message.Time) quota {
	at := int64(now) * 1_000_000
	limit := b.limit.Load()
	if limit <= 0 {
		return quota{ok: true}
	}
	interval := window / limit
	capacity := interval * limit
	full := min(max(b.full.Load(), at), at+capacity)
	return quota{ok: true, limit: limit, remaining: (capacity - (full - at)) / interval, reset: seconds(full)}
}

// giveBack returns a token that was taken and not used.
func (b *bucket) giveBack() {
	if limit := b.limit.Load(); limit > 0 {
		b.full.Add(-(window / limit))
	}
}

// seconds rounds nanoseconds up.
func seconds(ns int64) int64 { return (ns + 999_999_999) / 1_000_000_000 }

// tighter returns the one of two quotas that a client should heed.
func tighter(a, b quota) quota {
	switch {
	case a.limit == 0 || (a.ok && !b.ok):
		return b
	case b.limit == 0 || (b.ok && !a.ok):
		return a
	case b.remaining < a.remaining:
		return b
	}
	return a
}
