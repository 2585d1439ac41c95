package relay

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is one client connection. All but spoke belongs to the goroutine that
// serves it.
type conn struct {
	net.Conn
	listener *listener
	// proxy reads the PROXY header; nil where there is none, or it is read.
	proxy *proxyHeader
	// client is the address that the PROXY header gave, if any.
	client net.Addr
	// rest is what was read beyond the PROXY header.
	rest  []byte
	sheds sheds
	// linger: the answer goes out before the request has been read, so the
	// connection is closed in a way that lets the client see it.
	linger bool
	spoke  atomic.Bool
	hold   hold
	// readBy and writeBy are the deadlines in force; wantRead is the one that
	// the next Read puts in force.
	readBy, wantRead, writeBy time.Time
}

func newConn(nc net.Conn, l *listener) *conn {
	c := &conn{Conn: nc, listener: l}
	c.hold.conn = c
	if s, ok := nc.(syscall.Conn); ok {
		c.hold.raw, _ = s.SyscallConn()
		c.hold.try = c.hold.attempt
	}
	return c
}

// deadlineGrain is how much sooner than asked a deadline may come: to set one
// costs more than to decode a request, so it is not set anew for each.
const deadlineGrain = time.Second

// SetReadDeadline bounds the reads that begin from now on. The HTTP server
// sets one for the wait and one for the request, and most requests come with
// one read: so it is the read that puts it in force.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.wantRead = t
	return nil
}

func (c *conn) armRead() error {
	if near(c.readBy, c.wantRead) {
		return nil
	}
	c.readBy = c.wantRead
	return c.Conn.SetReadDeadline(c.readBy)
}

// SetWriteDeadline bounds the writes from now on.
func (c *conn) SetWriteDeadline(t time.Time) error {
	if near(c.writeBy, t) {
		return nil
	}
	c.writeBy = t
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline bounds both.
func (c *conn) SetDeadline(t time.Time) error {
	c.readBy, c.wantRead, c.writeBy = t, t, t
	return c.Conn.SetDeadline(t)
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
		c.spoke.Store(true)
		return n, nil
	}
	n, err := c.Conn.Read(p)
	switch {
	case n > 0 && !c.spoke.Load():
		c.spoke.Store(true)
	case err != nil && errors.Is(err, os.ErrDeadlineExceeded) && !c.spoke.Load():
		return n, errSilent
	}
	return n, err
}

// Write writes to the client, or has it kept while a hold is placed.
func (c *conn) Write(p []byte) (int, error) {
	if kept, err := c.hold.keep(p); kept {
		return len(p), err
	}
	return c.Conn.Write(p)
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
// written.
func (c *conn) Close() error {
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
