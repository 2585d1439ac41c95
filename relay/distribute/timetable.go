package distribute

import (
	"slices"

	"messagehub/store/message"
)

// timetable is what of a distribution's rate is taken in advance, by messages
// that wait for the morning where their recipients live: else all of them would
// go at once when it comes.
//
// Invariant: booked is sorted, and its parts neither meet nor overlap.
type timetable struct {
	perSecond int // 0: there is no rate, and nothing is booked
	booked    []message.Booking
}

// timetableOf returns the timetable of a distribution from a moment on.
func timetableOf(d *message.Distribution, at message.Time) timetable {
	t := timetable{perSecond: d.Plan.PerSecond}
	for _, b := range d.Progress.Booked {
		if t.end(b) > at {
			t.booked = append(t.booked, b)
		}
	}
	return t
}

const second = message.Time(1000)

// end is the moment at which a booking ends, in whole milliseconds.
func (t *timetable) end(b message.Booking) message.Time {
	r := message.Time(t.perSecond)
	return b.From + (message.Time(b.N)*second+r-1)/r
}

// free returns the first moment from when on that is not booked.
func (t *timetable) free(when message.Time) message.Time {
	for _, b := range t.booked {
		if b.From <= when && when < t.end(b) {
			return t.end(b)
		}
	}
	return when
}

// book takes the first free place from a moment on, and returns its moment.
func (t *timetable) book(when message.Time) message.Time {
	i := 0
	for i < len(t.booked) && t.end(t.booked[i]) <= when {
		i++
	}
	if i == len(t.booked) || t.booked[i].From > when {
		t.booked = slices.Insert(t.booked, i, message.Booking{From: when})
	}
	b := &t.booked[i]
	when = b.From + message.Time(b.N)*second/message.Time(t.perSecond)
	b.N++
	t.tidy()
	return when
}

// tidy joins bookings that meet; and the last two where there are too many: the
// time between them is lost then.
func (t *timetable) tidy() {
	for i := len(t.booked) - 2; i >= 0; i-- {
		a, b := &t.booked[i], t.booked[i+1]
		switch {
		case t.end(*a) >= b.From:
			a.N += b.N
		case len(t.booked) > message.MaxBookings:
			a.N = int((t.end(b) - a.From) * message.Time(t.perSecond) / second)
		default:
			continue
		}
		t.booked = slices.Delete(t.booked, i+1, i+2)
	}
}

// beat is what the moments of messages that wait are whole multiples of, so that
// those of one burst come due together.
const beat = second / burst

// slot returns when a message may go to somebody for whom the window is that of
// a zone; 0: at once.
func (t *timetable) slot(w message.Window, zone string, at message.Time) message.Time {
	when := opens(w, zone, at)
	if when == at {
		return 0
	}
	if t.perSecond == 0 {
		return when
	}
	for {
		free := t.free(when)
		if when = opens(w, zone, free); when == free {
			when = t.book(when)
			return when - when%beat
		}
	}
}
