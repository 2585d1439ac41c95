package store

import (
	"errors"
	"fmt"
	"maps"
	"slices"

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
	return s.SaveAllSealed(map[string][]byte{name: sealed})
}

// SaveAllSealed is SaveSealed of many values at once: all of them are kept, or
// none.
func (s *Store) SaveAllSealed(values map[string][]byte) error {
	return s.commit(&sealedOp{values})
}

// Sealed returns all values by name.
func (s *Store) Sealed() (map[string][]byte, error) {
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	values := map[string][]byte{}
	err := eachRow(s.db, []byte{prefixSealed}, func(key, value []byte) error {
		sealed, err := decodeSealed(string(value))
		values[string(key[1:])] = []byte(sealed)
		if err != nil {
			return errors.Join(ErrCorrupt, err)
		}
		return nil
	})
	return values, err
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

// sealedOp is the operation of SaveSealed and SaveAllSealed.
type sealedOp struct{ values map[string][]byte }

func (o *sealedOp) apply(t *txn) error {
	for name, sealed := range o.values {
		if name == "" || len(name) > maxSealedName || len(sealed) > maxSealed {
			return errSealed
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.values)) {
		t.set(sealedKey(name), append([]byte{sealedVersion}, o.values[name]...))
	}
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
