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

// shed refuses a request that the server, or the client's own limit, has no
// room for. A connection that does not slow down is slowed down.
func (c *call) shed(code Code, after int) {
	c.leaveGate() // its place is not held while its answer is
	c.failAfter(code, max(after, 1))
	if c.conn == nil || !c.conn.sheds.next(c.at) || c.server.o.Limits.NoBackPressure {
		return
	}
	c.conn.hold.delay(backPressure())
}

// backPressure is how long an answer is held back.
func backPressure() time.Duration { return shedMin + rand.N(shedMax-shedMin) }
