package smpp

import (
	"bufio"
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// session is one bound connection.
type session struct {
	client *Client
	conn   net.Conn
	in     *bufio.Reader
	out    *writer
	window *window
	peer   string        // the SMSC's name
	down   chan struct{} // closed when nothing is sent any more

	// silent counts the questions since the SMSC was last heard.
	silent atomic.Int32
	heard  atomic.Int64 // Unix nanoseconds
	// stale: the SMSC has said that this is no bind any more. No message is
	// begun on it, and it ends once none is under way.
	stale atomic.Bool

	once  sync.Once
	cause error // why it ended; set before down is closed
}

func newSession(c *Client, conn net.Conn) *session {
	return &session{
		client: c, conn: conn, in: bufio.NewReaderSize(conn, 64<<10), out: newWriter(conn),
		window: newWindow(c.options.Window), down: make(chan struct{}),
	}
}

// serve reads, writes and watches until the connection is lost or ctx ends;
// then it unbinds. When it returns, every request has its answer.
func (s *session) serve(ctx context.Context) {
	var wg sync.WaitGroup
	s.heard.Store(time.Now().UnixNano())
	written := make(chan struct{})
	wg.Go(func() { defer close(written); s.end(s.out.run()) })
	wg.Go(func() { s.end(s.read()) })
	wg.Go(s.watch)
	select {
	case <-ctx.Done():
		s.unbind()
	case <-s.down:
	}
	if s.cause == errUnbound || s.cause == errLength || s.cause == errStopped { // the SMSC is still there to be answered
		select {
		case <-written:
		case <-time.After(leaveFor):
		}
	}
	_ = s.conn.Close()
	wg.Wait()
	s.window.fail(s.cause)
}

// leaveFor bounds the wait for the last PDUs to be written.
const leaveFor = time.Second

// end ends the session, once.
func (s *session) end(cause error) {
	s.once.Do(func() {
		if cause == nil {
			cause = errUnbound
		}
		s.cause = cause
		s.out.close()
		close(s.down)
	})
}

// unbindFor bounds the wait for the SMSC's answer to unbind.
const unbindFor = 2 * time.Second

// unbind takes leave of the SMSC.
func (s *session) unbind() {
	ctx, cancel := context.WithTimeout(context.Background(), unbindFor)
	defer cancel()
	s.ask(ctx, encodeHeader(cmdUnbind, statusOK, 0), false)
	s.end(errStopped)
}

// submit sends a message that was encoded.
func (s *session) submit(ctx context.Context, frame []byte) answer {
	select {
	case s.window.places <- struct{}{}:
	case <-s.down:
		return answer{err: errSlotless}
	case <-ctx.Done():
		return answer{err: &NotSent{ctx.Err()}}
	}
	return s.ask(ctx, frame, true)
}

// ask sends a request, into which it writes the sequence number, and waits for
// its answer. A held one has its place already.
func (s *session) ask(ctx context.Context, frame []byte, held bool) answer {
	sequence, slot := s.window.register(held)
	setSequence(frame, sequence)
	if !s.out.put(frame, slot) {
		s.window.resolve(sequence, answer{err: errSlotless})
		return <-slot.done
	}
	select {
	case a := <-slot.done:
		return a
	case <-ctx.Done():
		s.window.resolve(sequence, answer{err: &Unknown{ctx.Err()}})
		return <-slot.done // the answer may have come just now
	}
}

// watch asks a silent SMSC whether it is there, and ends the session after two
// questions without an answer.
func (s *session) watch() {
	every := s.client.options.EnquireLink
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-s.down:
			return
		case now := <-ticker.C:
			if now.UnixNano()-s.heard.Load() < int64(every) {
				continue
			}
		}
		if s.silent.Load() >= 2 {
			s.end(errSilent)
			return
		}
		s.silent.Add(1)
		sequence, slot := s.window.register(false)
		s.out.put(setSequence(encodeHeader(cmdEnquireLink, statusOK, 0), sequence), slot)
	}
}
