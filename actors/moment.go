package actors

import (
	"math"
	"time"

	"messagehub/store/message"
)

// moment is one reading of the clocks. wall is for what is compared with times
// in the log; mono, counted from the System's making, is for durations, so
// that a jump of the wall clock bursts no bucket and prolongs no pause.
type moment struct {
	wall message.Time
	mono time.Duration
}

// never is later than every moment.
const never = time.Duration(math.MaxInt64)

// clock reads moments.
type clock struct {
	now   func() time.Time
	start time.Time
}

func (c clock) read() moment {
	t := c.now()
	return moment{message.TimeOf(t), t.Sub(c.start)}
}
