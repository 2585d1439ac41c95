package smpp

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// role is what a bind is for. Its value is the command_id of the bind.
type role uint32

const (
	receiver    role = 0x01
	transmitter role = 0x02
	transceiver role = 0x09
)

func (r role) sends() bool { return r != receiver }

const (
	firstBackoff = 500 * time.Millisecond
	lastBackoff  = 30 * time.Second
	// refusedBackoff is the least that follows a refused bind, jitter apart:
	// SMSCs lock accounts that go on asking.
	refusedBackoff = 30 * time.Second
	// settled is how long a session must have lived for its end to count as the
	// first failure.
	settled = 10 * time.Second
)

// link keeps one bind up.
type link struct {
	client *Client
	role   role
	nudge  chan struct{} // holds one: connect now

	// Guarded by client.mu.
	session *session // nil unless bound
	trouble error    // why the last attempt failed; nil before the first and after a success
}

// run connects again and again until ctx ends.
func (l *link) run(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		s, err := l.open(ctx)
		if err == nil {
			began := time.Now()
			l.set(s, nil)
			s.serve(ctx)
			l.set(nil, nil)
			if s.window.answered() || time.Since(began) > settled {
				failures = 0
			} else {
				failures++
			}
		} else {
			l.set(nil, troubleOf(err))
			failures++
		}
		l.sleep(ctx, backoff(failures, err))
	}
	l.set(nil, &NotSent{errStopped})
}

// troubleOf is what Submit returns while the link is down because of err.
func troubleOf(err error) error {
	var refused *Refused
	if errors.As(err, &refused) {
		return refused
	}
	return &NotSent{err}
}

// set tells the Client how the link stands.
func (l *link) set(s *session, trouble error) {
	c := l.client
	c.mu.Lock()
	l.session, l.trouble = s, trouble
	close(c.changed)
	c.changed = make(chan struct{})
	c.mu.Unlock()
}

// hurryLocked ends the link's pause, and has the Client wait for what comes
// of it.
func (l *link) hurryLocked() {
	if l.session != nil || l.trouble == nil {
		return
	}
	select {
	case l.nudge <- struct{}{}:
		l.trouble = nil
	default:
	}
}

func (l *link) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.nudge:
	case <-ctx.Done():
	}
}

// backoff is anything up to a bound that doubles with the failures in a row.
// After a refused bind it is longer.
func backoff(failures int, err error) time.Duration {
	var refused *Refused
	if errors.As(err, &refused) && !refused.Throttled() {
		return refusedBackoff + rand.N(refusedBackoff)
	}
	return rand.N(min(firstBackoff<<min(failures, 10), lastBackoff))
}
