package webhook

import (
	"errors"

	"messagehub/store/message"
)

var (
	// ErrReplaying is the answer to a replay while another one goes on.
	ErrReplaying = errors.New("endpoint has a replay that is not over")
	// ErrFull is the answer to an event more than may wait for an endpoint.
	ErrFull = errors.New("endpoint has as many events waiting as it may have")
)

// History is what was delivered, and what there was to deliver.
type History interface {
	Deliveries(ws message.WorkspaceID, id message.ID, before uint64, limit int) ([]message.Delivery, error)
	// FeedSpan returns where the events from a moment on begin, at the latest,
	// and where the feed ends now.
	FeedSpan(since message.Time) (first, end message.Position, err error)
}

// Deliveries returns the log of an endpoint, newest first, below the number
// before; 0: from the newest.
func (d *Deliverer) Deliveries(who Who, id message.ID, before uint64, limit int) ([]message.Delivery, error) {
	if _, err := d.Get(who, id); err != nil {
		return nil, err
	}
	return d.History.Deliveries(who.Workspace, id, before, limit)
}

// ReplayEvent delivers one event again. It is durable when it returns nil.
func (d *Deliverer) ReplayEvent(who Who, id message.ID, name message.EventName) error {
	event, err := d.Feed.Event(who.Workspace, name)
	if err == nil && event.Test != who.Test {
		err = message.ErrNotFound
	}
	if err != nil {
		return err
	}
	return d.order(who, id, "webhook.replay", eventID(name), func(o *outbox) error {
		if !o.again(name, d.Now()) {
			return ErrFull
		}
		return nil
	})
}

// ReplayRange delivers once more what the relay has learnt since one moment
// and before another one; until 0: up to now. What the endpoint does not
// subscribe to stays out. It is durable when it returns nil.
func (d *Deliverer) ReplayRange(who Who, id message.ID, since, until message.Time) error {
	first, end, err := d.History.FeedSpan(since)
	if err != nil {
		return err
	}
	span := stamp(since) + " to "
	if until != 0 {
		span += stamp(until)
	}
	return d.order(who, id, "webhook.replay", span, func(o *outbox) error {
		if o.bounds.Has() {
			return ErrReplaying
		}
		o.rerun(message.Replay{Next: first, End: end, Since: since, Until: until})
		return nil
	})
}

// order has the endpoint's courier change its outbox, and notes that.
func (d *Deliverer) order(who Who, id message.ID, action, what string, change func(*outbox) error) error {
	if _, err := d.Get(who, id); err != nil {
		return err
	}
	c := d.courier(who.Workspace, id)
	if c == nil {
		return message.ErrUnavailable
	}
	why := who.entry(action, id)
	why.After = what
	if err := d.Audit.Audit(why); err != nil {
		return err
	}
	return c.ask(change)
}

// Audit writes an entry of the audit log, durably.
type Audit interface {
	Audit(message.AuditEntry) error
}
