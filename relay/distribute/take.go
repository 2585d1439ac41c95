package distribute

import (
	"errors"
	"math/rand/v2"

	"messagehub/store/message"
)

// Contacts finds contacts.
type Contacts interface {
	Contact(o message.Owner, id message.ID) (message.Contact, error)
	Contacts(o message.Owner, q message.ContactQuery) (message.ContactPage, error)
}

// taker takes recipients and makes their messages.
type taker struct {
	router
	contacts Contacts
	// known reports whether one of the marks has been reached before.
	known func([]message.Mark) (bool, error)
	at    message.Time
	times timetable
	id    message.ID // of the distribution

	reached  map[message.Mark]bool // by what has been taken here
	marks    []message.Mark        // of it
	counts   message.DistributionCounts
	invalid  []message.InvalidRecipient
	messages []message.Outbound
	bytes    int // of the messages' texts
}

// maxTaken is how many bytes of texts one operation of the log takes, roughly.
const maxTaken = 1 << 20

// full reports whether that is enough for one operation.
func (t *taker) full(limit int) bool { return len(t.messages) >= limit || t.bytes >= maxTaken }

// take takes one of the recipients that the request brought.
func (t *taker) take(p *message.Addressee) error {
	if p.Contact.IsZero() {
		if p.Erased() {
			t.refuse(p, message.CodeErased, "")
			return nil
		}
		return t.add(p, nil)
	}
	c, err := t.contacts.Contact(t.owner, p.Contact)
	switch {
	case errors.Is(err, message.ErrNotFound):
		t.refuse(p, CodeNoContact, "contactId")
		return nil
	case err != nil:
		return err
	}
	return t.add(p, &c)
}

// add routes a recipient and takes the messages over that are no repeat.
func (t *taker) add(p *message.Addressee, c *message.Contact) error {
	if c != nil {
		again, err := t.repeats([]message.Mark{markOfContact(c.ID)})
		if again || err != nil {
			t.count(err, &t.counts.Duplicates)
			return err
		}
	}
	to, err := t.route(p, c)
	switch {
	case err != nil:
		return err
	case to.code != "":
		t.refuse(p, to.code, to.param)
		return nil
	case to.optedOut:
		t.count(nil, &t.counts.OptedOut)
		return nil
	}
	t.bytes += to.size
	made := 0
	for _, chain := range to.chains {
		marks := t.router.marks(chain)
		again, err := t.repeats(marks)
		if err != nil {
			return err
		}
		if again {
			continue
		}
		made++
		t.note(marks)
		t.messages = append(t.messages, t.message(chain, c))
	}
	if made == 0 {
		t.count(nil, &t.counts.Duplicates)
		return nil
	}
	if c != nil {
		t.note([]message.Mark{markOfContact(c.ID)})
	}
	t.counts.Recipients++
	t.counts.Messages += made
	return nil
}

// count counts a recipient who gets no message.
func (t *taker) count(err error, n *int) {
	if err == nil {
		t.counts.Recipients++
		*n++
	}
}

func (t *taker) refuse(p *message.Addressee, code, param string) {
	t.count(nil, &t.counts.Invalid)
	if len(t.invalid) < message.MaxInvalidListed {
		t.invalid = append(t.invalid, message.InvalidRecipient{Index: p.Index, Contact: p.Contact, Code: code, Param: param})
	}
}

// repeats reports whether a message to one of the marks was made before.
func (t *taker) repeats(marks []message.Mark) (bool, error) {
	for _, m := range marks {
		if t.reached[m] {
			return true, nil
		}
	}
	return t.known(marks)
}

func (t *taker) note(marks []message.Mark) {
	for _, m := range marks {
		if !t.reached[m] {
			t.reached[m] = true
			t.marks = append(t.marks, m)
		}
	}
}

func (t *taker) message(chain []message.Step, c *message.Contact) message.Outbound {
	o := message.Outbound{
		Workspace: t.owner.Workspace, Test: t.owner.Test, Steps: chain, On: message.OnAll, Reference: t.plan.Reference,
		Priority: message.Bulk, CreatedAt: t.at, ExpiresIn: t.plan.ExpiresIn, Distribution: t.id, Salt: rand.Uint64() & (1<<44 - 1),
	}
	if c != nil {
		o.Contact = c.ID
	}
	if w := t.plan.Window; w.Zone == message.RecipientZone {
		o.ScheduledAt = t.times.slot(w, zoneOf(w, c), t.at)
	}
	return o
}
