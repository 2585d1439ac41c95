package relay

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"time"

	"messagehub/store/message"
)

// Log is where accepted messages go.
type Log interface {
	// Enter puts the message into the log's next record. It keeps nothing of
	// what it is given.
	Enter(o *message.Outbound, key message.Idempotency) (message.Ticket, error)
	// Await returns when the message of the ticket is durable.
	Await(message.Ticket) (message.Acceptance, error)
	// Submit is Enter without a wait. It says at once what becomes of a new
	// message, and tells c when that is durable, or was accepted before; nobody may
	// hear of it until then. After an error c is told nothing.
	Submit(o *message.Outbound, key message.Idempotency, c message.Completion) (message.Acceptance, error)
}

// Replays knows what an idempotency key was answered with.
type Replays interface {
	Replay(ws message.WorkspaceID, key message.Idempotency) (message.Acceptance, bool, error)
}

// The routes of idempotency keys.
const (
	sendRoute   = "messages/send"
	resendRoute = "messages/resend"
)

// send is POST /api/v1/messages/send.
func (s *Server) send(c *call) {
	body := c.http.Request.Body()
	dry, key, ok := c.preconditions(sendRoute, body)
	if !ok {
		return
	}
	d := s.reader.read(body, c.key, c.at)
	c.draft = d
	if len(d.faults) > 0 {
		s.refuseSend(c, d, key)
		return
	}
	if dry {
		c.writeDry(d)
		return
	}
	s.submit(c, d, key)
}

// submit hands a good message to the log.
func (s *Server) submit(c *call, d *draft, key message.Idempotency) {
	switch {
	case s.full(d.out.Lane(0)):
		c.shed(BacklogFull, 4+retryJitter())
		return
	case s.waiters.held(c.key.Workspace, key):
		c.failAs(Fault{Code: InProgress, Param: idempotencyHeader})
		return
	}
	d.out.TraceParent = traceParent(borrow(c.head.traceParent))
	d.out.ClientRequestID = clientRequestID(borrow(c.head.requestID))
	d.out.Salt = rand.Uint64() & (1<<44 - 1)
	if wait := preferredWait(borrow(c.head.prefer)); wait > 0 && s.waiters.enter() {
		defer s.waiters.leave()
		s.submitAndWait(c, d, key, wait)
		return
	}
	if c.conn != nil {
		s.submitHeld(c, d, key)
		return
	}
	t, ok := s.enter(c, d, key)
	if !ok {
		return
	}
	// Hundreds of requests wait for the disk at once. What each of them needs
	// no more, the next one finds still in the cache.
	c.prepareAccepted(d)
	c.release()
	if a, ok := s.await(c, t); ok {
		c.writeAccepted(a, a.Status)
	}
}

// submitHeld writes the answer at once, and has the connection hold it back
// until it is true. If the log finds then that its idempotency key was used
// before, the hold amends it.
func (s *Server) submitHeld(c *call, d *draft, key message.Idempotency) {
	c.conn.hold.place(c)
	c.inLog = true
	a, err := s.o.Log.Submit(&d.out, key, &c.conn.hold)
	c.inLog = false
	if err != nil {
		c.conn.hold.lift(c)
		c.failAccept(err)
		return
	}
	c.prepareAccepted(d)
	c.writeAccepted(a, a.Status)
}

// enter puts the message into the log. If it reports false it has answered.
func (s *Server) enter(c *call, d *draft, key message.Idempotency) (message.Ticket, bool) {
	c.inLog = true
	t, err := s.o.Log.Enter(&d.out, key)
	c.inLog = false
	if err != nil {
		c.failAccept(err)
	}
	return t, err == nil
}

// await returns when the message is durable. If it reports false it has
// answered.
func (s *Server) await(c *call, t message.Ticket) (message.Acceptance, bool) {
	c.inLog = true
	a, err := s.o.Log.Await(t)
	c.inLog = false
	c.leaveGate()
	if err != nil {
		c.failAccept(err)
	}
	return a, err == nil
}

// submitAndWait is submit for "Prefer: wait": the answer is held until the
// first attempt is settled. It waits outside the gate: the message is in the
// log already.
func (s *Server) submitAndWait(c *call, d *draft, key message.Idempotency, wait time.Duration) {
	if !s.waiters.hold(c.key.Workspace, key) {
		c.failAs(Fault{Code: InProgress, Param: idempotencyHeader})
		return
	}
	defer s.waiters.release(c.key.Workspace, key)
	t, ok := s.enter(c, d, key)
	if !ok {
		return
	}
	c.prepareAccepted(d)
	a, ok := s.await(c, t)
	if !ok {
		return
	}
	o, state, err := s.watch(c, a.ID, wait)
	if err != nil || state.Status == message.Scheduled {
		// It is durable, whatever became of the look at it.
		c.writeAccepted(a, a.Status)
		return
	}
	c.set("Preference-Applied", strconv.AppendInt([]byte("wait="), int64(wait/time.Second), 10))
	if !settled(state) {
		c.writeAccepted(a, state.Status)
		return
	}
	c.writeSettled(d, a, o, state)
}

// refuseSend answers for a bad body, unless it was good when it first came: its
// time may have passed since, or a sender have gone.
func (s *Server) refuseSend(c *call, d *draft, key message.Idempotency) {
	if key.Key != "" && s.o.Replays != nil {
		c.inLog = true
		a, found, err := s.o.Replays.Replay(c.key.Workspace, key)
		c.inLog = false
		if found && err == nil {
			c.prepareAccepted(d)
			c.writeAccepted(a, a.Status)
			return
		}
	}
	c.refuse(d.faults)
}

func (c *call) failAccept(err error) {
	switch {
	case errors.Is(err, message.ErrKeyReused):
		c.failAs(Fault{Code: KeyReused, Param: idempotencyHeader})
	default:
		c.failLog(err)
	}
}

// traceParent returns a W3C traceparent of version 00, or "" for what is not
// one.
func traceParent(value string) string {
	const form = "00-" + "xxxxxxxxxxxxxxxx" + "xxxxxxxxxxxxxxxx" + "-" + "xxxxxxxxxxxxxxxx" + "-" + "xx"
	if len(value) != len(form) {
		return ""
	}
	for i := range len(form) {
		c := value[i]
		if hex := isDigit(c) || c >= 'a' && c <= 'f'; form[i] == 'x' && !hex || form[i] != 'x' && c != form[i] {
			return ""
		}
	}
	return value
}

// clientRequestID returns the client's own id of the request, or "" for one
// that is not fit to be kept.
func clientRequestID(value string) string {
	if len(value) > maxReference || !printable(bytesOf(value)) {
		return ""
	}
	return value
}

// retryJitter spreads the clients that were refused together over 1 to 5
// seconds.
func retryJitter() int { return 1 + int(rand.Uint32N(5)) }
