package actors

import "time"

// pace is a token bucket, kept as the time at which it would be empty of debt
// (GCRA): nothing is refilled, so nothing drifts.
//
// Invariant: in any span T, at most burst + T/interval permits are taken.
type pace struct {
	interval time.Duration // between permits; 0: no bound
	slack    time.Duration // how far ahead of its time a permit may be taken
	due      time.Duration // when the next permit falls due
}

func newPace(perSecond float64, burst int) pace {
	if perSecond <= 0 {
		return pace{}
	}
	interval := time.Duration(float64(time.Second) / perSecond)
	return pace{interval: interval, slack: interval * time.Duration(max(burst, 1)-1)}
}

// earliest returns when the next permit may be taken.
func (p *pace) earliest() time.Duration { return p.due - p.slack }

// take takes a permit. Precondition: earliest() <= now.
func (p *pace) take(now time.Duration) {
	if p.interval > 0 {
		p.due = max(p.due, now) + p.interval
	}
}

// refund gives an unused permit back.
func (p *pace) refund() { p.due -= p.interval }
