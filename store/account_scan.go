package store

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// readRow returns the value at key, or pebble.ErrNotFound.
func readRow(db pebble.Reader, key []byte) (string, error) {
	value, closer, err := db.Get(key)
	if err != nil {
		return "", err
	}
	text := string(value)
	return text, closer.Close()
}

// openScan returns an iterator over the rows whose keys start with prefix.
func openScan(db pebble.Reader, prefix []byte) (*pebble.Iterator, error) {
	return db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: successor(prefix)})
}

// eachRow calls f for the rows whose keys start with prefix, in order. The
// slices are valid during the call. An error of f ends it.
func eachRow(db pebble.Reader, prefix []byte, f func(key, value []byte) error) error {
	it, err := openScan(db, prefix)
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = f(it.Key(), value)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return errors.Join(it.Error(), it.Close())
}

// keyPage is how many keys are read at a time. Nothing is held between pages.
const keyPage = 1000

// keyPage appends keys to page until it is full, from the id on.
func (s *Store) keyPage(page []message.Key, from message.ID) ([]message.Key, error) {
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	k := keyScan{}
	err := k.open(s.db, from)
	for ok := err == nil && k.keys.First(); ok && len(page) < cap(page); ok = k.keys.Next() {
		var key message.Key
		if key, err = k.key(); err != nil {
			break
		}
		page = append(page, key)
	}
	return page, errors.Join(err, k.close())
}

// after returns the id that follows id; the zero ID follows the last one.
func after(id message.ID) message.ID {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			break
		}
	}
	return id
}

// keyScan walks the keys and, beside them, the rows of their last use.
type keyScan struct{ keys, uses *pebble.Iterator }

func (k *keyScan) open(db pebble.Reader, from message.ID) (err error) {
	if k.keys, err = openKeys(db, byID, from); err != nil {
		return err
	}
	if k.uses, err = openKeys(db, byUse, from); err == nil {
		k.uses.First()
	}
	return err
}

func openKeys(db pebble.Reader, kind byte, from message.ID) (*pebble.Iterator, error) {
	return db.NewIter(&pebble.IterOptions{
		LowerBound: appendKeyKey(nil, kind, from),
		UpperBound: successor([]byte{prefixKey, kind}),
	})
}

// key returns the key that the walk has come to.
func (k *keyScan) key() (message.Key, error) {
	row := k.keys.Key()
	if len(row) != 2+idSize {
		return message.Key{}, ErrBadRow
	}
	value, err := k.keys.ValueAndErr()
	if err != nil {
		return message.Key{}, err
	}
	key, err := decodeKey(message.ID(row[2:]), string(value))
	if err != nil {
		return message.Key{}, err
	}
	for k.uses.Valid() && bytes.Compare(k.uses.Key()[2:], row[2:]) < 0 {
		k.uses.Next()
	}
	if !k.uses.Valid() || !bytes.Equal(k.uses.Key()[2:], row[2:]) {
		return key, nil
	}
	if value, err = k.uses.ValueAndErr(); err == nil {
		key.LastUsed, err = decodeUse(string(value))
	}
	return key, err
}

func (k *keyScan) close() error {
	var err error
	for _, it := range []*pebble.Iterator{k.keys, k.uses} {
		if it != nil {
			err = errors.Join(err, it.Error(), it.Close())
		}
	}
	return err
}
