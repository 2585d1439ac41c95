package actors

import (
	"sync"
	"time"
)

// turnstile is the shell of a sender's gate: a lock, a timer, and the delivery
// of permits to the shards, outside the lock.
type turnstile struct {
	clock   clock
	deliver func(grant) // called without the lock
	watch   func(BreakerState)

	mu struct {
		sync.Mutex
		gate  gate
		timer *time.Timer
		// armed is when the timer fires; never if it will not.
		armed  time.Duration
		closed bool
	}
}

func newTurnstile(g gate, c clock, deliver func(grant), watch func(BreakerState)) *turnstile {
	t := &turnstile{clock: c, deliver: deliver, watch: watch}
	t.mu.gate, t.mu.armed = g, never
	return t
}

// ask wants n permits for a shard; they come by deliver, now or later.
func (t *turnstile) ask(shard, n int) {
	t.turn(func(g *gate, _ time.Duration) { g.ask(shard, n) })
}

// settle takes a permit back.
func (t *turnstile) settle(r report) {
	t.turn(func(g *gate, now time.Duration) { g.settle(now, r) })
}

// pause holds the gate back, or lets it go on.
func (t *turnstile) pause(paused bool) {
	t.turn(func(g *gate, _ time.Duration) { g.paused = paused })
}

// look shows the gate as it is.
func (t *turnstile) look(show func(*gate, time.Duration)) {
	now := t.clock.read().mono
	t.mu.Lock()
	defer t.mu.Unlock()
	show(&t.mu.gate, now)
}

// fired grants what has become possible by time alone.
func (t *turnstile) fired() {
	t.turn(func(*gate, time.Duration) { t.mu.armed = never })
}

// turn changes the gate, and hands out what it then grants.
func (t *turnstile) turn(change func(*gate, time.Duration)) {
	var room [8]grant
	now := t.clock.read().mono
	t.mu.Lock()
	g := &t.mu.gate
	before := g.breaker.state
	change(g, now)
	granted := g.grant(now, room[:0])
	after := g.breaker.state
	t.armLocked(now)
	t.mu.Unlock()
	for _, grant := range granted {
		t.deliver(grant)
	}
	if after != before {
		t.watch(after)
	}
}

// armLocked sets the timer for the next grant that time alone makes possible.
func (t *turnstile) armLocked(now time.Duration) {
	at := never
	if t.mu.gate.asked > 0 && !t.mu.closed {
		at = t.mu.gate.earliest()
	}
	if at == t.mu.armed {
		return
	}
	t.mu.armed = at
	switch {
	case at == never && t.mu.timer != nil:
		t.mu.timer.Stop()
	case at == never:
	case t.mu.timer == nil:
		t.mu.timer = time.AfterFunc(at-now, t.fired)
	default:
		t.mu.timer.Reset(at - now)
	}
}

// close stops the timer: nothing is granted by time alone any more.
func (t *turnstile) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.mu.closed = true
	t.armLocked(0)
}
