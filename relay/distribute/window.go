package distribute

import (
	"time"

	"messagehub/store/message"
)

// opens returns when a window is open next: at itself, if it is open then.
func opens(w message.Window, zone string, at message.Time) message.Time {
	if w.From == w.To {
		return at
	}
	loc, err := time.LoadLocation(zone)
	if err != nil { // it was checked; the machine has lost its zones since
		loc = time.UTC
	}
	now := at.Std().In(loc)
	minute := now.Hour()*60 + now.Minute()
	open := minute >= w.From && minute < w.To
	if w.From > w.To { // it passes midnight
		open = minute >= w.From || minute < w.To
	}
	if open {
		return at
	}
	for day := 0; ; day++ {
		// Where clocks skip the minute, time.Date gives the one after.
		next := message.TimeOf(time.Date(now.Year(), now.Month(), now.Day()+day, w.From/60, w.From%60, 0, 0, loc))
		if next > at {
			return next
		}
	}
}

// zoneOf is the zone that a window means for a contact, who may be nil.
func zoneOf(w message.Window, c *message.Contact) string {
	switch {
	case w.Zone != message.RecipientZone:
		return w.Zone
	case c != nil && c.Timezone != "":
		return c.Timezone
	}
	return w.Default
}
