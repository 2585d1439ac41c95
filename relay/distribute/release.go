package distribute

import (
	"errors"

	"messagehub/store/message"
)

// maxLooked bounds the runs of messages that one turn looks through.
const maxLooked = 16

// released lets messages go that a pause has withheld: those of the next run that
// has any. They count for the rate, and go in the window, like those that are
// made.
func (r *Runner) released(d *message.Distribution, at message.Time) (*message.Release, error) {
	e := &message.Release{ID: d.ID, Owner: d.Owner, Version: d.Version, At: at, Progress: d.Progress}
	p := &e.Progress
	var held []*message.Outbound
	for looked := 0; p.Held > 0 && looked < maxLooked && len(held) == 0; looked++ {
		var err error
		if held, err = r.o.Book.Withheld(d, p.Spans-p.Held); err != nil {
			return nil, err
		}
		p.Held--
	}
	times := timetableOf(d, at)
	for _, o := range held {
		when, err := r.slot(d, &times, o, at)
		if err != nil {
			return nil, err
		}
		e.Messages = append(e.Messages, message.Going{Message: o, At: when})
	}
	p.Booked = times.booked
	p.NextAt = paced(p.NextAt, at, len(held), d.Plan.PerSecond)
	return e, nil
}

// slot returns when a message that was withheld may go; 0: at once.
func (r *Runner) slot(d *message.Distribution, times *timetable, o *message.Outbound, at message.Time) (message.Time, error) {
	w := d.Plan.Window
	if w.Zone != message.RecipientZone {
		return 0, nil
	}
	var contact *message.Contact
	if !o.Contact.IsZero() {
		switch c, err := r.o.Contacts.Contact(d.Owner, o.Contact); {
		case err == nil:
			contact = &c
		case !errors.Is(err, message.ErrNotFound):
			return 0, err
		}
	}
	return times.slot(w, zoneOf(w, contact), at), nil
}
