package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// ChangeContact makes or changes a contact, and returns it as it is then,
// durably. Errors are message.ErrNotFound, message.ErrVersion and
// message.ErrExternalIDTaken.
func (s *Store) ChangeContact(put message.ContactPut) (message.Contact, error) {
	o := &contactOp{put: put}
	if err := s.commit(o); err != nil {
		return message.Contact{}, err
	}
	return o.contact, nil
}

// ImportContacts makes or changes contacts, each found by its external id, and
// says what became of each. They are durable when it returns; at most
// MaxImport of them.
func (s *Store) ImportContacts(chunk *message.ContactImport) ([]message.ContactResult, error) {
	o := &importOp{chunk: chunk, results: make([]message.ContactResult, len(chunk.Changes))}
	w, err := s.submitWide(o, 512*len(chunk.Changes), max(1, len(chunk.Changes)))
	if err != nil {
		return nil, err
	}
	return o.results, s.await(w)
}

// MaxImport is how many contacts one operation takes. It holds up what comes
// behind it for a few milliseconds.
const MaxImport = 250

// Contact returns a contact, or message.ErrNotFound.
//
// Guarantee: what it shows is durable.
func (s *Store) Contact(o message.Owner, id message.ID) (message.Contact, error) {
	c, err := s.readContact(o, id)
	if err == nil && !s.durable.holds(c.Version) {
		err = s.commit(barrier{})
	}
	return c, err
}

func (s *Store) readContact(o message.Owner, id message.ID) (message.Contact, error) {
	var c message.Contact
	if err := s.reading.enter(); err != nil {
		return c, err
	}
	defer s.reading.leave()
	value, ok, err := s.row(appendContactKey(nil, contactByID, o, id))
	if err != nil {
		return c, err
	}
	if !ok {
		return c, message.ErrNotFound
	}
	return s.shownContact(o, id, value)
}

// shownContact reads the value of a contact's row, with the opt-outs that are
// in force.
func (s *Store) shownContact(o message.Owner, id message.ID, value string) (c message.Contact, err error) {
	if err := decodeContact(&c, o, id, value); err != nil {
		return c, errors.Join(ErrCorrupt, err)
	}
	var failed error
	c.OptOut = effectiveOptOuts(&c, func(key []byte) bool {
		_, ok, err := s.row(key)
		failed = errors.Join(failed, err)
		return ok
	})
	return c, failed
}

// maxContactScan bounds the rows that one page looks at.
const maxContactScan = 10_000

// Contacts returns a page of contacts. It may be short, even empty, and still
// not be the last one.
//
// Guarantee: what it shows is durable.
func (s *Store) Contacts(o message.Owner, q message.ContactQuery) (message.ContactPage, error) {
	if err := s.reading.enter(); err != nil {
		return message.ContactPage{}, err
	}
	page, err := s.contactPage(o, &q)
	s.reading.leave()
	if err != nil {
		return message.ContactPage{}, fmt.Errorf("read contacts: %w", err)
	}
	for i := range page.Contacts {
		if !s.durable.holds(page.Contacts[i].Version) {
			return page, s.commit(barrier{})
		}
	}
	return page, nil
}

// contactPage goes through the index that has the fewest rows for the query.
func (s *Store) contactPage(o message.Owner, q *message.ContactQuery) (page message.ContactPage, err error) {
	prefix := appendContactOwner(nil, contactByID, o)
	switch {
	case q.ExternalID != "":
		return s.externalPage(o, q)
	case q.Identity.Address != "":
		prefix = appendAddressKey(nil, o, q.Identity)
	case q.Tag != "":
		prefix = appendTagKey(nil, o, q.Tag)
	}
	first := message.NewID(q.After+1, 0)
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: append(append([]byte(nil), prefix...), first[:]...), UpperBound: successor(prefix),
	})
	if err != nil {
		return page, err
	}
	last, seen := q.After, 0
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		id := message.ID(it.Key()[len(it.Key())-idSize:])
		if len(page.Contacts) == q.Limit || seen == maxContactScan {
			page.Next = last
			break
		}
		seen++
		last = id.Position()
		err = s.addContact(&page, o, q, id)
	}
	return page, closeScan(it, err)
}

// addContact adds a contact to the page, if it is there and matches.
func (s *Store) addContact(page *message.ContactPage, o message.Owner, q *message.ContactQuery, id message.ID) error {
	value, ok, err := s.row(appendContactKey(nil, contactByID, o, id))
	if err != nil || !ok {
		return err
	}
	c, err := s.shownContact(o, id, value)
	if err == nil && q.Match(&c) {
		page.Contacts = append(page.Contacts, c)
	}
	return err
}

func (s *Store) externalPage(o message.Owner, q *message.ContactQuery) (page message.ContactPage, err error) {
	value, ok, err := s.row(appendExternalKey(nil, o, q.ExternalID))
	if err != nil || !ok || q.After != 0 {
		return page, err
	}
	if len(value) != idSize {
		return page, fmt.Errorf("%w: index of external ids", ErrCorrupt)
	}
	return page, s.addContact(&page, o, q, message.ID([]byte(value)))
}
