package relay

import (
	"bytes"
	"errors"
	"net"
	"runtime"
	"sync/atomic"
	"time"

	"messagehub/relay/tcp"
	"messagehub/store/message"
)

// loop serves many connections with one goroutine. To the HTTP server it is a
// single connection, on which one request after the other arrives whole: those
// of all its clients that are plain sends or receipts, which wait for nothing
// (see hold). A connection on which anything else comes is passed to a goroutine
// of its own until that is answered.
//
//	      ┌────────── plain send ─────────┐
//	loop ─┤                               ├─▶ HTTP server ─▶ handler ─▶ hold
//	      └─▶ handoff ─▶ one goroutine ───┘
//	  ▲                      │
//	  └────── park ──────────┘
//
// Invariant: every Read by the HTTP server gives exactly one request, of
// exactly its length, and the handler is called once for it. So no byte of one
// client can be taken for another's.
type loop struct {
	server  *Server
	poller  *tcp.Poller
	handoff *handoff
	stopped atomic.Bool

	// All else belongs to the goroutine that serves the loop.

	ready []*tcp.Conn
	// current is whose request is being served; nil: nobody's.
	current *conn
	// head is the current request's, until the handler takes it.
	head  head
	fresh bool // head has not been taken
	// key is the current request's, if it is known.
	key    *Key
	answer []byte // scratch
	// began and at are when it was read.
	began   time.Time
	at      message.Time
	sweepAt time.Time
}

// sweepEach is how often, at the most, connections are looked at that may have
// waited too long.
const sweepEach = time.Second

// errOut ends a loop.
var errOut = errors.New("loop has ended")

// run serves the loop until it is stopped and its connections are closed.
func (l *loop) run() {
	l.sweep(time.Now())
	for !l.over() {
		// It returns when an answer said that its connection ends.
		_ = l.server.http.ServeConn(l)
		l.endCurrent()
	}
	_ = l.poller.Close()
}

func (l *loop) over() bool { return l.stopped.Load() && l.poller.Open() == 0 }

// endCurrent closes the connection that was being served.
func (l *loop) endCurrent() {
	c := l.current
	switch l.current = nil; {
	case c == nil:
	case c.linger: // it waits for the client
		c.sock.Unpark()
		go func() { _ = c.Close() }()
	default:
		_ = c.Close()
	}
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

// Read gives the HTTP server the next plain send.
func (l *loop) Read(p []byte) (int, error) {
	l.current = nil
	for {
		for len(l.ready) > 0 {
			s := l.ready[0]
			l.ready = l.ready[1:]
			if n := l.next(s, p); n > 0 {
				return n, nil
			}
		}
		if l.over() {
			return 0, errOut
		}
		runtime.Gosched() // whoever else has work comes first
		if l.ready = l.poller.Wait(l.sweepAt); len(l.ready) == 0 {
			l.sweep(time.Now())
		}
	}
}

// next reads from a connection. It returns 0 if what has come is not a plain
// send, and has then passed it on.
func (l *loop) next(s *tcp.Conn, p []byte) int {
	c := s.Owner.(*conn)
	if c.proxy != nil || s.Ended() {
		l.pass(c, s, nil)
		return 0
	}
	n, err := s.TryRead(p)
	switch {
	case err == tcp.ErrAgain:
		return 0
	case err != nil:
		_ = c.Close()
		return 0
	}
	c.begun()
	if !l.plain(c, p[:n]) {
		l.pass(c, s, p[:n])
		return 0
	}
	l.key, l.began, l.at = nil, time.Now(), l.server.o.Now()
	if bytes.HasPrefix(p[:n], []byte(plainLine)) && l.refuse(c) {
		return 0
	}
	l.current, l.fresh = c, true
	return n
}

// plain reports whether the loop may serve what has come, and leaves its head in
// l.head.
func (l *loop) plain(c *conn, b []byte) (ok bool) {
	if l.server.drained.Load() || c.hold.busy() {
		return false
	}
	l.head, ok = scanPlain(b)
	return ok
}

// pass gives a connection, with what was read from it, to a goroutine of its
// own.
func (l *loop) pass(c *conn, s *tcp.Conn, read []byte) {
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
		if c := s.Owner.(*conn); stopped || c.waitedTooLong(now, limits) {
			_ = c.Close() // if an answer is held back, after that
		}
	}
}

// sweepStopped is how often a stopped loop looks for connections that have come
// back to it.
const sweepStopped = 10 * time.Millisecond

// takeHead returns the head of the current request, which Read has scanned.
func (l *loop) takeHead() head {
	if !l.fresh {
		panic("a request that no Read has given")
	}
	l.fresh = false
	return l.head
}

// Write takes the answer to the current request, whole or in parts.
func (l *loop) Write(p []byte) (int, error) {
	c := l.current
	if c == nil {
		return 0, errOut
	}
	c.phase = phaseIdle
	return len(p), c.hold.send(p)
}

// Close implements [net.Conn]. The HTTP server closes a connection whose answer
// said so; that is seen to by run.
func (l *loop) Close() error { return nil }

// RemoteAddr returns the current client's address.
func (l *loop) RemoteAddr() net.Addr {
	if l.current == nil {
		return nil
	}
	return l.current.RemoteAddr()
}

// LocalAddr returns the address that the current client has connected to.
func (l *loop) LocalAddr() net.Addr {
	if l.current == nil {
		return nil
	}
	return l.current.LocalAddr()
}

// SetDeadline implements [net.Conn]: a loop has none, its connections have.
func (l *loop) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements [net.Conn].
func (l *loop) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements [net.Conn].
func (l *loop) SetWriteDeadline(time.Time) error { return nil }
