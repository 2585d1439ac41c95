package actors

import (
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// SetPace changes how fast a sender at work may send: messages a second,
// burst and sends in flight. Those in flight beyond a lower limit finish. It
// reports whether the lane has the sender.
func (s *System) SetPace(lane message.Lane, name string, p channel.Pace) bool {
	l := s.lanes[lane]
	if l == nil {
		return false
	}
	for _, out := range l.senders {
		if out.name == name && name != "" {
			out.gate.turn(func(g *gate, now time.Duration) { g.repace(now, newPace(p.PerSecond, p.Burst), p.InFlight) })
			return true
		}
	}
	return false
}

// repace puts another pace and another bound in force. What was taken at the
// old pace still counts, up to one burst.
func (g *gate) repace(now time.Duration, p pace, limit int) {
	p.due = min(g.pace.due, now+p.slack+p.interval)
	g.pace = p
	if limit > 0 {
		g.limit = limit
	}
}
