package distribute

import (
	"time"

	"messagehub/store/message"
)

// kind says what a distribution does next.
type kind uint8

const (
	nothing kind = iota // there is nothing left to do
	wait                // until a moment
	expand              // make messages
	release             // let messages go that a pause has withheld
	check               // look whether its messages are over
	sweep               // take messages back
)

// turn is what a distribution does next.
type turn struct {
	kind     kind
	until    message.Time // of wait
	messages int          // of expand: at most so many, roughly
	crowded  bool         // of wait: its lanes have enough
}

const (
	// burst is the part of a second's messages that is made at a time.
	burst = 50
	// crowded is how long it waits for lanes that have enough.
	crowdedFor = 250 * time.Millisecond
)

// next says what a distribution does at a moment. full: its lanes have as many
// waiting messages as they should.
func next(d *message.Distribution, at message.Time, full bool) turn {
	switch {
	case d.Progress.State == message.Paused:
		return turn{kind: wait, until: message.Never}
	case !d.Active():
		return turn{}
	case d.Progress.State == message.DistributionCanceled:
		return turn{kind: sweep}
	case d.Progress.State == message.Running && d.Progress.Held == 0:
		return turn{kind: check}
	}
	until := max(d.Plan.ScheduledAt, d.Progress.NextAt)
	if len(d.Progress.Booked) > 0 {
		times := timetableOf(d, at)
		until = times.free(max(until, at))
	}
	if w := d.Plan.Window; w.Zone != message.RecipientZone {
		until = opens(w, w.Zone, max(until, at))
	}
	switch {
	case until > at:
		return turn{kind: wait, until: until}
	case full:
		return turn{kind: wait, until: at.Add(crowdedFor), crowded: true}
	case d.Progress.Held > 0:
		return turn{kind: release}
	}
	return turn{kind: expand, messages: portion(d.Plan.PerSecond)}
}

// portion is how many messages are made at a time.
func portion(perSecond int) int {
	if perSecond == 0 {
		return message.RecipientChunkSize
	}
	return min(max(perSecond/burst, 1), message.RecipientChunkSize)
}

// paced returns the earliest moment for further messages, after n were made.
func paced(nextAt, at message.Time, n, perSecond int) message.Time {
	if perSecond == 0 || n == 0 {
		return nextAt
	}
	spent := timetable{perSecond: perSecond}
	return spent.end(message.Booking{From: max(nextAt, at), N: n})
}
