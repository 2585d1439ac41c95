package store

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// Events returns the workspace's public events behind after, in log order: as
// many as limit, and then the rest of the last position, so that the position
// of the last one is where the next page begins.
//
// Guarantee: the feed has no gaps. What it shows is durable, and nothing ever
// appears before it.
func (s *Store) Events(ws message.WorkspaceID, after message.Position, limit int) ([]message.Event, error) {
	// Rows of later records may be there already, but are not shown.
	end := message.At(s.durable.sequence.Load()+1, 0)
	if after >= end {
		return nil, nil
	}
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	f, err := openFeed(s.db, ws, after+1, end)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	var events []message.Event
	for len(events) < limit || f.position() == events[len(events)-1].Position {
		e, ok := f.next()
		if !ok {
			break
		}
		events = append(events, e)
	}
	if err := f.close(); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return events, nil
}

// feed merges the two kinds of rows that events come from: a message's own row
// says that it was accepted, an event's row says all else.
type feed struct {
	workspace      message.WorkspaceID
	accepted, told side
	err            error
}

// side stands before a row of one of the two kinds.
type side struct {
	rows *pebble.Iterator
	// at is the position of the row; past the end it is endOfLog.
	at message.Position
	// positionOf reads the position from a key.
	positionOf func(key []byte) message.Position
}

const endOfLog = ^message.Position(0)

func openFeed(db *pebble.DB, ws message.WorkspaceID, from, end message.Position) (*feed, error) {
	accepted, err := db.NewIter(&pebble.IterOptions{
		LowerBound: appendRowKey(nil, prefixOutbound, ws, message.NewID(from, 0)),
		UpperBound: appendRowKey(nil, prefixOutbound, ws, message.NewID(end, 0)),
	})
	if err != nil {
		return nil, err
	}
	told, err := db.NewIter(&pebble.IterOptions{
		LowerBound: appendEventKey(nil, ws, from, 0),
		UpperBound: appendEventKey(nil, ws, end, 0),
	})
	if err != nil {
		return nil, errors.Join(err, accepted.Close())
	}
	f := &feed{
		workspace: ws,
		accepted:  side{rows: accepted, positionOf: positionOfRow},
		told:      side{rows: told, positionOf: positionOfEvent},
	}
	f.accepted.stand(accepted.First())
	f.told.stand(told.First())
	return f, nil
}

func (d *side) stand(ok bool) {
	d.at = endOfLog
	if ok {
		d.at = d.positionOf(d.rows.Key())
	}
}

func positionOfRow(key []byte) message.Position {
	return idOfRow(key).Position()
}

// idOfRow returns the id that the key of an Outbound or a State ends with.
func idOfRow(key []byte) (id message.ID) {
	copy(id[:], key[rowKeySize-idSize:])
	return id
}

func positionOfEvent(key []byte) message.Position {
	return message.Position(binary.BigEndian.Uint64(key[eventPosition:]))
}

// position returns where the next event is.
func (f *feed) position() message.Position { return min(f.accepted.at, f.told.at) }

// next returns the next event. ok is false at the end, and after an error.
func (f *feed) next() (e message.Event, ok bool) {
	switch {
	case f.err != nil || f.position() == endOfLog:
		return e, false
	case f.accepted.at < f.told.at:
		e = f.readAccepted()
		f.accepted.stand(f.accepted.rows.Next())
	default:
		e = f.readTold()
		f.told.stand(f.told.rows.Next())
	}
	return e, f.err == nil
}

// readAccepted makes the event of a message's acceptance from its row.
func (f *feed) readAccepted() (e message.Event) {
	var o message.Outbound
	id := idOfRow(f.accepted.rows.Key())
	if err := decodeOutbound(&o, f.workspace, id, string(f.accepted.rows.Value())); err != nil {
		f.err = errors.Join(ErrCorrupt, err)
		return e
	}
	return acceptedEvent(&o)
}

// acceptedEvent is the event that message.Begin makes.
func acceptedEvent(o *message.Outbound) message.Event {
	status := message.Queued
	if o.ScheduledAt > o.CreatedAt {
		status = message.Scheduled
	}
	return message.Event{
		Position: o.ID.Position(), Workspace: o.Workspace, Message: o.ID, Test: o.Test,
		Channel: o.Steps[0].Channel, Status: status, CreatedAt: o.CreatedAt, Entry: firstEntry(status, o.CreatedAt),
	}
}

func (f *feed) readTold() message.Event {
	key := f.told.rows.Key()
	e := message.Event{Workspace: f.workspace, Position: f.told.at, Ordinal: int(key[len(key)-1])}
	if err := decodeEvent(&e, string(f.told.rows.Value())); err != nil {
		f.err = errors.Join(ErrCorrupt, err)
	}
	return e
}

func (f *feed) close() error {
	return errors.Join(f.err, f.accepted.rows.Error(), f.told.rows.Error(), f.accepted.rows.Close(), f.told.rows.Close())
}
