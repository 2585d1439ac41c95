package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// retainChunk is how many messages one operation looks at. It holds up what
// comes behind it for about a millisecond.
const retainChunk = 500

// Retained is what Retain has done.
type Retained struct {
	Removed int // messages
	Kept    int // messages that were old enough, but are not over
}

// Retain removes the messages accepted before the moment, to the hour, with
// their states, and the events from before it. What is not over stays: a
// message that waits in a lane or for a timer, or whose chain is not settled,
// for as long as it was accepted after unsettled. Provider ids and idempotency
// keys go by themselves, when their period ends.
func (s *Store) Retain(before, unsettled message.Time) (Retained, error) {
	var total Retained
	bound, err := s.sequenceAt(before)
	if err != nil || bound == 0 {
		return total, err
	}
	if err := s.retainDeliveries(before); err != nil {
		return total, fmt.Errorf("retain: %w", err)
	}
	stale, err := s.sequenceAt(unsettled)
	if err != nil {
		return total, err
	}
	first := message.WorkspaceID(0)
	for {
		ws, ok, err := s.nextOwner(first)
		if err != nil || !ok {
			return total, err
		}
		if err := s.retain(retainOp{workspace: ws, bound: bound, stale: stale}, &total); err != nil {
			return total, fmt.Errorf("retain: %w", err)
		}
		if ws == math.MaxUint32 {
			return total, nil
		}
		first = ws + 1
	}
}

// retain goes through one workspace, chunk by chunk.
func (s *Store) retain(first retainOp, total *Retained) error {
	o := &first
	for {
		o.at = message.TimeOf(s.options.Now())
		if err := s.commit(o); err != nil {
			return err
		}
		total.Removed += o.removed
		total.Kept += o.kept
		if o.next.IsZero() {
			return nil
		}
		next := first
		next.from = o.next
		o = &next
	}
}

// sequenceAt returns a sequence below which every record is from before the
// moment: that of the hour the moment lies in. 0: there is none.
func (s *Store) sequenceAt(at message.Time) (uint64, error) {
	if err := s.reading.enter(); err != nil {
		return 0, err
	}
	defer s.reading.leave()
	it, err := openScan(s.db, []byte(hourIndex))
	if err != nil {
		return 0, fmt.Errorf("read hour index: %w", err)
	}
	var sequence uint64
	if it.SeekLT(appendHourKey(nil, hourOf(at)+1)) {
		var value []byte
		if value, err = it.ValueAndErr(); err == nil {
			r := reader{text: string(value)}
			sequence = r.uint64()
			err = r.done("hour index")
		}
	}
	if err = closeScan(it, err); err != nil {
		return 0, fmt.Errorf("read hour index: %w", err)
	}
	return sequence, nil
}

// nextOwner returns the first workspace from first on that has a message or an
// event.
func (s *Store) nextOwner(first message.WorkspaceID) (message.WorkspaceID, bool, error) {
	if err := s.reading.enter(); err != nil {
		return 0, false, err
	}
	defer s.reading.leave()
	next, found := message.WorkspaceID(math.MaxUint32), false
	for _, prefix := range []byte{prefixOutbound, prefixEvent} {
		ws, ok, err := s.nextOwnerOf(prefix, first)
		if err != nil {
			return 0, false, err
		}
		if ok {
			next, found = min(next, ws), true
		}
	}
	return next, found, nil
}

func (s *Store) nextOwnerOf(prefix byte, first message.WorkspaceID) (ws message.WorkspaceID, ok bool, err error) {
	it, err := openScan(s.db, []byte{prefix})
	if err != nil {
		return 0, false, err
	}
	if ok = it.SeekGE(appendOwnerKey(nil, prefix, first)); ok {
		if key := it.Key(); len(key) < eventPosition {
			err = ErrBadRow
		} else {
			ws = message.WorkspaceID(binary.BigEndian.Uint32(key[1:]))
		}
	}
	return ws, ok && err == nil, closeScan(it, err)
}

// splitRowKey reads the key of an Outbound or a State.
func splitRowKey(key []byte) (message.WorkspaceID, message.ID, error) {
	if len(key) != rowKeySize {
		return 0, message.ID{}, ErrBadRow
	}
	return message.WorkspaceID(binary.BigEndian.Uint32(key[1:])), message.ID(key[5:]), nil
}

// keyRetained holds what retention has removed so far.
const keyRetained = "z/retained"

// retained is the row of keyRetained.
type retained struct {
	// sequence: messages accepted below it may be gone.
	sequence uint64
	messages uint64 // removed since the store was made
}

func appendRetained(dst []byte, r retained) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, r.sequence), r.messages)
}

func decodeRetained(value string) (retained, error) {
	r := reader{text: value}
	sum := retained{r.uint64(), r.uint64()}
	return sum, r.done("sum of retention")
}

// readRetained returns what retention has removed so far.
func readRetained(db pebble.Reader) (retained, error) {
	value, err := readRow(db, []byte(keyRetained))
	if errors.Is(err, pebble.ErrNotFound) {
		return retained{}, nil
	}
	if err != nil {
		return retained{}, err
	}
	return decodeRetained(value)
}
