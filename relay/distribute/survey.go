package distribute

import (
	"messagehub/store/message"
)

// Surveyor looks at recipients before a distribution is taken on.
type Surveyor struct {
	Channels []Channel
	Contacts Contacts
	OptOuts  OptOuts
}

// Survey is what a distribution would come to, as things are now.
type Survey struct {
	Counts  message.DistributionCounts
	Invalid []message.InvalidRecipient
	// Kept are the recipients that are neither invalid nor duplicates.
	Kept []message.Addressee
	// Segments is what its texts cost where they are counted, were every step
	// of every message sent.
	Segments int
}

// Look surveys recipients: those of the request, and contacts of its audience.
func (v *Surveyor) Look(o message.Owner, plan *message.DistributionPlan, recipients []message.Addressee, audience []message.Contact, at message.Time) (Survey, error) {
	t := &taker{
		router: newRouter(o, plan, v.Channels, v.OptOuts), contacts: v.Contacts, at: at, reached: map[message.Mark]bool{},
		known: func([]message.Mark) (bool, error) { return false, nil },
	}
	var s Survey
	for i := range recipients {
		left := t.counts.Invalid + t.counts.Duplicates
		if err := t.take(&recipients[i]); err != nil {
			return s, err
		}
		if t.counts.Invalid+t.counts.Duplicates == left {
			s.Kept = append(s.Kept, recipients[i])
		}
		s.Segments += t.segments()
	}
	for i := range audience {
		if err := t.add(&message.Addressee{Index: -1, Contact: audience[i].ID}, &audience[i]); err != nil {
			return s, err
		}
		s.Segments += t.segments()
	}
	s.Counts, s.Invalid = t.counts, t.invalid
	return s, nil
}

// segments counts what the messages made so far cost, and forgets them.
func (t *taker) segments() (n int) {
	for i := range t.messages {
		o := &t.messages[i]
		for k := range o.Steps {
			step := &o.Steps[k]
			if ch := t.channels[step.Channel]; ch != nil && ch.Segments != nil && step.ContentType == message.Text {
				n += ch.Segments(step.From, o.Test, step.Content)
			}
		}
	}
	t.messages = t.messages[:0]
	return n
}

func newRouter(o message.Owner, plan *message.DistributionPlan, channels []Channel, out OptOuts) router {
	r := router{owner: o, plan: plan, channels: map[string]*Channel{}, optOuts: out}
	for i := range channels {
		r.channels[channels[i].Name] = &channels[i]
	}
	return r
}
