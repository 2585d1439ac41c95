package relay

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// hold keeps back what is written to a connection until the log has said that
// the message which is answered there is durable. So no goroutine waits for the
// disk: the one that serves the connection goes on to the next request, and
// whoever completes the record writes the answers of all its messages.
//
//	free ──place──▶ placed ──Write──▶ placed, answer kept ──Complete──▶ writing ──▶ free
//	                  └──Complete──▶ free, the answer is not held back
//
// Guarantee (I4): between place and a Complete without an error, not a byte
// reaches the client.
type hold struct {
	conn *conn
	// raw and try write without waiting; nil where the connection can't.
	raw syscall.RawConn
	try func(fd uintptr) bool

	mu struct {
		sync.Mutex
		state holdState
		// kept is the answer, from Write until it is written.
		kept []byte
		// freed, if not nil, is closed when the state becomes free.
		freed chan struct{}
		// closing: the connection ends when the state becomes free.
		closing bool
	}
	// From place to Complete these belong to the hold, while it is writing to
	// whoever completes it.
	tenant *tenant
	size   int // in the gate
	began  time.Time
	route  *route
	rest   []byte // of kept
}

type holdState uint8

const (
	holdFree holdState = iota
	holdPlaced
	holdWriting
	// holdRefused: the message is not durable, and its answer, not written
	// yet, must never be.
	holdRefused
)

// errRefused ends a connection whose answer must not go out.
var errRefused = errors.New("message is not durable")

// place begins to hold back. It takes over the call's place in the gate.
func (h *hold) place(c *call) {
	h.tenant, h.size, h.began, h.route = c.key.tenant, c.size, c.began, c.route
	h.conn.seen = c.began
	_ = h.conn.armWrite(c.began) // fails on a connection that is gone; its write tells
	c.gated, c.held = false, true
	h.mu.Lock()
	h.mu.state = holdPlaced
	h.mu.Unlock()
}

// lift undoes place: the log has not taken the message.
func (h *hold) lift(c *call) {
	c.gated, c.held = true, false
	h.free()
}

// keep takes what is written while the hold is placed. It reports false where
// nothing is held back.
func (h *hold) keep(p []byte) (kept bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch h.mu.state {
		case holdPlaced:
			h.mu.kept = append(h.mu.kept, p...)
			return true, nil
		case holdRefused:
			h.mu.state = holdFree
			return true, h.refuse()
		case holdFree:
			return false, nil
		}
		h.waitLocked()
	}
}

// settle returns when nothing is held back any more.
func (h *hold) settle() {
	h.mu.Lock()
	for h.mu.state == holdPlaced || h.mu.state == holdWriting {
		h.waitLocked()
	}
	h.mu.Unlock()
}

// closeAfter makes the connection end once nothing is held back any more. It
// reports false where nothing is.
func (h *hold) closeAfter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mu.closing = h.mu.state == holdPlaced || h.mu.state == holdWriting
	return h.mu.closing
}

// waitLocked waits for the state to become free.
func (h *hold) waitLocked() {
	if h.mu.freed == nil {
		h.mu.freed = make(chan struct{})
	}
	freed := h.mu.freed
	h.mu.Unlock()
	<-freed
	h.mu.Lock()
}

func (h *hold) free() {
	h.mu.Lock()
	h.freeLocked(holdFree)
	h.mu.Unlock()
}

func (h *hold) freeLocked(state holdState) {
	h.mu.state, h.mu.kept = state, h.mu.kept[:0]
	if h.mu.freed != nil {
		close(h.mu.freed)
		h.mu.freed = nil
	}
	if h.mu.closing {
		h.mu.closing = false
		go func() { _ = h.conn.end() }()
	}
}

// Complete implements [message.Completion]: it lets the answer go, or answers
// 503 in its place.
func (h *hold) Complete(err error) {
	s := h.conn.listener.server
	s.gate.leave(h.tenant, h.size)
	s.observe(h.answer(err))
	h.mu.Lock()
	if len(h.mu.kept) == 0 { // the answer is not written yet
		state := holdFree
		if err != nil {
			state = holdRefused
		}
		h.freeLocked(state)
		h.mu.Unlock()
		return
	}
	if s.drained.Load() {
		h.announceCloseLocked()
	}
	h.mu.state, h.rest = holdWriting, h.mu.kept
	h.mu.Unlock()
	if err != nil {
		_ = h.refuse()
	} else if !h.write() {
		go h.finish()
		return
	}
	h.free()
}

// announceCloseLocked has the kept answer say that the connection ends, as it
// then does: a drain has begun since it was made.
func (h *hold) announceCloseLocked() {
	const line, notice = "HTTP/1.1 202 Accepted\r\n", "Connection: close\r\n"
	i := bytes.LastIndex(h.mu.kept, []byte(line)) // no body holds a line's end
	if i < 0 {
		return
	}
	h.mu.closing = true
	if i += len(line); !bytes.Contains(h.mu.kept[i:], []byte(notice)) {
		h.mu.kept = slices.Insert(h.mu.kept, i, []byte(notice)...)
	}
}

// answer is what observers are told of the answer that the hold lets go.
func (h *hold) answer(err error) Answer {
	a := Answer{Route: h.route.pattern, Status: fasthttp.StatusAccepted, Took: time.Since(h.began)}
	if err != nil {
		a.Status, a.Code = fasthttp.StatusServiceUnavailable, Unavailable
	}
	return a
}

// write writes what the connection takes at once. It reports false if there is
// more to write.
func (h *hold) write() bool {
	return h.raw != nil && h.raw.Write(h.try) == nil && len(h.rest) == 0
}

// attempt is one write that does not wait.
func (h *hold) attempt(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), h.rest)
		switch {
		case err == syscall.EINTR:
			continue
		case err == nil:
			h.rest = h.rest[n:]
		case err != syscall.EAGAIN:
			h.rest = nil // the client is gone
		}
		return true
	}
}

// finish writes the rest to a client that is slow to read, or to a connection
// whose deadline the disk has made pass.
func (h *hold) finish() {
	_ = h.conn.Conn.SetWriteDeadline(time.Now().Add(h.conn.listener.server.gate.limits.Load().Write))
	if _, err := h.conn.Conn.Write(h.rest); err != nil {
		_ = h.conn.Conn.Close()
	}
	h.free()
}

// refuse answers 503 in place of what was kept, and ends the connection.
func (h *hold) refuse() error {
	s := h.conn.listener.server
	_ = h.conn.Conn.SetWriteDeadline(time.Now().Add(rejectLinger))
	_, _ = h.conn.Conn.Write(s.refusal(Unavailable))
	_ = h.conn.Conn.Close()
	return errRefused
}
