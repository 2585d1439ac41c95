package smsc

import (
	"bufio"
	"crypto/subtle"
	"net"
	"sync"
	"time"
)

// bindWithin is how long a connection may stay without a bind.
const bindWithin = 30 * time.Second

// conn is one connection of an ESME.
type conn struct {
	smsc *SMSC
	nc   net.Conn
	r    *bufio.Reader
	role uint32 // the command_id of its bind; 0 before
	took int    // messages
	wg   sync.WaitGroup

	mu       sync.Mutex
	w        *bufio.Writer
	sequence uint32
	waiting  map[uint32]chan uint32 // deliveries without an answer; gets its status
	closed   bool
}

func newConn(s *SMSC, nc net.Conn) *conn {
	return &conn{
		smsc: s, nc: nc, r: bufio.NewReaderSize(nc, 64<<10), w: bufio.NewWriterSize(nc, 64<<10), waiting: make(map[uint32]chan uint32),
	}
}

// serve answers the ESME until one of both closes the connection.
func (c *conn) serve() {
	defer c.hangUp()
	_ = c.nc.SetReadDeadline(time.Now().Add(bindWithin))
	var buf []byte
	for {
		p, fits, err := next(c.r, &buf)
		if err != nil {
			return
		}
		if !fits {
			c.answer(packet{id: genericNack, status: badLength, sequence: p.sequence})
			c.flush()
			return
		}
		if !c.handle(p) {
			c.flush()
			return
		}
		if c.r.Buffered() == 0 {
			c.flush()
		}
	}
}

// handle handles one PDU, and returns false where the connection ends with it.
func (c *conn) handle(p packet) bool {
	switch p.id {
	case bindReceiver, bindTransmitter, bindTransceiver:
		return c.bind(p)
	case enquireLink:
		c.answer(packet{id: p.id | answerBit, sequence: p.sequence})
		return true
	case enquireLink | answerBit, genericNack:
		c.answered(p)
		return true
	}
	if c.role == 0 {
		c.answer(packet{id: p.id | answerBit, status: badState, sequence: p.sequence})
		return true
	}
	switch p.id {
	case submitSM:
		return c.submit(p)
	case deliverSM | answerBit:
		c.answered(p)
	case unbind:
		c.answer(packet{id: unbind | answerBit, sequence: p.sequence})
		return false
	default:
		if p.id&answerBit == 0 {
			c.answer(packet{id: genericNack, status: badCommand, sequence: p.sequence})
		}
	}
	return true
}

// bind lets the ESME in, or tells it why not and hangs up.
func (c *conn) bind(p packet) bool {
	status := c.admit(p)
	a := packet{id: p.id | answerBit, status: status, sequence: p.sequence}
	if status == ok {
		a.body = addOption(addText(nil, "messagehub-sim"), 0x0210, 0x34)
		c.role = p.id
		_ = c.nc.SetReadDeadline(time.Time{})
	}
	c.answer(a)
	if status != ok {
		return status == alreadyBound
	}
	c.flush()
	if p.id != bindTransmitter {
		c.smsc.enter(c)
	}
	if every := c.smsc.options.Ask; every > 0 {
		c.wg.Go(func() { c.askOften(every) })
	}
	return true
}

func (c *conn) admit(p packet) uint32 {
	in := cursor{rest: p.body}
	system, password := in.text(16, badSystemID), in.text(9, badPassword)
	in.text(13, 0x53)
	version := in.octet()
	in.octet()
	in.octet()
	in.text(41, badLength)
	o := &c.smsc.options
	switch {
	case c.role != 0:
		return alreadyBound
	case in.fault != ok:
		return in.fault
	case len(in.rest) > 0 || version < 0x33 || version > 0x50:
		return badLength
	case system != o.SystemID:
		return badSystemID
	case subtle.ConstantTimeCompare([]byte(password), []byte(o.Password)) != 1:
		return badPassword
	}
	return ok
}

// askOften sends enquire_link without being asked.
func (c *conn) askOften(every time.Duration) {
	for {
		c.smsc.world.Wait(every)
		if c.request(enquireLink, nil, make(chan uint32, 1)) != nil {
			return
		}
	}
}

// answer writes p when the connection is next flushed.
func (c *conn) answer(p packet) {
	c.mu.Lock()
	_, _ = c.w.Write(p.bytes())
	c.mu.Unlock()
}

func (c *conn) flush() {
	c.mu.Lock()
	_ = c.w.Flush()
	c.mu.Unlock()
}

// request sends a request of the SMSC's own at once. done gets the status of
// its answer, or is closed with the connection.
func (c *conn) request(id uint32, body []byte, done chan uint32) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.sequence++
	c.waiting[c.sequence] = done
	_, _ = c.w.Write(packet{id: id, sequence: c.sequence, body: body}.bytes())
	return c.w.Flush()
}

// answered hands on the status of an answer of the ESME's.
func (c *conn) answered(p packet) {
	c.mu.Lock()
	done := c.waiting[p.sequence]
	delete(c.waiting, p.sequence)
	c.mu.Unlock()
	if done == nil {
		return
	}
	status := p.status
	if p.id == genericNack && status == ok {
		status = badCommand
	}
	done <- status
}

// hangUp closes the connection, and ends what waits for the ESME.
func (c *conn) hangUp() {
	_ = c.nc.Close()
	c.mu.Lock()
	c.closed = true
	for sequence, done := range c.waiting {
		close(done)
		delete(c.waiting, sequence)
	}
	c.mu.Unlock()
}
