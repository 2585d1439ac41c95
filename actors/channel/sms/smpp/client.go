// Package smpp is a session layer for an ESME of SMPP 3.4: it keeps binds to
// an SMSC up, sends short messages through their windows, and hands over what
// the SMSC delivers. It knows nothing of channels.
//
//	Submit ─▶ window (slot) ─▶ writer (batch) ─▶ conn
//	   ▲                                          │
//	   └──── slot ◀── reader ◀────────────────────┤
//	                    └─▶ deliveries (batch) ─▶ Deliver ─▶ deliver_sm_resp
//
// Guarantees:
//   - A message has its slot before its first byte is written, so an answer
//     always finds it.
//   - A message that fails with [NotSent] has not reached the SMSC whole, and
//     may be sent again. One whose answer did not come is [Unknown], and is never
//     sent again from here.
//   - A delivery is answered with success only after Deliver has returned nil.
//
// The wire form of the PDUs is that of github.com/linxGnu/gosmpp/pdu; nothing
// else of that module is used.
package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// Options of a Client. Address, SystemID and Deliver are needed.
type Options struct {
	Address string // host and port
	// Dial opens connections; nil means the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// TLS, if not nil, is spoken on every connection.
	TLS *tls.Config

	SystemID, Password, SystemType string
	AddressRange                   string
	// Separate makes each bind a transmitter and a receiver in place of a
	// transceiver.
	Separate bool
	Binds    int // default 1
	Window   int // messages without an answer on one bind; default 10

	// EnquireLink is how long a connection may be silent before the SMSC is
	// asked; after two questions without an answer it is closed. Default 30 s.
	EnquireLink time.Duration
	// Connect bounds connecting and binding. Default 10 s.
	Connect time.Duration

	// Deliver takes what the SMSC has delivered, in the order of each bind; it
	// is durable when it returns nil. It is called from one goroutine.
	Deliver func([]Delivery) error
}

// ensureDefaults fills in what has a default.
func (o *Options) ensureDefaults() {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	o.Binds = max(1, o.Binds)
	if o.Window <= 0 {
		o.Window = 10
	}
	if o.EnquireLink <= 0 {
		o.EnquireLink = 30 * time.Second
	}
	if o.Connect <= 0 {
		o.Connect = 10 * time.Second
	}
}

// Client sends through one SMSC account. It is safe for concurrent use.
type Client struct {
	options    Options
	throttle   throttle
	deliveries chan delivered

	mu      sync.Mutex
	links   []*link
	changed chan struct{} // closed when the state of a link changes
}

// New makes a Client. It connects once Run is called.
func New(o Options) *Client {
	o.ensureDefaults()
	c := &Client{options: o, deliveries: make(chan delivered, maxDeliveries), changed: make(chan struct{})}
	for range o.Binds {
		if !o.Separate {
			c.links = append(c.links, &link{client: c, role: transceiver, nudge: make(chan struct{}, 1)})
			continue
		}
		for _, r := range []role{transmitter, receiver} {
			c.links = append(c.links, &link{client: c, role: r, nudge: make(chan struct{}, 1)})
		}
	}
	return c
}

// Run keeps the binds up until ctx ends; then it unbinds. It is called once.
func (c *Client) Run(ctx context.Context) {
	var links, handler sync.WaitGroup
	handler.Go(c.handleDeliveries)
	for _, l := range c.links {
		links.Go(func() { l.run(ctx) })
	}
	links.Wait()
	close(c.deliveries)
	handler.Wait()
}

// Submit sends m and returns the id that the SMSC gave it. It waits for a
// bind, for the end of a pause that the SMSC has asked for and for a slot, all
// within ctx. Its error is a [*Refused], a [*NotSent] or an [*Unknown], or tells
// which member of m SMPP can't carry.
func (c *Client) Submit(ctx context.Context, m *ShortMessage) (id string, err error) {
	frame, err := encodeSubmit(m)
	if err != nil {
		return "", err
	}
	if err := c.throttle.wait(ctx); err != nil {
		return "", err
	}
	for {
		s, err := c.session(ctx)
		if err != nil {
			return "", err
		}
		if a := s.submit(ctx, frame); !errors.Is(a.err, errSlotless) {
			return c.outcome(a)
		}
	}
}

// outcome makes what Submit returns of the SMSC's answer.
func (c *Client) outcome(a answer) (id string, err error) {
	if a.err != nil {
		return "", a.err
	}
	if a.status != statusOK {
		r := &Refused{Status: a.status}
		if r.Throttled() {
			r.Pause = c.throttle.hit()
		}
		return "", r
	}
	c.throttle.passed()
	return a.id, nil
}

// Check asks the SMSC over a bind that can send whether it is there, and
// returns the SMSC's name. A Client that waits to connect again does so at
// once. Its error is as Submit's.
func (c *Client) Check(ctx context.Context) (name string, err error) {
	c.mu.Lock()
	for _, l := range c.links {
		l.hurryLocked()
	}
	c.mu.Unlock()
	s, err := c.session(ctx)
	if err != nil {
		return "", err
	}
	if a := s.ask(ctx, encodeHeader(cmdEnquireLink, statusOK, 0), false); a.err != nil {
		return "", &NotSent{a.err}
	}
	return s.peer, nil
}

// session returns a bound session that can send: the one with the fewest
// messages under way. While none is bound but one may be soon, it waits.
func (c *Client) session(ctx context.Context) (*session, error) {
	for {
		c.mu.Lock()
		s, trouble, changed := c.bestLocked(), c.troubleLocked(), c.changed
		c.mu.Unlock()
		if s != nil {
			return s, nil
		}
		if trouble != nil {
			return nil, trouble
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, &NotSent{ctx.Err()}
		}
	}
}

func (c *Client) bestLocked() *session {
	var best *session
	for _, l := range c.links {
		if s := l.session; s != nil && !s.stale.Load() && l.role.sends() && (best == nil || s.window.used() < best.window.used()) {
			best = s
		}
	}
	return best
}

// troubleLocked returns why no link can send; nil if one is at it.
func (c *Client) troubleLocked() error {
	var last error
	for _, l := range c.links {
		if !l.role.sends() {
			continue
		}
		if l.trouble == nil {
			return nil
		}
		last = l.trouble
	}
	return last
}
