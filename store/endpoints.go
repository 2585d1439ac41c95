package store

import (
	"errors"
	"fmt"

	"messagehub/store/message"
)

// PutEndpoint writes an endpoint: a new one, where its Revision is 0, else the
// next revision of the one that is there. The audit entries are written in the
// same record. A new one gets the events from then on. It returns the endpoint
// as it is stored, message.ErrNotFound if there is none to change, or
// message.ErrRevision.
func (s *Store) PutEndpoint(e message.Endpoint, why ...message.AuditEntry) (message.Endpoint, error) {
	o := &putEndpoint{endpoint: e, why: why}
	if err := s.commit(o); err != nil {
		return message.Endpoint{}, fmt.Errorf("put endpoint: %w", err)
	}
	return o.endpoint, nil
}

// DeleteEndpoint removes an endpoint, its outbox and its log of deliveries; or
// answers message.ErrNotFound.
func (s *Store) DeleteEndpoint(ws message.WorkspaceID, id message.ID, why ...message.AuditEntry) error {
	return s.commit(&deleteEndpoint{workspace: ws, id: id, why: why})
}

// Endpoint returns an endpoint of the workspace, or message.ErrNotFound.
func (s *Store) Endpoint(ws message.WorkspaceID, id message.ID) (message.Endpoint, error) {
	if err := s.reading.enter(); err != nil {
		return message.Endpoint{}, err
	}
	defer s.reading.leave()
	row, ok, err := s.row(appendEndpointKey(nil, endpointRow, ws, id))
	if err != nil {
		return message.Endpoint{}, err
	}
	if !ok {
		return message.Endpoint{}, message.ErrNotFound
	}
	e, err := decodeEndpoint(ws, id, row)
	if err != nil {
		return e, errors.Join(ErrCorrupt, err)
	}
	return e, nil
}

// Endpoints returns the endpoints of a workspace, by id.
func (s *Store) Endpoints(ws message.WorkspaceID) ([]message.Endpoint, error) {
	return s.endpoints(appendEndpointOwner(nil, endpointRow, ws))
}

// AllEndpoints returns the endpoints of every workspace.
func (s *Store) AllEndpoints() ([]message.Endpoint, error) {
	return s.endpoints([]byte{prefixEndpoint, endpointRow})
}

func (s *Store) endpoints(prefix []byte) ([]message.Endpoint, error) {
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	var all []message.Endpoint
	err := eachRow(s.db, prefix, func(key, value []byte) error {
		ws, id, _, err := splitEndpointKey(key)
		if err != nil {
			return err
		}
		e, err := decodeEndpoint(ws, id, string(value))
		all = append(all, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read endpoints: %w", err)
	}
	return all, nil
}

// Publish writes an event that is of no message into the workspace's feed. Its
// place in the log is given here.
func (s *Store) Publish(e message.Event) error {
	if err := s.commit(&publishOp{event: e}); err != nil {
		return fmt.Errorf("publish event: %w", err)
	}
	return nil
}

// Event returns an event of the workspace's feed, or message.ErrNotFound.
func (s *Store) Event(ws message.WorkspaceID, name message.EventName) (message.Event, error) {
	if name.Position == 0 || name.Position > message.At(s.durable.sequence.Load(), message.MaxIndex) {
		return message.Event{}, message.ErrNotFound
	}
	events, err := s.Events(ws, name.Position-1, 1)
	if err != nil {
		return message.Event{}, err
	}
	for i := range events {
		if events[i].Name() == name {
			return events[i], nil
		}
	}
	return message.Event{}, message.ErrNotFound
}

// FeedSpan returns where the events from a moment on begin, to the hour, and
// where the feed ends now: the positions of a [message.Replay].
func (s *Store) FeedSpan(since message.Time) (first, end message.Position, err error) {
	sequence, err := s.sequenceAt(since)
	return message.At(sequence, 0), message.At(s.durable.sequence.Load()+1, 0), err
}

// Reference returns what the client has called a message, and the metadata
// that it has given it; or message.ErrNotFound.
func (s *Store) Reference(ws message.WorkspaceID, id message.ID) (reference, metadata string, err error) {
	o, err := s.find(ws, id)
	if err != nil {
		return "", "", err
	}
	return o.Reference, o.Metadata, nil
}
