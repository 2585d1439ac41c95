package store

import (
	"errors"
	"fmt"

	"messagehub/store/message"
)

// maxDeliveries is how many deliveries the log of an endpoint keeps.
const maxDeliveries = 500

// Outbox returns how far the deliveries to an endpoint have come, with what
// waits to be tried again, in the order of the feed; or message.ErrNotFound.
func (s *Store) Outbox(ws message.WorkspaceID, id message.ID) (message.Outbox, []message.Redelivery, message.Replay, error) {
	var o message.Outbox
	var replay message.Replay
	if err := s.reading.enter(); err != nil {
		return o, nil, replay, err
	}
	defer s.reading.leave()
	row, ok, err := s.row(appendEndpointKey(nil, outboxRow, ws, id))
	if err != nil || !ok {
		return o, nil, replay, errors.Join(err, notFound(ok))
	}
	if o, err = decodeOutbox(row); err != nil {
		return o, nil, replay, errors.Join(ErrCorrupt, err)
	}
	if row, ok, err = s.row(appendEndpointKey(nil, replayRow, ws, id)); ok && err == nil {
		replay, err = decodeReplay(row)
	}
	if err != nil {
		return o, nil, replay, err
	}
	var later []message.Redelivery
	err = eachRow(s.db, appendEndpointKey(nil, redeliveryRow, ws, id), func(key, value []byte) error {
		r, err := decodeRedelivery(key, string(value))
		later = append(later, r)
		return err
	})
	if err != nil {
		return o, nil, replay, fmt.Errorf("read outbox: %w", err)
	}
	return o, later, replay, nil
}

// notFound is message.ErrNotFound for a row that is not there.
func notFound(ok bool) error {
	if ok {
		return nil
	}
	return message.ErrNotFound
}

// Settle writes what deliveries have come to; message.ErrNotFound: the
// endpoint has been deleted.
//
// Ownership: an endpoint's outbox has one writer at a time.
func (s *Store) Settle(ws message.WorkspaceID, id message.ID, what *message.Settlement) error {
	return s.commit(&settleOp{workspace: ws, id: id, what: what})
}

// Deliveries returns the newest deliveries of an endpoint with numbers below
// before (0: all), newest first.
func (s *Store) Deliveries(ws message.WorkspaceID, id message.ID, before uint64, limit int) ([]message.Delivery, error) {
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	it, err := openScan(s.db, appendEndpointKey(nil, deliveryRow, ws, id))
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	ok := false
	if before == 0 {
		ok = it.Last()
	} else {
		ok = it.SeekLT(appendDeliveryKey(nil, ws, id, before))
	}
	var all []message.Delivery
	for ; ok && len(all) < limit; ok = it.Prev() {
		var value []byte
		if value, err = it.ValueAndErr(); err != nil {
			break
		}
		var d message.Delivery
		if d, err = decodeDelivery(it.Key(), string(value)); err != nil {
			break
		}
		all = append(all, d)
	}
	if err = closeScan(it, err); err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	return all, nil
}

// retainDeliveries removes what the logs of deliveries hold from before the
// moment.
func (s *Store) retainDeliveries(before message.Time) error {
	endpoints, err := s.AllEndpoints()
	if err != nil {
		return err
	}
	for i := range endpoints {
		o := &trimDeliveries{workspace: endpoints[i].Workspace, id: endpoints[i].ID}
		if o.end, err = s.firstDelivery(o.workspace, o.id, before); err == nil && o.end > 0 {
			err = s.commit(o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// firstDelivery returns the number after the last delivery from before the
// moment; 0: there is none.
func (s *Store) firstDelivery(ws message.WorkspaceID, id message.ID, before message.Time) (uint64, error) {
	all, err := s.Deliveries(ws, id, 0, maxDeliveries)
	if err != nil {
		return 0, err
	}
	for i := range all {
		if all[i].At < before {
			return all[i].Number + 1, nil
		}
	}
	return 0, nil
}
