package relay

import (
	"time"

	"messagehub/relay/tcp"
)

// A connection that is refused throttleRun times in a row is throttled: its loop
// looks at it every throttleEach, together with all others that are, until a
// request is served on it or none comes for throttleIdle. So a refusal costs
// its bytes and no wake-up, and who is accepted does not wait for who is not.
const (
	throttleRun  = 3
	throttleEach = 3 * time.Millisecond
	throttleIdle = time.Second
)

// judge throttles a connection after its answer, or ends that.
func (l *loop) judge(c *conn, s *tcp.Conn) {
	switch throttled := s.Throttled(); {
	case throttled && c.sheds.run == 0:
		l.release(c, s)
	case !throttled && c.sheds.run >= throttleRun:
		if l.poller.Throttle(s) != nil {
			_ = c.Close()
		}
	}
}

func (l *loop) release(c *conn, s *tcp.Conn) {
	if s.Throttled() && l.poller.Release(s) != nil {
		_ = c.Close()
	}
}

// look serves some of the throttled connections if it is time to, each once
// until the next time.
func (l *loop) look(now time.Time) {
	if l.unseen <= 0 {
		if l.unseen = l.poller.CountThrottled(); l.unseen == 0 || now.Before(l.lookAt) && !l.stopped.Load() {
			l.unseen = 0
			return
		}
	}
	ready := l.poller.Throttled()
	for _, s := range ready {
		l.next(s)
	}
	if l.unseen -= len(ready); len(ready) == 0 || l.unseen <= 0 {
		l.unseen, l.lookAt = 0, now.Add(throttleEach)
	}
}

// ready returns the connections on which something has come that are not
// throttled. It waits until something is to be done.
func (l *loop) ready() []*tcp.Conn {
	if l.unseen > 0 {
		return l.poller.Ready()
	}
	if l.poller.CountThrottled() > 0 && l.lookAt.Before(l.sweepAt) {
		return l.poller.Wait(l.lookAt)
	}
	return l.poller.Wait(l.sweepAt)
}
