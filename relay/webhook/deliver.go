package webhook

import (
	"context"
	"errors"
	"time"

	"messagehub/store/message"
)

// addressee is an endpoint as it is when a delivery to it begins.
type addressee struct {
	endpoint *message.Endpoint
	secrets  []string
}

// deliver makes one delivery and brings back what it came to. It runs beside
// the courier, and touches nothing that the courier changes.
func (c *courier) deliver(cut context.Context, f flight, to addressee) {
	l := landing{name: f.event.Name()}
	start := time.Now()
	l.result, l.cut = c.attempt(cut, f, to)
	l.took = time.Since(start)
	if !l.cut {
		c.Observe(Attempt{Outcome: l.outcome, Took: l.took, Number: f.attempt, Delay: c.delayOf(&f, l.outcome)})
	}
	c.landings <- l
}

// delayOf returns how long after the relay had learnt of an event it was
// delivered; 0: it was not, or not from the feed.
func (c *courier) delayOf(f *flight, outcome message.DeliveryOutcome) time.Duration {
	if !f.known || f.again || outcome != message.DeliveryDone {
		return 0
	}
	return max(c.Now().Sub(learnt(&f.event)), 0)
}

// attempt makes one delivery. cut: it has no result, since cut has ended it or
// the store could not be read.
func (c *courier) attempt(cut context.Context, f flight, to addressee) (r result, isCut bool) {
	ws, event := to.endpoint.Workspace, f.event
	if !f.known {
		var err error
		if event, err = c.Feed.Event(ws, f.event.Name()); isGone(err) {
			return result{outcome: message.EventRemoved}, false
		} else if err != nil {
			return r, true
		}
	}
	body, err := Body(&event, c.Messages)
	if err != nil {
		return r, true
	}
	ctx, cancel := context.WithTimeout(cut, c.Rules.Timeout)
	defer cancel()
	r, err = c.post(ctx, to, eventID(event.Name()), body)
	r.kind = event.Entry.Type
	return r, err != nil || cut.Err() != nil
}

// post signs a body and posts it.
func (d *Deliverer) post(ctx context.Context, to addressee, id string, body []byte) (result, error) {
	l := letter{url: to.endpoint.URL, id: id, at: d.Now(), body: body}
	var err error
	if l.signature, err = sign(to.secrets, id, l.at, body); err != nil {
		return result{}, err
	}
	return post(ctx, d.Transport, &l), nil
}

func isGone(err error) bool { return errors.Is(err, message.ErrNotFound) }
