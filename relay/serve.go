package relay

import (
	"runtime/debug"
	"time"

	"github.com/valyala/fasthttp"
)

// Answer is what an observer is told of an answered request.
type Answer struct {
	// Route is the pattern of the route; empty: there is none.
	Route  string
	Status int
	Code   Code // of the error, if it was one
	Took   time.Duration
}

// serve takes one request through the front door.
func (s *Server) serve(ctx *fasthttp.RequestCtx, r *route) {
	c := s.calls.get(s, ctx, r)
	defer s.finish(c)
	c.begin()
	if c.admit() {
		r.handle(s, c)
	} else if r.streams {
		c.hangUp() // its body has not been read
	}
}

// begin takes the head of the request, when the answer to the one before has
// been written.
func (c *call) begin() {
	if c.turn != nil {
		c.head = c.turn.plain.head
		return
	}
	if c.conn != nil {
		c.conn.hold.settle() // a client that does not wait for its answers
	}
	c.head = scanHead(c.http.Request.Header.RawHeaders())
}

// admit checks everything about a request but its body. If it reports false
// it has answered.
func (c *call) admit() bool {
	framing := c.framing()
	if framing != "" {
		c.peek()
		c.fail(framing)
		return false
	}
	if !c.route.public && !c.identify() {
		return false
	}
	if c.route.admits && c.server.drained.Load() {
		c.fail(Draining)
		return false
	}
	if c.route.json && !(c.route.lines && c.head.lines()) {
		if code := c.head.media(); code != "" {
			c.fail(code)
			return false
		}
	}
	return true
}

// identify authenticates the request, if its route asks for that. Where
// there is no route, a key isn't needed, but one that is there is charged.
func (c *call) identify() bool {
	code := c.authenticate()
	if code == "" || (c.route.nowhere && code == InsufficientScope) {
		return true
	}
	if c.route.nowhere && code == MissingKey && c.allowStray() {
		return true
	}
	c.deny(code)
	return false
}

// allowStray charges a request for nothing, from nobody, to its address.
func (c *call) allowStray() bool {
	return c.server.failures.take(c.clientAddress(), c.at).ok
}

// peek charges a request that can't be served to its key, if it has one, so
// that its answer too says how much is left.
func (c *call) peek() {
	if c.head.fault == AmbiguousFraming || len(c.head.authorization) == 0 {
		return
	}
	c.authenticate()
}

// finish answers for a handler that panicked, and lets the call go. A panic
// inside a call into the log is not survived: the log may be holding a lock,
// and what it was about to write is not known.
func (s *Server) finish(c *call) {
	if cause := recover(); cause != nil {
		if c.inLog {
			panic(cause)
		}
		s.o.Logger.Error("handler panicked", "requestId", c.requestName(), "route", c.route.pattern, "stack", string(debug.Stack()))
		c.http.Response.ResetBody()
		c.fail(Internal)
		c.hangUp()
	}
	if !c.answered {
		c.label()
		if s.drained.Load() {
			c.http.SetConnectionClose()
		}
	}
	if c.conn != nil && c.http.Response.StatusCode() < fasthttp.StatusTooManyRequests {
		c.conn.sheds = sheds{}
	}
	if !c.held {
		s.observe(Answer{c.route.pattern, c.http.Response.StatusCode(), c.code, time.Since(c.began)})
	}
	c.release()
	c.leaveGate()
	s.calls.put(c)
}

func (s *Server) observe(a Answer) {
	if s.o.Answered != nil {
		s.o.Answered(a)
	}
}
