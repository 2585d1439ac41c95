package actors

import (
	"sync"
	"time"
)

// turnstile is the shell of a sender's gate: a lock, a timer, and the delivery
// of permits to the shards, outside the lock.
type turnstile struct {
	clock   clock
	deliver func(grant) // called without the lock, as are the others
	watch   func(BreakerState)
	tell    func() // that the standing has changed

	mu struct {
		sync.Mutex
		gate  gate
		timer *time.Timer
		// armed is when the timer fires; never if it will not.
		armed  time.Duration
		closed bool
		stand  standing
		// idle is closed when no permit is out; nil: nobody waits for that.
		idle chan struct{}
	}
}

func newTurnstile(g gate, c clock, deliver func(grant), watch func(BreakerState), tell func()) *turnstile {
	t := &turnstile{clock: c, deliver: deliver, watch: watch, tell: tell}
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

// hold makes the gate grant nothing until it is renewed. The channel is closed
// when no permit is out.
func (t *turnstile) hold() <-chan struct{} {
	idle := make(chan struct{})
	t.turn(func(g *gate, _ time.Duration) { g.held, t.mu.idle = true, idle })
	return idle
}

// standing tells how the sender stands.
func (t *turnstile) standing() standing {
	var st standing
	t.look(func(g *gate, now time.Duration) { st = g.standing(now) })
	return st
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
	after, stand := g.breaker.state, g.standing(now)
	moved := stand != t.mu.stand
	t.mu.stand = stand
	if t.mu.idle != nil && g.inFlight == 0 {
		close(t.mu.idle)
		t.mu.idle = nil
	}
	t.armLocked(now)
	t.mu.Unlock()
	for _, grant := range granted {
		t.deliver(grant)
	}
	if after != before {
		t.watch(after)
	}
	if moved {
		t.tell()
	}
}

// armLocked sets the timer for the next grant, or change of the standing, that
// time alone makes possible.
func (t *turnstile) armLocked(now time.Duration) {
	at := never
	if g := &t.mu.gate; !t.mu.closed {
		if g.asked > 0 {
			at = g.earliest()
		}
		if b := &g.breaker; b.state == BreakerOpen && now < b.until {
			at = min(at, b.until)
		}
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
