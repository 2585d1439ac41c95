package distribute

import (
	"messagehub/store/message"
)

// Rows are the recipients of distributions, and whom they have reached.
type Rows interface {
	Recipients(d *message.Distribution, chunk int) (message.RecipientChunk, error)
	Marked(d *message.Distribution, marks []message.Mark) (bool, error)
}

// expansion makes the next messages of d: about limit of them, from one chunk of
// its recipients or one page of its audience.
func (r *Runner) expansion(d *message.Distribution, at message.Time, limit int) (*message.Expansion, error) {
	t := &taker{
		router: newRouter(d.Owner, &d.Plan, r.o.Channels, r.o.OptOuts), contacts: r.o.Contacts, at: at, times: timetableOf(d, at), id: d.ID, reached: map[message.Mark]bool{},
		known: func(marks []message.Mark) (bool, error) { return r.o.Rows.Marked(d, marks) },
	}
	e := &message.Expansion{ID: d.ID, Owner: d.Owner, Version: d.Version, At: at, Progress: d.Progress}
	var err error
	switch c := &e.Progress.Cursor; {
	case c.Chunk < d.Plan.Chunks:
		err = t.chunk(r.o.Rows, d, e, limit)
	case c.Tag < len(d.Plan.Tags):
		err = t.page(c, d.Plan.Tags[c.Tag], limit)
	}
	if err != nil {
		return nil, err
	}
	p := &e.Progress
	if after := (message.Distribution{Plan: d.Plan, Progress: *p}); after.Made() {
		p.State = message.Running
	}
	p.Counts.Add(t.counts)
	room := message.MaxInvalidListed - len(p.Invalid)
	p.Invalid = append(p.Invalid[:len(p.Invalid):len(p.Invalid)], t.invalid[:min(room, len(t.invalid))]...)
	p.NextAt = paced(p.NextAt, at, len(t.messages), d.Plan.PerSecond)
	p.Booked = t.times.booked
	e.Messages, e.Marks = t.messages, t.marks
	return e, nil
}

// chunk takes the recipients of a chunk, from where the cursor stands.
func (t *taker) chunk(rows Rows, d *message.Distribution, e *message.Expansion, limit int) error {
	c := &e.Progress.Cursor
	chunk, err := rows.Recipients(d, c.Chunk)
	if err != nil {
		return err
	}
	e.Revision = chunk.Revision
	for c.Offset < len(chunk.Recipients) && !t.full(limit) {
		if err := t.take(&chunk.Recipients[c.Offset]); err != nil {
			return err
		}
		c.Offset++
	}
	if c.Offset == len(chunk.Recipients) {
		c.Chunk, c.Offset = c.Chunk+1, 0
	}
	return nil
}

// page takes contacts that have a tag, from where the cursor stands.
func (t *taker) page(c *message.DistributionCursor, tag string, limit int) error {
	page, err := t.contacts.Contacts(t.owner, message.ContactQuery{Tag: tag, After: c.After, Limit: limit})
	if err != nil {
		return err
	}
	for i := range page.Contacts {
		if t.full(limit) { // one contact can have several messages
			return nil
		}
		contact := &page.Contacts[i]
		if err := t.add(&message.Addressee{Index: -1, Contact: contact.ID}, contact); err != nil {
			return err
		}
		c.After = contact.ID.Position()
	}
	if c.After = page.Next; page.Next == 0 {
		c.Tag++
	}
	return nil
}
