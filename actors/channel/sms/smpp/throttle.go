package smpp

import (
	"context"
	"sync"
	"time"
)

const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// throttle holds all messages back after the SMSC has answered that there are
// too many. A pause that was not long enough is followed by one twice as long.
type throttle struct {
	mu    sync.Mutex
	until time.Time
	last  time.Duration // the latest pause; 0 once a message has passed after it
}

// hit begins a pause, unless one is on, and returns what is left of it.
func (t *throttle) hit() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if left := t.until.Sub(now); left > 0 { // sent before the pause began
		return left
	}
	t.last = min(max(firstPause, 2*t.last), lastPause)
	t.until = now.Add(t.last)
	return t.last
}

// passed records that the SMSC took a message.
func (t *throttle) passed() {
	t.mu.Lock()
	if t.last > 0 && time.Now().After(t.until) {
		t.last = 0
	}
	t.mu.Unlock()
}

// wait returns nil once no pause is on. If that is not within ctx, it says so
// at once, with a [*Refused].
func (t *throttle) wait(ctx context.Context) error {
	for {
		t.mu.Lock()
		left := time.Until(t.until)
		t.mu.Unlock()
		if left <= 0 {
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < left {
			return &Refused{Status: statusThrottled, Pause: left}
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return &NotSent{ctx.Err()}
		}
	}
}
