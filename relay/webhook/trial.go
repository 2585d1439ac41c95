package webhook

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// maxTests bounds the test events under way, of all clients.
const maxTests = 16

// ErrBusy is the answer to a test while there are too many.
var ErrBusy = errors.New("too many tests at once")

// Tested is what a test event came to.
type Tested struct {
	EventID string
	Outcome message.DeliveryOutcome
	Status  int // 0: no answer
	Took    time.Duration
}

// Test posts a test event, once and now, also to an endpoint that is disabled.
// The event is not in the feed.
func (d *Deliverer) Test(ctx context.Context, who Who, id message.ID) (Tested, error) {
	e, err := d.Get(who, id)
	if err != nil {
		return Tested{}, err
	}
	if d.tests.Add(1) > maxTests {
		d.tests.Add(-1)
		return Tested{}, ErrBusy
	}
	defer d.tests.Add(-1)
	var random message.ID
	rand.Read(random[:]) // never fails: crypto/rand aborts the process instead
	name := string(message.AppendID(nil, message.PrefixEvent, random))
	object := endpointID(id)
	body, err := json.Marshal(eventBody{ID: name, Type: "webhook.test", Timestamp: stamp(who.At), Data: otherData{EndpointID: &object, Test: e.Test}})
	if err != nil {
		return Tested{}, err
	}
	secrets, err := d.openSecrets(&e)
	if err != nil {
		return Tested{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.Rules.Timeout)
	defer cancel()
	start := time.Now()
	r, err := d.post(ctx, addressee{&e, inForce(secrets, d.Now())}, name, body)
	took := time.Since(start)
	if err == nil {
		d.Observe(Attempt{Outcome: r.outcome, Took: took, Number: 1})
	}
	return Tested{name, r.outcome, r.status, took}, err
}
