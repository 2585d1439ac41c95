package relay

import (
	"sync/atomic"

	"messagehub/store/message"
)

// Backlog says how many messages wait in a lane.
type Backlog interface {
	Pending(message.Lane) int64
}

// gate bounds what is on its way into the log: requests, their bytes, and
// the share of one workspace, so that the greediest can't take every place.
type gate struct {
	limits   atomic.Pointer[Limits]
	requests atomic.Int64
	bytes    atomic.Int64
}

// enter takes a place for a body of n bytes. It reports false, having taken
// none, if there is no room.
func (g *gate) enter(t *tenant, n int) bool {
	requests, bytes, share := g.requests.Add(1), g.bytes.Add(int64(n)), t.inFlight.Add(1)
	l := g.limits.Load()
	if requests > int64(l.InFlight) || bytes > int64(l.InFlightBytes) || share > int64(l.InFlightShare) {
		g.leave(t, n)
		return false
	}
	return true
}

func (g *gate) leave(t *tenant, n int) {
	g.requests.Add(-1)
	g.bytes.Add(-int64(n))
	t.inFlight.Add(-1)
}

// enterGate takes a place for the call, which it holds until leaveGate.
func (c *call) enterGate(n int) bool {
	c.gated = c.server.gate.enter(c.key.tenant, n)
	c.size = n
	return c.gated
}

// leaveGate gives the call's place back, if it holds one.
func (c *call) leaveGate() {
	if c.gated {
		c.gated = false
		c.server.gate.leave(c.key.tenant, c.size)
	}
}

// full reports whether a lane has as many waiting messages as it may.
func (s *Server) full(lane message.Lane) bool {
	return s.o.Backlog != nil && s.o.Backlog.Pending(lane) >= s.gate.limits.Load().Backlog
}
