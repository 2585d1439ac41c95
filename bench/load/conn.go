package load

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// conn is one client connection of a source. It carries one request at a time.
type conn struct {
	source *source
	number int32 // under which the poller reports it
	fd     int
	up     bool
	busy   bool
	out    []byte // what the socket has not yet taken
	in     []byte // an answer that is not whole yet

	next, repeat uint64 // number of its next message; messages in a row for one recipient
	first        uint64 // number of the request's first message
	due, sentAt  int64
	again        time.Time // when to connect again
}

// answerTimeout is how long an answer may take before the connection counts as
// broken; reconnectPause is the time before it is made again.
const (
	answerTimeout  = 30 * time.Second
	reconnectPause = 10 * time.Millisecond
)

// open begins to connect.
func (c *conn) open(w *worker) error {
	c.up, c.busy, c.in, c.out = false, false, c.in[:0], nil
	fd, err := connect(w.address)
	if err != nil {
		c.fd = -1
		return err
	}
	c.fd = fd
	return w.poll.watch(fd, c.number, false, true)
}

// comeUp completes what open began.
func (c *conn) comeUp(w *worker) error {
	if err := connected(c.fd); err != nil {
		return err
	}
	if err := w.poll.watch(c.fd, c.number, true, false); err != nil {
		return err
	}
	c.up = true
	return nil
}

func (c *conn) close() {
	if c.fd >= 0 {
		_ = unix.Close(c.fd)
		c.fd = -1
	}
}

// send sends the source's next request, which was due at the given moment. It
// reports false if there is none.
func (c *conn) send(w *worker, due int64, waited bool) bool {
	request := c.source.Requests.Next(c.next, c.repeat)
	if request == nil {
		c.source.over = true
		c.source.idle = append(c.source.idle, c)
		return false
	}
	c.first = c.next
	c.next += uint64(c.source.Requests.Each())
	c.due, c.sentAt, c.busy = due, w.now(), true
	w.busy++
	if waited && c.source.Patience > 0 {
		w.gen.sends++ // such a wait is not counted as latency
	} else {
		w.gen.sent(time.Duration(c.sentAt-due), waited)
	}
	c.write(w, request)
	return true
}

// write gives the socket what it takes, and keeps the rest.
func (c *conn) write(w *worker, b []byte) {
	n, err := unix.Write(c.fd, b)
	if err != nil && !again(err) {
		c.fail(w)
		return
	}
	if b = b[max(n, 0):]; len(b) == 0 {
		if c.out != nil {
			c.out = nil
			_ = w.poll.watch(c.fd, c.number, true, false)
		}
		return
	}
	if c.out == nil {
		_ = w.poll.watch(c.fd, c.number, true, true)
	}
	c.out = append(c.out[:0:0], b...)
}

func again(err error) bool { return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) }

// ready does what the poller says can be done.
func (c *conn) ready(w *worker, events uint32, sending bool) {
	if !c.up {
		if c.comeUp(w) != nil {
			c.fail(w)
		} else {
			w.free(c, sending)
		}
		return
	}
	if events&unix.EPOLLOUT != 0 && c.out != nil {
		c.write(w, c.out)
	}
	if c.fd >= 0 && events&^uint32(unix.EPOLLOUT) != 0 {
		c.read(w, sending)
	}
}

// read reads what has come, and books the answer once it is whole.
func (c *conn) read(w *worker, sending bool) {
	n, err := unix.Read(c.fd, w.buf)
	if err != nil && again(err) {
		return
	}
	if err != nil || n == 0 {
		c.fail(w)
		return
	}
	got := w.buf[:n]
	if len(c.in) > 0 {
		c.in = append(c.in, got...)
		got = c.in
	}
	a, size, err := readAnswer(got)
	switch {
	case err != nil || !c.busy || size > 0 && size < len(got): // unasked bytes
		c.fail(w)
	case size == 0:
		if len(c.in) == 0 {
			c.in = append(c.in, got...)
		}
	default:
		w.book(c, &a)
		c.in, c.busy = c.in[:0], false
		w.busy--
		if a.closed {
			c.fail(w)
			return
		}
		w.free(c, sending)
	}
}

// fail drops the connection, to be made again soon.
func (c *conn) fail(w *worker) {
	if c.busy {
		w.lost(c)
	}
	for i, other := range c.source.idle {
		if other == c {
			c.source.idle = append(c.source.idle[:i], c.source.idle[i+1:]...)
			break
		}
	}
	c.close()
	c.again = time.Now().Add(reconnectPause)
	w.retry = append(w.retry, c)
}

// reconnect makes broken connections again, and breaks those whose answer is
// long overdue.
func (w *worker) reconnect() {
	if len(w.retry) > 0 && time.Now().After(w.retry[0].again) {
		c := w.retry[0]
		w.retry = w.retry[1:]
		if c.open(w) != nil {
			c.fail(w)
		}
	}
	if now := w.now(); now > w.scan+int64(time.Second) {
		w.scan = now
		w.breakOverdue()
	}
}

func (w *worker) breakOverdue() {
	for _, c := range w.conns {
		if c.busy && w.now()-c.sentAt > int64(answerTimeout) {
			c.fail(w)
		}
	}
}
