package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// checkEndpoints goes through the endpoints and what waits for them.
func (c *checker) checkEndpoints() error {
	return eachRow(c.db, []byte{prefixEndpoint}, func(key, value []byte) error {
		kind := "endpoint"
		if len(key) > 1 && key[1] == redeliveryRow {
			kind = "redelivery"
		}
		c.count(kind)
		if problem := c.checkEndpointRow(key, string(value)); problem != nil {
			c.find(kind, rowName(key), problem)
		}
		return nil
	})
}

func (c *checker) checkEndpointRow(key []byte, value string) error {
	ws, id, rest, err := splitEndpointKey(key)
	if err != nil {
		return err
	}
	if len(rest) != map[byte]int{redeliveryRow: positionSize + 1, deliveryRow: positionSize}[key[1]] {
		return ErrBadRow
	}
	if key[1] == endpointRow {
		return c.checkEndpoint(ws, id, value)
	}
	if err := c.checkOutboxRow(key, value); err != nil {
		return err
	}
	if _, err := readRow(c.db, appendEndpointKey(nil, endpointRow, ws, id)); errors.Is(err, pebble.ErrNotFound) {
		return errors.New("there is no endpoint that it is of")
	} else if err != nil {
		return err
	}
	return nil
}

func (c *checker) checkEndpoint(ws message.WorkspaceID, id message.ID, value string) error {
	if _, err := decodeEndpoint(ws, id, value); err != nil {
		return err
	}
	if _, err := readRow(c.db, appendWorkspaceKey(nil, ws)); err != nil {
		return fmt.Errorf("its workspace %d is not there", ws)
	}
	if _, err := readRow(c.db, appendEndpointKey(nil, outboxRow, ws, id)); err != nil {
		return errors.New("it has no outbox")
	}
	return nil
}

// checkOutboxRow reads a row that belongs to an endpoint.
func (c *checker) checkOutboxRow(key []byte, value string) error {
	switch key[1] {
	case outboxRow:
		o, err := decodeOutbox(value)
		if err == nil && o.Cursor.Sequence() > c.head.sequence {
			err = fmt.Errorf("it has come to sequence %d, behind the end of the log", o.Cursor.Sequence())
		}
		return err
	case replayRow:
		_, err := decodeReplay(value)
		return err
	case redeliveryRow:
		r, err := decodeRedelivery(key, value)
		if err == nil && !c.told(message.WorkspaceID(binary.BigEndian.Uint32(key[2:])), r.Event) {
			err = errors.New("there is no event that it is of")
		}
		return err
	case deliveryRow:
		_, err := decodeDelivery(key, value)
		return err
	}
	return ErrBadRow
}

// told reports whether an event is in the feed, or may have been removed from
// it by retention.
func (c *checker) told(ws message.WorkspaceID, name message.EventName) bool {
	if name.Position.Sequence() < c.retained.sequence {
		return true
	}
	if _, err := readRow(c.db, appendEventKey(nil, ws, name.Position, name.Ordinal)); err == nil {
		return true
	}
	it, err := openScan(c.db, appendRowKey(nil, prefixOutbound, ws, message.NewID(name.Position, 0))[:rowKeySize-6])
	if err != nil {
		return false
	}
	found := false
	for ok := it.First(); ok && !found; ok = it.Next() {
		found = len(it.Key()) == rowKeySize && positionOfRow(it.Key()) == name.Position
	}
	return closeScan(it, nil) == nil && found
}
