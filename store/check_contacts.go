package store

import (
	"errors"
	"fmt"

	"messagehub/store/message"
)

// checkContacts goes through the contacts: each must be found by all that it
// should be found by, and be what its index rows say.
func (c *checker) checkContacts() error {
	return eachRow(c.db, []byte{prefixContact}, func(key, value []byte) error {
		if problem := c.checkContactRow(key, string(value)); problem != nil {
			c.find("contact", rowName(key), problem)
		}
		return nil
	})
}

func (c *checker) checkContactRow(key []byte, value string) error {
	if len(key) < contactOwner+hashSize || key[6] > 1 {
		return ErrBadRow
	}
	owner, rest := ownerOf(key), key[contactOwner:]
	switch kind := key[1]; {
	case kind == contactByID && len(rest) == idSize:
		c.count("contact")
		return c.checkContact(owner, message.ID(rest), value)
	case kind == contactByExternal && len(rest) == hashSize && len(value) == idSize:
		return c.checkIndexed(owner, message.ID([]byte(value)), key)
	case (kind == contactByAddress || kind == contactByTag) && len(rest) == hashSize+idSize && value == "":
		return c.checkIndexed(owner, message.ID(rest[hashSize:]), key)
	case kind == contactOptOut && len(rest) == hashSize:
		c.count("opt-out")
		_, err := decodeOptOut(value)
		return err
	case kind == contactErasure && len(rest) == idSize:
		c.count("erasure")
		return c.checkErasure(owner, message.ID(rest), value)
	}
	return ErrBadRow
}

func (c *checker) checkContact(o message.Owner, id message.ID, value string) error {
	var contact message.Contact
	if err := decodeContact(&contact, o, id, value); err != nil {
		return err
	}
	if id.Position().Sequence() > c.head.sequence || contact.Version.Sequence() > c.head.sequence {
		return fmt.Errorf("it is from behind the end of the log, sequence %d", c.head.sequence)
	}
	for _, key := range indexKeys(&contact) {
		row, err := readRow(c.db, key)
		if err != nil {
			return fmt.Errorf("it is not found by its index %c: %w", key[1], err)
		}
		if key[1] == contactByExternal && row != string(id[:]) {
			return errors.New("another contact is found by its external id")
		}
	}
	return nil
}

// checkIndexed looks at the contact that an index row stands for.
func (c *checker) checkIndexed(o message.Owner, id message.ID, key []byte) error {
	row, err := readRow(c.db, appendContactKey(nil, contactByID, o, id))
	if err != nil {
		return errors.New("there is no contact that it is of")
	}
	var contact message.Contact
	if decodeContact(&contact, o, id, row) != nil {
		return nil // checkContact has found it
	}
	for _, k := range indexKeys(&contact) {
		if string(k) == string(key) {
			return nil
		}
	}
	return errors.New("its contact has no such member")
}

func (c *checker) checkErasure(o message.Owner, id message.ID, value string) error {
	var e erasure
	if err := decodeErasure(&e, o, id, value); err != nil {
		return err
	}
	if e.State != message.ErasurePending && len(e.addresses) > 0 {
		return errors.New("it still has addresses")
	}
	if _, err := readRow(c.db, appendContactKey(nil, contactByID, o, id)); err == nil {
		return errors.New("its contact is there")
	}
	return nil
}
