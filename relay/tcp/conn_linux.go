package tcp

import (
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Conn is a connection of a [Poller]. It is either parked, and then whoever
// calls [Poller.Wait] learns what comes, or somebody's own, who reads, waits
// and writes as on any net.Conn, and may park it again.
//
// One goroutine may read, one may write, and anybody may close.
type Conn struct {
	// Owner is what the caller of Wait knows the connection by.
	Owner any

	poller        *Poller
	fd            int
	slot, number  int32 // in the poller's table, and among all it ever had
	local, remote net.Addr
	// uses counts the system calls that run, and holds the closed bit: the
	// descriptor is given back by the last of them, so that none can hit
	// another connection of the same number.
	uses atomic.Int32
	gone atomic.Bool
	// throttled is written with the poller's lock by who calls Wait.
	throttled bool

	mu struct {
		sync.Mutex
		parked  bool
		ended   bool // the client sends no more, or the connection is broken
		in, out side
	}
}

// side is one direction.
type side struct {
	ready bool          // something has happened since it was last tried
	wake  chan struct{} // tells the one who waits; made by the first
	by    time.Time     // deadline; zero: none
}

const closedBit = 1 << 30

// begin is called before a system call, done after it.
func (c *Conn) begin() error {
	if c.uses.Add(1)&closedBit == 0 {
		return nil
	}
	c.done()
	return net.ErrClosed
}

func (c *Conn) done() {
	if c.uses.Add(-1) == closedBit {
		c.release()
	}
}

func (c *Conn) release() {
	if c.gone.CompareAndSwap(false, true) {
		c.poller.remove(c)
		_ = unix.Close(c.fd)
	}
}

// Close closes the connection, as soon as no system call on it runs.
func (c *Conn) Close() error {
	old := c.uses.Or(closedBit)
	if old&closedBit != 0 {
		return net.ErrClosed
	}
	c.mu.Lock()
	c.mu.parked = false
	c.mu.in.happened()
	c.mu.out.happened()
	c.mu.Unlock()
	if old == 0 {
		c.release()
	}
	return nil
}

// TryRead reads what is there. It does not wait: [ErrAgain] says that there is
// nothing.
func (c *Conn) TryRead(p []byte) (int, error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	defer c.done()
	c.noteIn(false) // what has come before is read now
	n, errno := read(c.fd, p)
	switch {
	case errno != 0:
		return 0, fault("read", errno)
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	case n == len(p):
		c.noteIn(true) // there may be more, and no event tells
	}
	return n, nil
}

func (c *Conn) noteIn(ready bool) {
	c.mu.Lock()
	c.mu.in.ready = ready || c.mu.ended
	c.mu.Unlock()
}

// TryWrite writes what the connection takes at once. It does not wait.
func (c *Conn) TryWrite(p []byte) (int, error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	n, errno := write(c.fd, p)
	c.done()
	if errno != 0 {
		return 0, fault("write", errno)
	}
	return n, nil
}

func fault(what string, errno unix.Errno) error {
	if errno == unix.EAGAIN {
		return ErrAgain
	}
	return os.NewSyscallError(what, errno)
}

// Read implements [net.Conn].
func (c *Conn) Read(p []byte) (int, error) {
	for {
		n, err := c.TryRead(p)
		if err != ErrAgain {
			return n, err
		}
		if err := c.await(&c.mu.in); err != nil {
			return 0, err
		}
	}
}

// Write implements [net.Conn].
func (c *Conn) Write(p []byte) (int, error) {
	written := 0
	for {
		c.mu.Lock()
		c.mu.out.ready = false
		c.mu.Unlock()
		n, err := c.TryWrite(p[written:])
		written += n
		if written == len(p) || err != nil && err != ErrAgain {
			return written, err
		}
		if err := c.await(&c.mu.out); err != nil {
			return written, err
		}
	}
}

// await returns when something has happened on the side, or its deadline has
// passed.
func (c *Conn) await(s *side) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.wake == nil {
		s.wake = make(chan struct{}, 1)
	}
	var over <-chan time.Time
	if !s.by.IsZero() {
		timer := time.NewTimer(time.Until(s.by))
		defer timer.Stop()
		over = timer.C
	}
	for !s.ready {
		c.mu.Unlock()
		expired := false
		select {
		case <-s.wake:
		case <-over:
			expired = true
		}
		c.mu.Lock()
		if expired && !s.ready {
			return os.ErrDeadlineExceeded
		}
	}
	return nil
}

// happened notes that the side may be tried again.
func (s *side) happened() {
	s.ready = true
	select {
	case s.wake <- struct{}{}: // a nil channel takes nothing
	default:
	}
}

// happened notes an event. It reports whether the connection is parked and has
// something to read.
func (c *Conn) happened(what uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if what&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		c.mu.ended = true
	}
	in := c.mu.ended || what&unix.EPOLLIN != 0
	if in && c.mu.parked {
		return true
	}
	if in {
		c.mu.in.happened()
	}
	if c.mu.ended || what&unix.EPOLLOUT != 0 {
		c.mu.out.happened()
	}
	return false
}

// Park gives the connection to whoever waits for all. It reports false if there
// may be something to read already: then it is not parked.
func (c *Conn) Park() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.parked = !c.mu.in.ready && c.uses.Load()&closedBit == 0
	return c.mu.parked
}

// Unpark makes the connection the caller's own. Only who calls [Poller.Wait]
// may call it.
func (c *Conn) Unpark() {
	c.mu.Lock()
	c.mu.parked, c.mu.in.ready = false, true
	c.mu.Unlock()
}

// Throttled reports whether [Poller.Throttled] tells of the connection. Only who
// calls [Poller.Wait] may ask.
func (c *Conn) Throttled() bool { return c.throttled }

// Ended reports whether the client sends no more, or the connection is broken:
// then no event will tell of what there is still to read.
func (c *Conn) Ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.ended
}

func (c *Conn) isParked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.parked
}

// CloseWrite ends the writing half.
func (c *Conn) CloseWrite() error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.done()
	return os.NewSyscallError("shutdown", unix.Shutdown(c.fd, unix.SHUT_WR))
}

// LocalAddr implements [net.Conn].
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements [net.Conn].
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements [net.Conn].
func (c *Conn) SetDeadline(by time.Time) error {
	_ = c.SetReadDeadline(by)
	return c.SetWriteDeadline(by)
}

// SetReadDeadline implements [net.Conn], for reads that begin after it.
func (c *Conn) SetReadDeadline(by time.Time) error { return c.setDeadline(&c.mu.in, by) }

// SetWriteDeadline implements [net.Conn], for writes that begin after it.
func (c *Conn) SetWriteDeadline(by time.Time) error { return c.setDeadline(&c.mu.out, by) }

func (c *Conn) setDeadline(s *side, by time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.by = by
	return nil
}
