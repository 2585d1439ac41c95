package channel

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

const (
	// maxKept bounds the buffers that a kept connection keeps.
	maxKept = 16 << 10
	// look is how often a call that waits looks whether it was called off.
	look = 250 * time.Millisecond
)

// conn is a connection to a provider. One goroutine uses it at a time.
type conn struct {
	net.Conn // TLS, if there is any
	raw      *counted
	peek     *peek // nil: the connection can't be looked at
	since    time.Time
	// reusable: the answer was read to its end, and both sides keep the
	// connection.
	reusable bool

	out []byte // the request
	in  []byte // what was read
	at  int    // of in, up to here it was used
	// what ends the exchange under way
	ctx      context.Context
	deadline time.Time
}

// counted counts the bytes that the network has taken.
type counted struct {
	net.Conn
	written int
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.written += n
	return n, err
}

// newConn makes the conn of a connection over raw.
func newConn(over net.Conn, raw *counted) *conn {
	return &conn{Conn: over, raw: raw, peek: newPeek(raw.Conn)}
}

// wrote reports whether any byte of the last request was taken.
func (c *conn) wrote() bool { return c.raw.written > 0 }

func (c *conn) close() { _ = c.Close() }

// alive reports whether the host has kept the idle connection, as far as it
// has said.
func (c *conn) alive() bool {
	return time.Since(c.since) < idleFor && (c.peek == nil || c.peek.quiet())
}

// exchange writes the request and reads the answer.
func (c *conn) exchange(ctx context.Context, call *Call, host, path string) (*Answer, error) {
	c.reusable, c.raw.written, c.ctx = false, 0, ctx
	c.deadline, _ = ctx.Deadline()
	c.in, c.at = c.in[:0], 0
	c.out = call.append(c.out[:0], host, path)
	defer c.rest()
	if err := c.SetWriteDeadline(c.deadline); err != nil {
		return nil, err
	}
	if _, err := c.Write(c.out); err != nil {
		return nil, err
	}
	return c.answer(call)
}

// rest lets go of what the exchange has needed.
func (c *conn) rest() {
	c.ctx = nil
	if cap(c.in) > maxKept {
		c.in = nil
	}
	if cap(c.out) > maxKept {
		c.out = nil
	}
}

// append appends the request. What would make its header another one has been
// refused by plain.
func (c *Call) append(b []byte, host, path string) []byte {
	b = append(append(append(b, c.Method...), ' '), path...)
	b = append(append(b, " HTTP/1.1\r\nHost: "...), host...)
	b = append(b, "\r\nUser-Agent: "+userAgent+"\r\n"...)
	if len(c.Body) > 0 || c.Method == "POST" || c.Method == "PUT" || c.Method == "PATCH" {
		b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(c.Body)), 10)
		b = append(b, "\r\n"...)
	}
	if c.ContentType != "" {
		b = appendField(b, "Content-Type", c.ContentType)
	}
	for name, value := range c.Header {
		b = appendField(b, name, value)
	}
	if c.Basic[0] != "" {
		b = append(b, "Authorization: Basic "...)
		b = appendBase64(b, c.Basic[0], c.Basic[1])
		b = append(b, "\r\n"...)
	}
	return append(append(b, "\r\n"...), c.Body...)
}

func appendField(b []byte, name, value string) []byte {
	return append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
}

// appendBase64 appends user:password in base64. The text is written behind
// its place first.
func appendBase64(b []byte, user, password string) []byte {
	n := len(b)
	size := base64.StdEncoding.EncodedLen(len(user) + 1 + len(password))
	for range size {
		b = append(b, 0)
	}
	b = append(append(append(b, user...), ':'), password...)
	base64.StdEncoding.Encode(b[n:n+size], b[n+size:])
	return b[:n+size]
}

// fill reads more. Its reads are short, so that a call that was called off
// ends soon, without a goroutine that watches it.
func (c *conn) fill() error {
	if cap(c.in) == len(c.in) {
		c.in = append(make([]byte, 0, max(2*cap(c.in), 4<<10)), c.in...)
	}
	n, err := c.read(c.in[len(c.in):cap(c.in)])
	c.in = c.in[:len(c.in)+n]
	return err
}

// read reads something, or returns why not.
func (c *conn) read(dst []byte) (int, error) {
	for {
		until := time.Now().Add(look)
		last := !c.deadline.IsZero() && until.After(c.deadline)
		if last {
			until = c.deadline
		}
		if err := c.SetReadDeadline(until); err != nil {
			return 0, err
		}
		n, err := c.Conn.Read(dst)
		if n > 0 {
			return n, nil
		}
		if err == nil {
			continue
		}
		if last || !errors.Is(err, os.ErrDeadlineExceeded) || c.ctx.Err() != nil {
			return 0, err
		}
	}
}

// peek looks at an idle connection without reading.
type peek struct {
	socket syscall.RawConn
	look   func(fd uintptr) bool // made once
	still  bool
}

// newPeek returns nil for a connection without a socket.
func newPeek(network net.Conn) *peek {
	has, ok := network.(syscall.Conn)
	if !ok {
		return nil
	}
	socket, err := has.SyscallConn()
	if err != nil {
		return nil
	}
	p := &peek{socket: socket}
	p.look = func(fd uintptr) bool {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		p.still = err == syscall.EAGAIN
		return true
	}
	return p
}

// quiet reports whether nothing has come: neither bytes nor an end.
func (p *peek) quiet() bool {
	p.still = false
	return p.socket.Read(p.look) == nil && p.still
}
