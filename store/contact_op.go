package store

import (
	"errors"
	"fmt"
	"slices"

	"messagehub/store/message"
)

// maxContact bounds the encoded form of one contact.
const maxContact = 64 << 10

// contactOp makes or changes one contact.
type contactOp struct {
	put message.ContactPut
	// upsert: the contact is found by its external id, and made if there is none.
	upsert  bool
	created bool
	contact message.Contact // as it is then
}

func (o *contactOp) apply(t *txn) error {
	t.tick(o.put.At)
	before, err := o.find(t)
	if err != nil {
		return err
	}
	after := o.change(t, before)
	if !o.upsert { // which has looked already
		if err := t.externalFree(&after, before); err != nil {
			return err
		}
	}
	row := appendContact(nil, &after)
	if len(row) > maxContact {
		return message.ErrContactTooLarge
	}
	t.moveOptOuts(&after, before, o.put.Change.OptOut)
	row = appendContact(row[:0], &after)
	t.set(appendContactKey(nil, contactByID, after.Owner, after.ID), row)
	t.moveIndex(&after, before)
	o.contact = after
	return t.err
}

// find returns the contact to be changed; nil: it is to be made.
func (o *contactOp) find(t *txn) (*message.Contact, error) {
	id := o.put.ID
	if o.upsert {
		value, ok := t.get(appendExternalKey(nil, o.put.Owner, o.put.Change.ExternalID))
		if ok {
			if len(value) != idSize {
				t.fail(fmt.Errorf("%w: index of external ids", ErrCorrupt))
				return nil, t.err
			}
			id = message.ID(value)
		}
	}
	if id.IsZero() {
		return nil, t.err
	}
	c := t.contact(o.put.Owner, id)
	switch {
	case c == nil:
		return nil, errors.Join(message.ErrNotFound, t.err)
	case o.put.IfVersion != 0 && c.Version != o.put.IfVersion:
		return nil, message.ErrVersion
	}
	c.OptOut = effectiveOptOuts(c, t.holds)
	return c, nil
}

// change returns the contact as it is to be, but for its opt-outs.
func (o *contactOp) change(t *txn, before *message.Contact) message.Contact {
	after := message.Contact{ID: message.NewID(t.position(), o.put.Salt), Owner: o.put.Owner, CreatedAt: o.put.At}
	if before != nil {
		after = *before
	}
	o.created = before == nil
	o.put.Change.Apply(&after)
	after.UpdatedAt, after.Version = o.put.At, t.position()
	return after
}

// contact reads a contact's row; nil if there is none.
func (t *txn) contact(o message.Owner, id message.ID) *message.Contact {
	value, ok := t.get(appendContactKey(nil, contactByID, o, id))
	if !ok {
		return nil
	}
	c := new(message.Contact)
	if err := decodeContact(c, o, id, string(value)); err != nil {
		t.fail(errors.Join(ErrCorrupt, err))
		return nil
	}
	return c
}

// externalFree returns an error if another contact has after's external id.
func (t *txn) externalFree(after, before *message.Contact) error {
	if after.ExternalID == "" || before != nil && before.ExternalID == after.ExternalID {
		return nil
	}
	if _, taken := t.get(appendExternalKey(nil, after.Owner, after.ExternalID)); taken {
		return message.ErrExternalIDTaken
	}
	return t.err
}

// moveIndex writes the index rows that after has and before had not, and the
// other way round. Either may be nil.
func (t *txn) moveIndex(after, before *message.Contact) {
	var now, was [][]byte
	if after != nil {
		now = indexKeys(after)
	}
	if before != nil {
		was = indexKeys(before)
	}
	in := func(keys [][]byte, key []byte) bool {
		return slices.ContainsFunc(keys, func(k []byte) bool { return string(k) == string(key) })
	}
	for _, key := range was {
		if !in(now, key) {
			t.delete(key)
		}
	}
	for _, key := range now {
		switch {
		case in(was, key):
		case key[1] == contactByExternal:
			t.set(key, after.ID[:])
		default:
			t.set(key, nil)
		}
	}
}

// importOp makes or changes a chunk of contacts. Each takes a position.
type importOp struct {
	chunk   *message.ContactImport
	results []message.ContactResult
}

func (o *importOp) apply(t *txn) error {
	for i := range o.chunk.Changes {
		c := contactOp{
			put:    message.ContactPut{Owner: o.chunk.Owner, Change: o.chunk.Changes[i], At: o.chunk.At, Salt: o.chunk.Salt},
			upsert: true,
		}
		err := c.apply(t)
		o.results[i] = message.ContactResult{Created: c.created, Err: err}
		t.index++
	}
	return t.err
}
