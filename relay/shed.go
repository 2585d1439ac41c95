package relay

import (
	"math/rand/v2"
	"time"

	"messagehub/store/message"
)

// Back-pressure on a connection that goes on asking although it is refused:
// after shedRun refusals in a row within shedSpan, its answers are held back.
const (
	shedRun  = 20
	shedSpan = 1000 // milliseconds
	shedMin  = 50 * time.Millisecond
	shedMax  = 200 * time.Millisecond
	// shedGrain parts the moments at which answers leave that were held back.
	shedGrain = 20 * time.Millisecond
)

// sheds counts the refusals of one connection since its last good request.
type sheds struct {
	run   int
	since message.Time
}

// next counts a refusal, and reports whether to hold its answer back.
func (s *sheds) next(at message.Time) bool {
	if s.run == 0 || at-s.since > shedSpan && s.run < shedRun {
		s.run, s.since = 0, at
	}
	s.run++
	return s.run > shedRun
}

// refused counts a refusal of the connection, whose answer is held back if it
// goes on asking. One that a proxy shares among clients is left alone: who
// asks next may have been refused nothing.
func (c *conn) refused(at message.Time) {
	if c.shared || c.listener.server.o.Limits.NoBackPressure {
		return
	}
	if c.sheds.next(at) {
		c.hold.delay(holdBack(time.Now()))
	}
}

// holdBack is how long an answer is held back. It ends on a grain of the clock,
// so that many answers leave with one wake-up.
func holdBack(now time.Time) time.Duration {
	d := shedMin + rand.N(shedMax-shedMin-shedGrain)
	return d + shedGrain - time.Duration(now.Add(d).UnixNano())%shedGrain
}

// shed refuses a request that the server, or the client's own limit, has no
// room for. A connection that does not slow down is slowed down.
func (c *call) shed(code Code, after int) {
	c.leaveGate() // its place is not held while its answer is
	c.failAfter(code, max(after, 1))
	if c.conn != nil {
		c.conn.refused(c.at)
	}
}
