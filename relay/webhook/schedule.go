package webhook

import "time"

const (
	firstDelay = 5 * time.Second
	// probeMost is the longest time between two probes of an endpoint that is
	// down.
	probeMost = 15 * time.Minute
	// leastDelay keeps full jitter from meaning "at once".
	leastDelay = time.Second
	// longestAfter bounds what a Retry-After is believed.
	longestAfter = 24 * time.Hour
)

// delays is the time before each further try of an event. After the last one
// it is given up: two days after the first, less what chance takes away.
func delays() [10]time.Duration {
	return [...]time.Duration{
		firstDelay, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
		time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}
}

// probeDelay returns the time before the next probe, after a number of failed
// ones.
func probeDelay(failed int) time.Duration {
	d := firstDelay
	for ; failed > 0 && d < probeMost; failed-- {
		d *= 2
	}
	return min(d, probeMost)
}

// jittered is full jitter: any part of d. random is in [0,1).
func jittered(d time.Duration, random float64) time.Duration {
	return max(leastDelay, time.Duration(random*float64(d)))
}
