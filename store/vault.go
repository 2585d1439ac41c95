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
	return s.commit(&sealedOp{values: map[string][]byte{name: sealed}})
}

// Reseal keeps values, and the secrets of endpoints, that its caller has sealed
// anew: all of them, or none. An endpoint gets its next revision, and keeps all
// else; one that has been deleted is passed over; one that has changed since
// it was read is message.ErrRevision.
func (s *Store) Reseal(values map[string][]byte, endpoints []message.Endpoint) error {
	return s.commit(&sealedOp{values, endpoints})
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

// sealedOp is the operation of SaveSealed and Reseal.
type sealedOp struct {
	values    map[string][]byte
	endpoints []message.Endpoint
}

func (o *sealedOp) apply(t *txn) error {
	for name, sealed := range o.values {
		if name == "" || len(name) > maxSealedName || len(sealed) > maxSealed {
			return errSealed
		}
	}
	rows, err := o.rows(t)
	if err != nil {
		return err
	}
	for i := range rows {
		e := &rows[i]
		t.set(appendEndpointKey(nil, endpointRow, e.Workspace, e.ID), appendEndpoint(nil, e))
	}
	for _, name := range slices.Sorted(maps.Keys(o.values)) {
		t.set(sealedKey(name), append([]byte{sealedVersion}, o.values[name]...))
	}
	return nil
}

// rows returns the endpoints that are still there, with their new secrets.
func (o *sealedOp) rows(t *txn) ([]message.Endpoint, error) {
	var rows []message.Endpoint
	for i := range o.endpoints {
		to := &o.endpoints[i]
		e, err := t.endpoint(to.Workspace, to.ID)
		switch {
		case err != nil:
			return nil, err
		case e == nil:
			continue
		case e.Revision != to.Revision:
			return nil, message.ErrRevision
		}
		e.Secrets = to.Secrets
		e.Revision++
		if _, err := decodeEndpoint(e.Workspace, e.ID, string(appendEndpoint(nil, e))); err != nil {
			return nil, errEndpoint
		}
		rows = append(rows, *e)
	}
	return rows, nil
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
