package relay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"messagehub/relay/tcp"
)

// conn is one client connection. All but spoke, leaving and hold belongs to the
// goroutine that serves it: its loop's, while it is parked.
type conn struct {
	net.Conn
	listener *listener
	// loop is where the connection is parked between requests, and sock the
	// Conn then; nil: nowhere, it has a goroutine of its own.
	loop *loop
	sock *tcp.Conn
	// leaving: the goroutine that serves the connection has no more to do, and
	// its Close means that the connection goes back to the loop.
	leaving atomic.Bool
	// proxy reads the PROXY header; nil where there is none, or it is read.
	proxy *proxyHeader
	// client is the address that the PROXY header gave, if any.
	client net.Addr
	// rest is what was read beyond the PROXY header, or by the loop, and is not
	// served yet; it lies in space, if the loop has read it.
	rest  []byte
	space []byte
	sheds sheds
	// shared: a proxy sends requests of any of its clients on it.
	shared bool
	// lastKey is what keyOf remembers.
	lastKey lastKey
	// linger: the answer goes out before the request has been read, so the
	// connection is closed in a way that lets the client see it.
	linger bool
	spoke  atomic.Bool
	hold   hold
	phase  phase
	timed  bool // seen is when the rest of the request was waited for
	// seen is the moment that read deadlines count from: the connection's
	// beginning, or the last request's.
	seen time.Time
	// readBy and writeBy are the deadlines in force.
	readBy, writeBy time.Time
}

func newConn(nc net.Conn, l *listener) *conn {
	c := &conn{Conn: nc, listener: l, seen: time.Now()}
	c.hold.conn = c
	return c
}

// deadlineGrain is how much sooner than asked a deadline may come: to set one
// costs more than to decode a request, so it is not set anew for each.
const deadlineGrain = time.Second

// phase is what the connection waits for when it reads.
type phase uint8

const (
	phaseNew     phase = iota // the first byte of the first request
	phaseRequest              // the rest of a request
	phaseIdle                 // the first byte of the next one
)

// armRead bounds the next read. A request that comes with one read, as most
// do, costs no look at the clock.
func (c *conn) armRead() error {
	l := c.listener.server.gate.limits.Load()
	by := c.seen.Add(l.Read)
	switch {
	case c.phase == phaseIdle:
		by = c.seen.Add(l.Idle)
	case c.phase == phaseRequest && !c.timed:
		c.seen, c.timed = time.Now(), true
		by = c.seen.Add(l.Read)
	}
	if near(c.readBy, by) {
		return nil
	}
	c.readBy = by
	return c.Conn.SetReadDeadline(by)
}

// armWrite bounds the writes from the moment now on.
func (c *conn) armWrite(now time.Time) error {
	by := now.Add(c.listener.server.gate.limits.Load().Write)
	if near(c.writeBy, by) {
		return nil
	}
	c.writeBy = by
	return c.Conn.SetWriteDeadline(by)
}

// near reports whether a deadline in force will do for the one that is asked
// for: it is the same, or comes hardly sooner.
func near(set, asked time.Time) bool {
	if set.IsZero() || asked.IsZero() {
		return set.IsZero() && asked.IsZero()
	}
	d := asked.Sub(set)
	return d >= 0 && d < deadlineGrain
}

// errSilent makes the HTTP server close without an answer: it is how a
// connection on which nothing was asked ends.
var errSilent = fmt.Errorf("nothing was asked: %w", net.ErrClosed)

// Read reads from the client, after its PROXY header if it has one.
func (c *conn) Read(p []byte) (int, error) {
	if err := c.armRead(); err != nil {
		return 0, err
	}
	if c.proxy != nil {
		client, rest, err := c.proxy.read(c.Conn)
		if err != nil {
			return 0, fmt.Errorf("%w: %w", errSilent, err)
		}
		c.proxy, c.client, c.rest = nil, client, rest
	}
	if len(c.rest) > 0 {
		n := copy(p, c.rest)
		c.rest = c.rest[n:]
		c.begun()
		return n, nil
	}
	n, err := c.receive(p)
	switch {
	case n > 0:
		c.begun()
	case err != nil && errors.Is(err, os.ErrDeadlineExceeded) && !c.spoke.Load():
		return n, errSilent
	}
	return n, err
}

// receive reads what comes next. Between two requests it does not wait for it,
// the loop does: to the HTTP server the connection has then come to its end.
func (c *conn) receive(p []byte) (int, error) {
	if c.loop == nil || c.phase != phaseIdle {
		return c.Conn.Read(p)
	}
	n, err := c.sock.TryRead(p)
	if err == tcp.ErrAgain {
		c.leaving.Store(true)
		err = io.EOF
	}
	return n, err
}

// park gives the connection back to its loop, or to a goroutine again if
// something has come in the meantime.
func (c *conn) park() {
	if !c.sock.Park() {
		c.loop.handoff.give(c)
	}
}

// waitedTooLong reports whether a parked connection has been silent for longer
// than it may.
func (c *conn) waitedTooLong(now time.Time, l *Limits) bool {
	limit := l.Idle
	if c.phase == phaseNew {
		limit = l.Read
	}
	return now.Sub(c.seen) > limit && !c.hold.busy()
}

// begun notes that bytes of a request have come.
func (c *conn) begun() {
	if c.phase == phaseRequest {
		return
	}
	if c.phase == phaseNew {
		c.spoke.Store(true)
	}
	c.phase, c.timed = phaseRequest, false
}

// Write writes to the client, or has it kept while a hold is placed.
func (c *conn) Write(p []byte) (int, error) {
	if !bytes.HasPrefix(p, []byte("HTTP/1.1 100 ")) {
		c.phase = phaseIdle
	}
	n := len(p)
	p, err := c.hold.keep(p)
	if len(p) == 0 || err != nil {
		return n, err
	}
	now := time.Now()
	c.seen = now
	if err := c.armWrite(now); err != nil {
		return 0, err
	}
	if _, err := c.Conn.Write(p); err != nil {
		return 0, err
	}
	return n, nil
}

// RemoteAddr returns the peer's address, or the client's that a PROXY header
// gave.
func (c *conn) RemoteAddr() net.Addr {
	if c.client != nil {
		return c.client
	}
	return c.Conn.RemoteAddr()
}

// Close closes the connection: if something is held back, as soon as that is
// written. If its goroutine has nothing to do, it goes back to its loop.
func (c *conn) Close() error {
	if c.leaving.CompareAndSwap(true, false) {
		c.park()
		return nil
	}
	if c.hold.closeAfter() {
		return nil
	}
	return c.end()
}

// end closes the connection now.
func (c *conn) end() error {
	c.listener.forget(c)
	if c.linger {
		c.linger = false
		_ = c.Conn.SetDeadline(time.Now().Add(lingerTime))
		seeOff(c.Conn)
	}
	return c.Conn.Close()
}

const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 1 << 20
)

// seeOff ends the writing half and reads what the client is still sending,
// within the deadline set: a close with unread bytes would reset the
// connection, and the client might never see the answer.
func seeOff(nc net.Conn) {
	half, ok := nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(nc, lingerBytes))
}
