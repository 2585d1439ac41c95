package store

import (
	"errors"
	"fmt"

	"messagehub/store/message"
)

const (
	sealedVersion = 1
	maxSealedName = 512
	maxSealed     = 64 << 10
)

var errSealed = fmt.Errorf("sealed value must have a name of 1 to %d bytes, and at most %d bytes", maxSealedName, maxSealed)

// SaveSealed keeps a value that its caller has sealed under a name, in place of
// the one before. It is durable when it returns nil.
func (s *Store) SaveSealed(name string, sealed []byte) error {
	return s.commit(&sealedOp{name, sealed})
}

// LoadSealed returns what was saved last under a name, or message.ErrNotFound.
func (s *Store) LoadSealed(name string) ([]byte, error) {
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	row, ok, err := s.row(sealedKey(name))
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, message.ErrNotFound
	}
	sealed, err := decodeSealed(row)
	if err != nil {
		return nil, errors.Join(ErrCorrupt, err)
	}
	return []byte(sealed), nil
}

func sealedKey(name string) []byte { return append([]byte{prefixSealed}, name...) }

// sealedOp is the operation of SaveSealed.
type sealedOp struct {
	name   string
	sealed []byte
}

func (o *sealedOp) apply(t *txn) error {
	if o.name == "" || len(o.name) > maxSealedName || len(o.sealed) > maxSealed {
		return errSealed
	}
	t.set(sealedKey(o.name), append([]byte{sealedVersion}, o.sealed...))
	return nil
}

func decodeSealed(row string) (string, error) {
	r := openValue(row, sealedVersion)
	sealed := r.text
	r.text = ""
	return sealed, r.done("sealed value")
}

// checkSealed goes through the sealed values. What is in them only their
// owner can tell.
func (c *checker) checkSealed() error {
	return eachRow(c.db, []byte{prefixSealed}, func(key, value []byte) error {
		c.count("sealed")
		if _, err := decodeSealed(string(value)); err != nil {
			c.find("sealed", rowName(key), err)
		}
		return nil
	})
}
