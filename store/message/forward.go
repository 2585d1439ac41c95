package message

import "time"

// forwarded brings the moments that the current attempt waits for nearer.
// Those that are reached then come about by their timers, as ever.
func (f *fold) forwarded(by time.Duration) bool {
	i := f.s.Current()
	a := f.attempt(i)
	if !f.o.Test || by <= 0 || f.s.Settled || a.Withheld() {
		return false
	}
	switch {
	case a.Status == Queued:
		if f.s.Waiting == 0 {
			a.NotBefore = f.rearm(a.NotBefore, by, TimerDue, i)
		}
		// A message that waits in its lane has no timer for the usual deadline: its
		// shard sees to that, by the clock. It gets one.
		a.Deadline = f.rearm(a.Deadline, by, TimerDeadline, i)
	case a.Due != 0:
		a.Due = f.rearm(a.Due, by, TimerSuccess, i)
	default:
		return false
	}
	return true
}

// rearm moves a timer, and returns when it runs out now.
func (f *fold) rearm(at Time, by time.Duration, kind TimerKind, attempt int) Time {
	f.disarm(at, kind, attempt)
	at = at.Add(-by)
	f.arm(at, kind, attempt)
	return at
}
