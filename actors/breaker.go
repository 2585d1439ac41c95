package actors

import "time"

// BreakerState is where a sender's breaker stands.
type BreakerState uint8

// The states of a breaker: sends pass, one send at a time probes, none pass.
const (
	BreakerClosed BreakerState = iota
	BreakerHalfOpen
	BreakerOpen
)

// String returns the state's name in logs and metrics.
func (s BreakerState) String() string {
	return [...]string{"closed", "half-open", "open"}[s]
}

// How a breaker behaves: the failures in a row that open it, and how long it
// stays open at first and at most, after failures and after the provider has
// refused the sender itself.
const (
	breakerFailures = 5
	openFirst       = time.Second
	openMost        = time.Minute
	stopFirst       = 30 * time.Second
	stopMost        = 10 * time.Minute
)

// breaker keeps a sender from hammering a provider that does not work.
type breaker struct {
	state    BreakerState
	failures int           // in a row, while closed
	openings int           // in a row, without a success between them
	until    time.Duration // when the open breaker lets a probe pass
	probing  bool          // half-open: the probe is out
	refused  bool          // open: the provider refuses the sender itself
	// generation counts openings for ever. A permit carries that of its
	// taking: what comes back from before the opening says nothing new.
	generation uint32
}

// earliest returns when a permit may be taken: never while a probe is out.
func (b *breaker) earliest() time.Duration {
	switch {
	case b.state == BreakerOpen:
		return b.until
	case b.state == BreakerHalfOpen && b.probing:
		return never
	}
	return 0
}

// pass takes a permit. Precondition: earliest() <= now.
func (b *breaker) pass() {
	if b.state == BreakerOpen {
		b.state = BreakerHalfOpen
	}
	b.probing = b.state == BreakerHalfOpen
}

// record takes in the verdict on a permit of the given generation. random is
// in [0,1).
func (b *breaker) record(now time.Duration, generation uint32, v verdict, random float64) {
	if generation != b.generation {
		return
	}
	b.probing = false
	switch v {
	case verdictAlive, verdictThrottled:
		b.state, b.failures, b.openings = BreakerClosed, 0, 0
	case verdictFailing:
		if b.failures++; b.state == BreakerHalfOpen || b.failures >= breakerFailures {
			b.open(now, openFirst, openMost, random)
			b.refused = false
		}
	case verdictStopped:
		b.open(now, stopFirst, stopMost, random)
		b.refused = true
	}
}

// open opens for twice as long as the last time, less a random part of up to
// half, so that senders of one provider do not probe in step.
func (b *breaker) open(now, first, most time.Duration, random float64) {
	span := doubled(first, most, b.openings)
	b.until = now + span - time.Duration(random*float64(span/2))
	b.state, b.failures = BreakerOpen, 0
	b.openings++
	b.generation++
}

// doubled returns first·2^times, at most most.
func doubled(first, most time.Duration, times int) time.Duration {
	for ; times > 0 && first < most; times-- {
		first *= 2
	}
	return min(first, most)
}
