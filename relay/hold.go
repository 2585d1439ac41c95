package relay

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/relay/tcp"
	"messagehub/store/message"
)

// hold keeps back what is written to a connection until the log has said that
// the message which is answered there is durable. So no goroutine waits for the
// disk: the one that serves the connection goes on to the next request, and
// whoever completes the record writes the answers of all its messages.
//
//	free ──place──▶ placed ──Write──▶ placed, answer kept ──Complete──▶ writing ──▶ free
//	                  └──Complete──▶ free, the answer is not held back,
//	                                 or told, and the answer is amended
//
// Guarantee (I4): between place and a Complete without an error, not a byte
// reaches the client.
type hold struct {
	conn *conn
	mu   struct {
		sync.Mutex
		state holdState
		// kept is the answer, from Write until it is written.
		kept []byte
		// outcome is what the log said before the answer was written.
		outcome outcome
		// freed, if not nil, is closed when the state becomes free.
		freed chan struct{}
		// closing: the connection ends when the state becomes free.
		closing bool
	}
	// From place to Complete these belong to the hold, while it is writing to
	// whoever completes it.
	tenant *tenant // nil: it has no place in the gate
	size   int     // in the gate
	began  time.Time
	route  *route
	id     [16]byte // of the request
	quota  quota
	// receipts are those that are reported once they are durable.
	receipts []message.Receipt
}

type holdState uint8

const (
	holdFree holdState = iota
	holdPlaced
	holdWriting
	// holdTold: the log has said, before the answer was written, what makes it
	// another.
	holdTold
)

// errRefused ends a connection whose answer must not go out.
var errRefused = errors.New("message is not durable")

// place begins to hold back. It takes over the call's place in the gate, if it
// has one.
func (h *hold) place(c *call) {
	h.tenant, h.size, h.began, h.route, h.id, h.quota = nil, c.size, c.began, c.route, c.id, c.quota
	if c.gated {
		h.tenant = c.key.tenant
	}
	h.conn.seen = c.began
	c.gated, c.held = false, true
	h.mu.Lock()
	h.mu.state = holdPlaced
	h.mu.Unlock()
}

// lift undoes place: the log has not taken the message.
func (h *hold) lift(c *call) {
	c.gated, c.held, h.receipts = h.tenant != nil, false, nil
	h.free()
}

// keep takes what is written while the hold is placed, and returns what is to
// be written instead: nothing, or the answer as it has become.
func (h *hold) keep(p []byte) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch h.mu.state {
		case holdPlaced:
			h.mu.kept = append(h.mu.kept, p...)
			return nil, nil
		case holdTold:
			h.freeLocked(holdFree)
			return h.amendLocked(p)
		case holdFree:
			return p, nil
		}
		h.waitLocked()
	}
}

// send writes the answer of a loop's request, which must not wait, or keeps it.
func (h *hold) send(p []byte) (err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch h.mu.state {
	case holdTold:
		if p, err = h.amendLocked(p); err != nil {
			h.freeLocked(holdFree)
			return err
		}
		fallthrough
	case holdFree:
		h.conn.seen = time.Now()
		h.putLocked(p)
	default:
		h.mu.kept = append(h.mu.kept, p...)
	}
	return nil
}

// putLocked writes what the connection takes at once, and has the rest written.
func (h *hold) putLocked(p []byte) {
	rest := h.try(p)
	if len(rest) == 0 {
		h.freeLocked(holdFree)
		return
	}
	h.mu.kept = append(h.mu.kept[:0], rest...)
	h.mu.state = holdWriting
	go h.finish()
}

// delay keeps the answer that follows for some time.
func (h *hold) delay(d time.Duration) {
	h.mu.Lock()
	h.mu.state = holdPlaced
	h.mu.Unlock()
	time.AfterFunc(d, func() { h.letGo(outcome{}) })
}

// busy reports whether something is held back or being written.
func (h *hold) busy() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.mu.state != holdFree
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

// Complete implements [message.Completion]: it lets the answer go, as it was
// made or as it has become.
func (h *hold) Complete(a message.Acceptance, err error) {
	s, o := h.conn.listener.server, outcome{a, err}
	if h.tenant != nil {
		s.gate.leave(h.tenant, h.size)
	}
	if err == nil {
		s.told(h.receipts)
	}
	h.receipts = nil
	s.observe(h.answer(&o))
	h.letGo(o)
}

func (h *hold) letGo(o outcome) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.mu.kept) == 0 { // the answer is not written yet
		state := holdFree
		if o.amends() {
			state, h.mu.outcome = holdTold, o
		}
		h.freeLocked(state)
		return
	}
	if h.conn.listener.server.drained.Load() {
		h.announceCloseLocked()
	}
	answer := h.mu.kept
	if o.amends() {
		h.mu.outcome = o
		var err error
		if answer, err = h.amendLocked(answer); err != nil {
			h.mu.closing = true
			h.freeLocked(holdFree)
			return
		}
	}
	h.putLocked(answer)
}

// announceCloseLocked has the kept answer say that the connection ends, as it
// then does: a drain has begun since it was made.
func (h *hold) announceCloseLocked() {
	line, notice := "HTTP/1.1 202 Accepted\r\n", "Connection: close\r\n"
	if h.route != nil && h.route.public {
		line = "HTTP/1.1 200 OK\r\n"
	}
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
func (h *hold) answer(o *outcome) Answer {
	a := Answer{Route: h.route.pattern, Status: fasthttp.StatusAccepted, Took: time.Since(h.began)}
	if h.route.public { // a receipt
		a.Status = fasthttp.StatusOK
	}
	if o.err != nil {
		a.Code = o.code()
		a.Status = h.conn.listener.server.problem(a.Code).Status
	}
	return a
}

// try writes what the connection takes at once, and returns the rest.
func (h *hold) try(p []byte) []byte {
	if h.conn.sock == nil {
		return p
	}
	n, err := h.conn.sock.TryWrite(p)
	if err != nil && err != tcp.ErrAgain {
		return nil // the client is gone
	}
	return p[n:]
}

// finish writes what is kept to a client that is slow to read.
func (h *hold) finish() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.mu.kept) > 0 {
		rest := h.mu.kept
		h.mu.kept = nil
		h.mu.Unlock()
		_ = h.conn.Conn.SetWriteDeadline(time.Now().Add(h.conn.listener.server.gate.limits.Load().Write))
		_, err := h.conn.Conn.Write(rest)
		h.mu.Lock()
		h.mu.closing = h.mu.closing || err != nil
	}
	h.freeLocked(holdFree)
}

// refuse answers 503 in place of what was kept, and ends the connection.
func (h *hold) refuse() error {
	_ = h.conn.Conn.SetWriteDeadline(time.Now().Add(rejectLinger))
	_, _ = h.conn.Conn.Write(h.conn.listener.server.lastWord(Unavailable))
	_ = h.conn.Conn.Close()
	return errRefused
}
