package relay

import (
	"runtime"
	"sync/atomic"
	"time"

	"messagehub/relay/tcp"
)

// loop serves many connections with one goroutine. It answers plain sends and
// receipts itself, one after the other, since they wait for nothing: their
// connections hold the answers back (see hold). A connection on which anything
// else comes is passed to a goroutine of the HTTP server until that is answered.
//
//	      ┌──── plain ────▶ turn ────▶ handler ──▶ hold
//	loop ─┤
//	  ▲   └──▶ handoff ──▶ HTTP server ──▶ handler
//	  └─────── park ───────────┘
//
// Invariant: what is answered is one whole request, and nothing is left of what
// was read with it. So no byte of one client can be taken for another's.
type loop struct {
	server  *Server
	poller  *tcp.Poller
	handoff *handoff
	stopped atomic.Bool

	// All else belongs to the goroutine that serves the loop.

	turn    turn
	buf     []byte    // what is read
	sweepAt time.Time // silent connections
	lookAt  time.Time // throttled ones
	unseen  int       // of these, in the look that has begun
}

// sweepEach is how often, at the most, connections are looked at that may have
// waited too long.
const sweepEach = time.Second

func newLoop(s *Server, p *tcp.Poller, h *handoff) *loop {
	l := &loop{server: s, poller: p, handoff: h, buf: make([]byte, s.o.Limits.HeaderBytes)}
	l.turn.prepare(s)
	return l
}

// run serves the loop until it is stopped and its connections are closed.
func (l *loop) run() {
	l.sweep(time.Now())
	for !l.over() {
		for _, s := range l.ready() {
			l.next(s)
		}
		now := time.Now()
		l.look(now)
		if l.stopped.Load() || !now.Before(l.sweepAt) {
			l.sweep(now)
		}
		runtime.Gosched() // whoever else has work comes first
	}
	_ = l.poller.Close()
}

func (l *loop) over() bool { return l.stopped.Load() && l.poller.Open() == 0 }

// end closes a connection after its answer.
func (l *loop) end(c *conn) {
	if !c.linger {
		_ = c.Close()
		return
	}
	c.sock.Unpark() // it waits for the client
	go func() { _ = c.Close() }()
}

// take takes a new connection over. It reports false if that can't be: then the
// connection is as it was.
func (l *loop) take(c *conn) bool {
	s, err := l.poller.Take(c.Conn, c)
	if err != nil {
		return false
	}
	c.Conn, c.loop, c.sock = s, l, s
	if l.poller.Watch(s) != nil {
		s.Unpark()
		c.loop = nil
	}
	return true
}

// stop ends the loop when its connections have ended, which those that wait
// for nothing do at once.
func (l *loop) stop() {
	l.stopped.Store(true)
	l.poller.Wake()
}

// next serves a connection on which something has come, or passes it on.
func (l *loop) next(s *tcp.Conn) {
	c := s.Owner.(*conn)
	if c.proxy != nil || s.Ended() {
		l.pass(c, s, nil)
		return
	}
	n, err := s.TryRead(l.buf)
	switch {
	case err == tcp.ErrAgain:
		return
	case err != nil:
		_ = c.Close()
		return
	}
	c.begun()
	p, ok := plainRequest{}, false
	if !l.server.drained.Load() && !c.hold.busy() {
		p, ok = scanPlain(l.buf[:n])
	}
	if !ok {
		l.pass(c, s, l.buf[:n])
		return
	}
	l.turn.begin(c, p)
	if !(p.isSend() && l.turn.refuse()) && !l.turn.serve() {
		l.end(c)
		return
	}
	l.judge(c, s)
}

// pass gives a connection, with what was read from it, to a goroutine of its
// own.
func (l *loop) pass(c *conn, s *tcp.Conn, read []byte) {
	l.release(c, s)
	s.Unpark()
	c.space = append(c.space[:0], read...)
	c.rest = c.space
	l.handoff.give(c)
}

// sweep closes the parked connections that have waited too long, or all of them
// when the loop is stopped.
func (l *loop) sweep(now time.Time) {
	limits := l.server.gate.limits.Load()
	every := min(sweepEach, limits.Read/8, limits.Idle/8)
	stopped := l.stopped.Load()
	if stopped {
		every = sweepStopped
	}
	l.sweepAt = now.Add(every)
	for _, s := range l.poller.Parked(nil) {
		c := s.Owner.(*conn)
		if stopped || c.waitedTooLong(now, limits) {
			_ = c.Close() // if an answer is held back, after that
		} else if s.Throttled() && now.Sub(c.seen) > throttleIdle {
			l.release(c, s)
		}
	}
}

// sweepStopped is how often a stopped loop looks for connections that have come
// back to it.
const sweepStopped = 10 * time.Millisecond
