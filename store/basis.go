package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// schemaVersion is of the rows as a whole; a program refuses newer ones.
const schemaVersion = 1

// Why a directory is refused.
var (
	// ErrShards: the directory was made with another number of shards.
	ErrShards = errors.New("number of shards can't be changed")
	// ErrNewer: the directory was written by a newer version of the program.
	ErrNewer = errors.New("store was written by a newer version")
)

// readBasis reads what the directory was made with and how far its log has
// come, and writes that for a new one.
func (s *Store) readBasis() (head, error) {
	schema, ok, err := s.row([]byte(keySchema))
	if err != nil {
		return head{}, err
	}
	if !ok {
		s.setShards(cmp.Or(s.options.Shards, defaultShards))
		return head{}, s.writeSchema()
	}
	if err := s.checkSchema(schema); err != nil {
		return head{}, err
	}
	value, ok, err := s.row([]byte(keyHead))
	if err != nil || !ok {
		return head{}, err
	}
	h, err := readHead(value, func(lane message.Lane, pending int64) {
		s.lanes.of(lane).pending.Store(pending)
	})
	if err != nil {
		return head{}, err
	}
	gone, err := readRetained(s.db)
	h.retained = gone.sequence
	return h, err
}

func (s *Store) writeSchema() error {
	b := binary.AppendUvarint(nil, schemaVersion)
	b = binary.AppendUvarint(b, uint64(s.options.Shards))
	if err := s.db.Set([]byte(keySchema), b, pebble.Sync); err != nil {
		return fmt.Errorf("write schema: %w", err)
	}
	return nil
}

func (s *Store) checkSchema(value string) error {
	r := reader{text: value}
	version := r.uint32()
	if !r.fault && version > schemaVersion {
		return fmt.Errorf("%w: schema %d, this program reads %d", ErrNewer, version, schemaVersion)
	}
	shards := r.int(maxShards)
	if err := r.done("schema"); err != nil {
		return errors.Join(ErrCorrupt, err)
	}
	if asked := s.options.Shards; asked != 0 && asked != shards {
		return fmt.Errorf("%w: it has %d, asked for %d", ErrShards, shards, asked)
	}
	s.setShards(shards)
	return nil
}

// setShards fixes the number of shards, before anybody asks for a lane.
func (s *Store) setShards(n int) {
	s.options.Shards = n
	s.lanes = newLanes(n)
}
