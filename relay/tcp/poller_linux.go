package tcp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxEvents bounds what one Wait returns, so that nobody else waits long for
// the CPU that the loop runs on.
const maxEvents = 64

// events are what a connection is watched for, once and for all: an event tells
// of a change, and never comes twice for the same.
const events = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

// Poller waits for many connections in one goroutine, which calls Wait, Ready,
// Throttled, Throttle and Release. All else may be called by anybody.
//
// A connection is watched in one of two sets: what comes on the prompt ones ends
// a Wait, what comes on the throttled ones is told of when it is asked for. So
// a thousand clients that need not be answered at once cost one wake-up.
type Poller struct {
	epoll     *os.File // of the prompt ones
	throttled int      // the descriptor of the other set
	raw       syscall.RawConn
	poll      func(fd uintptr) bool // p.pollOnce, made once
	look      func(fd uintptr)      // the same
	woken     atomic.Bool

	// These belong to the goroutine that waits.
	by     time.Time // the deadline that is set
	events [maxEvents]unix.EpollEvent
	found  int
	ready  []*Conn

	mu struct {
		sync.Mutex
		conns []*Conn // by slot; nil: free
		free  []int32
		open  int
		taken int32 // how many there have been
		// throttled counts the connections that are.
		throttled int
	}
}

// NewPoller makes a poller. It is to be closed.
func NewPoller() (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make epoll: %w", err)
	}
	// An epoll descriptor can itself be waited for. So no thread is blocked
	// while nothing happens: the runtime wakes the goroutine.
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("make epoll: %w", err)
	}
	p := &Poller{epoll: os.NewFile(uintptr(fd), "epoll")}
	p.poll, p.look = p.pollOnce, func(fd uintptr) { p.pollOnce(fd) }
	p.raw, err = p.epoll.SyscallConn()
	if err == nil {
		p.throttled, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	}
	if err != nil {
		_ = p.epoll.Close()
		return nil, fmt.Errorf("make epoll: %w", err)
	}
	return p, nil
}

// Close ends the poller. Its connections are to be closed first.
func (p *Poller) Close() error { return errors.Join(p.epoll.Close(), unix.Close(p.throttled)) }

// Take takes a TCP connection over from the runtime. It is parked, and owner is
// what Wait's caller knows it by. Watch, once, makes Wait tell of it. After an
// error nc is still as it was.
func (p *Poller) Take(nc net.Conn, owner any) (*Conn, error) {
	s, ok := nc.(syscall.Conn)
	if _, tcp := nc.(*net.TCPConn); !ok || !tcp {
		return nil, errors.ErrUnsupported
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	controlErr := raw.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) })
	if err := errors.Join(controlErr, err); err != nil {
		return nil, fmt.Errorf("take connection over: %w", err)
	}
	c := &Conn{Owner: owner, poller: p, fd: fd, local: nc.LocalAddr(), remote: nc.RemoteAddr()}
	c.mu.parked = true
	p.add(c)
	_ = nc.Close()
	return c, nil
}

func (p *Poller) add(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.mu.free); n > 0 {
		c.slot = p.mu.free[n-1]
		p.mu.free = p.mu.free[:n-1]
	} else {
		c.slot = int32(len(p.mu.conns))
		p.mu.conns = append(p.mu.conns, nil)
	}
	p.mu.taken++
	c.number = p.mu.taken
	p.mu.conns[c.slot] = c
	p.mu.open++
}

// Watch begins to wait for a connection that was taken. After an error the
// connection is to be closed.
func (p *Poller) Watch(c *Conn) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.done()
	if err := p.prompt(c, unix.EPOLL_CTL_ADD); err != nil {
		return fmt.Errorf("watch connection: %w", err)
	}
	return nil
}

// Throttle makes Wait tell no more of a connection, and Throttled instead.
// After an error it is to be closed, as after one of Release.
func (p *Poller) Throttle(c *Conn) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.done()
	err := p.prompt(c, unix.EPOLL_CTL_DEL)
	if err == nil {
		p.note(c, true)
		err = control(p.throttled, unix.EPOLL_CTL_ADD, c)
	}
	if err != nil {
		return fmt.Errorf("throttle connection: %w", err)
	}
	return nil
}

// Release undoes Throttle. Wait tells of what has come in the meantime.
func (p *Poller) Release(c *Conn) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.done()
	err := control(p.throttled, unix.EPOLL_CTL_DEL, c)
	if err == nil {
		p.note(c, false)
		err = p.prompt(c, unix.EPOLL_CTL_ADD)
	}
	if err != nil {
		return fmt.Errorf("release connection: %w", err)
	}
	return nil
}

// note counts the throttled.
func (p *Poller) note(c *Conn, throttled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.throttled = throttled; throttled {
		p.mu.throttled++
	} else {
		p.mu.throttled--
	}
}

// CountThrottled is how many connections are throttled.
func (p *Poller) CountThrottled() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mu.throttled
}

// prompt changes the set that ends a Wait.
func (p *Poller) prompt(c *Conn, op int) (err error) {
	controlErr := p.raw.Control(func(fd uintptr) { err = control(int(fd), op, c) })
	return errors.Join(controlErr, err)
}

func control(epoll, op int, c *Conn) error {
	return unix.EpollCtl(epoll, op, c.fd, &unix.EpollEvent{Events: events, Fd: c.slot, Pad: c.number})
}

// remove forgets a connection, before its descriptor is closed.
func (p *Poller) remove(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.conns[c.slot] = nil
	p.mu.free = append(p.mu.free, c.slot)
	p.mu.open--
	if c.throttled {
		p.mu.throttled--
	}
}

// Open is how many connections the poller has.
func (p *Poller) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mu.open
}

// Parked appends the connections that are parked.
func (p *Poller) Parked(to []*Conn) []*Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.mu.conns {
		if c != nil && c.isParked() {
			to = append(to, c)
		}
	}
	return to
}

// Wake makes Wait return soon.
func (p *Poller) Wake() {
	p.woken.Store(true)
	_ = p.epoll.SetReadDeadline(time.Unix(1, 0))
}

// Wait returns parked connections on which something has come: bytes, the end
// or an error. It returns none if by is over, and after Wake.
//
// Ownership: the slice is the poller's, until the next Ready, Wait or Throttled.
func (p *Poller) Wait(by time.Time) []*Conn {
	p.ready = p.ready[:0]
	for {
		if p.woken.Swap(false) {
			p.by = time.Time{}
			return nil
		}
		if !p.by.Equal(by) {
			p.by = by
			_ = p.epoll.SetReadDeadline(by)
			continue // a Wake in between may have been overwritten
		}
		if p.raw.Read(p.poll) != nil { // the deadline, a Wake's or ours
			p.by = time.Time{}
			p.woken.Store(false)
			return nil
		}
		if p.dispatch(); len(p.ready) > 0 {
			return p.ready
		}
	}
}

// Ready returns what Wait would, or none: it does not wait.
//
// Ownership: the slice is the poller's, until the next Ready, Wait or Throttled.
func (p *Poller) Ready() []*Conn {
	p.ready = p.ready[:0]
	if p.raw.Control(p.look) == nil && p.found > 0 {
		p.dispatch()
	}
	return p.ready
}

// Throttled returns some of the throttled connections on which something has
// come, each once, or none. It does not wait.
//
// Ownership: the slice is the poller's, until the next Ready, Wait or Throttled.
func (p *Poller) Throttled() []*Conn {
	p.ready = p.ready[:0]
	if p.pollOnce(uintptr(p.throttled)) {
		p.dispatch()
	}
	return p.ready
}

// pollOnce takes what has happened. It does not block, so the scheduler need
// not hear of it.
func (p *Poller) pollOnce(fd uintptr) bool {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&p.events[0])), maxEvents, 0, 0, 0)
	if p.found = 0; errno == 0 {
		p.found = int(n)
	}
	return p.found > 0
}

// dispatch tells those who wait, and collects the parked.
func (p *Poller) dispatch() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.events[:p.found] {
		e := &p.events[i]
		// An event may be older than the connection that has the slot now.
		if c := p.mu.conns[e.Fd]; c != nil && c.number == e.Pad && c.happened(e.Events) {
			p.ready = append(p.ready, c)
		}
	}
}
