package store

import (
	"errors"

	"messagehub/store/message"
)

var errEndpoint = errors.New("endpoint has no id, or members that are too long or too many")

// putEndpoint is the operation of PutEndpoint. apply fills in what it decides.
type putEndpoint struct {
	endpoint message.Endpoint
	why      []message.AuditEntry
}

func (o *putEndpoint) apply(t *txn) error {
	e := o.endpoint
	old, err := t.endpoint(e.Workspace, e.ID)
	switch {
	case err != nil:
		return err
	case e.Revision == 0 && old != nil:
		return message.ErrRevision
	case e.Revision != 0 && old == nil:
		return message.ErrNotFound
	case old != nil && e.Revision != old.Revision:
		return message.ErrRevision
	}
	if _, ok := t.get(appendWorkspaceKey(nil, e.Workspace)); !ok {
		return errors.Join(ErrNoWorkspace, t.err)
	}
	e.Revision++
	if old != nil {
		e.CreatedAt = old.CreatedAt
	}
	value := appendEndpoint(nil, &e)
	if _, err := decodeEndpoint(e.Workspace, e.ID, string(value)); err != nil || e.ID.IsZero() {
		return errEndpoint
	}
	t.tick(e.UpdatedAt)
	t.set(appendEndpointKey(nil, endpointRow, e.Workspace, e.ID), value)
	if old == nil {
		begin := message.Outbox{Cursor: t.position()}
		t.set(appendEndpointKey(nil, outboxRow, e.Workspace, e.ID), appendOutbox(nil, &begin))
	}
	if old != nil && old.Disabled == message.NotDisabled && e.Disabled > message.DisabledByClient {
		t.tellDisabled(&e)
	}
	o.endpoint = e
	return t.audit(o.why)
}

// tellDisabled tells the feed that an endpoint was disabled, and not by its
// client.
func (t *txn) tellDisabled(e *message.Endpoint) {
	t.tell(message.Event{
		Workspace: e.Workspace, Test: e.Test, Object: string(message.AppendID(nil, message.PrefixEndpoint, e.ID)),
		Entry: message.Entry{At: e.DisabledAt, ReceivedAt: e.DisabledAt, Type: message.EndpointDisabled, Code: e.Disabled.String()},
	})
}

// endpoint returns an endpoint as the ops before have left it; nil: there is
// none.
func (t *txn) endpoint(ws message.WorkspaceID, id message.ID) (*message.Endpoint, error) {
	value, ok := t.get(appendEndpointKey(nil, endpointRow, ws, id))
	if !ok {
		return nil, t.err
	}
	e, err := decodeEndpoint(ws, id, string(value))
	if err != nil {
		return nil, errors.Join(ErrCorrupt, err)
	}
	return &e, nil
}

// deleteEndpoint is the operation of DeleteEndpoint.
type deleteEndpoint struct {
	workspace message.WorkspaceID
	id        message.ID
	why       []message.AuditEntry
}

func (o *deleteEndpoint) apply(t *txn) error {
	if old, err := t.endpoint(o.workspace, o.id); err != nil || old == nil {
		return errors.Join(err, notFound(old != nil))
	}
	for _, kind := range []byte{endpointRow, outboxRow, replayRow} {
		t.delete(appendEndpointKey(nil, kind, o.workspace, o.id))
	}
	for _, kind := range []byte{redeliveryRow, deliveryRow} {
		rows := appendEndpointKey(nil, kind, o.workspace, o.id)
		t.deleteRange(rows, successor(rows))
	}
	return t.audit(o.why)
}

// publishOp is the operation of Publish.
type publishOp struct{ event message.Event }

var errNotPublic = errors.New("event is of a message, or not public")

func (o *publishOp) apply(t *txn) error {
	e := o.event
	if !e.Entry.Type.Public() || e.Entry.Type.OfMessage() || !e.Message.IsZero() {
		return errNotPublic
	}
	if _, ok := t.get(appendWorkspaceKey(nil, e.Workspace)); !ok {
		return errors.Join(ErrNoWorkspace, t.err)
	}
	t.tick(e.Entry.ReceivedAt)
	t.tell(e)
	return nil
}

// settleOp is the operation of Settle.
type settleOp struct {
	workspace message.WorkspaceID
	id        message.ID
	what      *message.Settlement
}

func (o *settleOp) apply(t *txn) error {
	key := appendEndpointKey(nil, outboxRow, o.workspace, o.id)
	if _, ok := t.get(key); !ok {
		return errors.Join(message.ErrNotFound, t.err)
	}
	t.set(key, appendOutbox(nil, &o.what.Outbox))
	if r := o.what.Replay; r != nil && r.Has() {
		t.set(appendEndpointKey(nil, replayRow, o.workspace, o.id), appendReplay(nil, r))
	} else if r != nil {
		t.delete(appendEndpointKey(nil, replayRow, o.workspace, o.id))
	}
	for i := range o.what.Later {
		r := &o.what.Later[i]
		t.set(appendRedeliveryKey(nil, o.workspace, o.id, r.Event), appendRedelivery(nil, r))
	}
	for _, name := range o.what.Done {
		t.delete(appendRedeliveryKey(nil, o.workspace, o.id, name))
	}
	for i := range o.what.Log {
		d := &o.what.Log[i]
		t.set(appendDeliveryKey(nil, o.workspace, o.id, d.Number), appendDelivery(nil, d))
		if d.Number > maxDeliveries {
			t.delete(appendDeliveryKey(nil, o.workspace, o.id, d.Number-maxDeliveries))
		}
	}
	return nil
}

// trimDeliveries removes the deliveries with numbers below end from a log.
type trimDeliveries struct {
	workspace message.WorkspaceID
	id        message.ID
	end       uint64
}

func (o *trimDeliveries) apply(t *txn) error {
	t.deleteRange(appendDeliveryKey(nil, o.workspace, o.id, 0), appendDeliveryKey(nil, o.workspace, o.id, o.end))
	return nil
}
