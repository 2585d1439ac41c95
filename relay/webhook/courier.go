package webhook

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"messagehub/store/message"
)

const (
	// pageSize is how many events are read at once.
	pageSize = 64
	// readAgain is the pause after a read that failed.
	readAgain = time.Second
	// lookAround is how often the feed is read though nobody has told of an
	// event that is wanted: so the cursor of an endpoint that wants few keeps up.
	lookAround = 10 * time.Minute
)

// courier delivers to one endpoint, in a goroutine of its own.
type courier struct {
	*Deliverer
	box     *outbox
	secrets []secret
	// endpoint is as its courier knows it. Others may read it.
	endpoint atomic.Pointer[message.Endpoint]
	types    atomic.Uint64 // a typeSet, for those who wake it
	// since is when the relay learnt of the oldest event of the feed that
	// waits; 0: none does.
	since   atomic.Int64
	failing atomic.Bool // the last delivery was a failure

	news     chan struct{} // capacity 1: the feed has grown
	orders   chan order
	landings chan landing // capacity maxWindow: nobody waits to put one in
	stop     context.CancelFunc
	done     chan struct{}
}

// secret signs until it expires; 0: for ever.
type secret struct {
	text    string
	expires message.Time
}

// order is a change to the outbox, made by its courier. The answer comes when
// it is durable.
type order struct {
	change func(*outbox) error
	answer chan error
}

// landing is a delivery that has come back.
type landing struct {
	name message.EventName
	result
	cut bool // there is no result
}

// run delivers until ctx ends; then it waits for what is under way, which cut
// ends. It returns at once if the endpoint has been deleted, or the store can
// be used no more.
func (c *courier) run(ctx, cut context.Context) {
	defer close(c.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		pause, err := c.step(cut)
		if err != nil {
			c.report("deliver events", err)
			c.drop(c)
			return
		}
		timer.Reset(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
			c.box.live.ended = false
		case <-c.news:
			c.box.live.ended = false
		case o := <-c.orders:
			c.obey(o)
		case l := <-c.landings:
			c.land(l)
			c.landRest()
		}
	}
	for len(c.box.flights) > 0 {
		c.land(<-c.landings)
	}
	if err := c.write(); err != nil {
		c.report("write outbox", err)
	}
}

// report logs an error, unless it means that the endpoint or the store is gone.
func (c *courier) report(what string, err error) {
	if !isGone(err) && !errors.Is(err, message.ErrUnavailable) {
		c.Logger.Error(what, "endpoint", endpointID(c.endpoint.Load().ID), "error", err)
	}
}

// step does all that can be done now, and returns how long there is nothing
// more to do unless something comes in.
func (c *courier) step(cut context.Context) (time.Duration, error) {
	pause, err := c.fill()
	if errors.Is(err, message.ErrUnavailable) {
		return 0, err
	}
	if err != nil {
		c.report("read events", err)
	}
	now := c.Now()
	for f, ok := c.box.next(now); ok; f, ok = c.box.next(now) {
		to := addressee{c.endpoint.Load(), inForce(c.secrets, now)}
		c.work.Go(func() { c.deliver(cut, f, to) })
	}
	if err := c.write(); err != nil {
		return 0, err
	}
	c.since.Store(int64(c.box.oldest()))
	c.failing.Store(c.box.state.Health.Failures > 0)
	if at := c.box.wake(now); at != 0 {
		pause = min(pause, max(at.Sub(now), 0))
	}
	return pause, nil
}

// fill reads on until there is enough to do, or no more, or for long enough. It
// returns when to read on, unless something happens before.
func (c *courier) fill() (time.Duration, error) {
	for range quietPages {
		s, after := c.box.read()
		if s == nil {
			return lookAround, nil
		}
		events, err := c.Feed.Events(c.endpoint.Load().Workspace, after, pageSize)
		if err != nil {
			return readAgain, err
		}
		c.box.add(s, events, len(events) >= pageSize)
	}
	return 0, nil
}

// write makes durable what has changed.
func (c *courier) write() error {
	what, ok := c.box.take()
	if !ok {
		return nil
	}
	e := c.endpoint.Load()
	return c.Outboxes.Settle(e.Workspace, e.ID, &what)
}

// obey carries an order out, and answers when it is durable.
func (c *courier) obey(o order) {
	err := o.change(c.box)
	if err == nil {
		err = c.write()
	}
	o.answer <- err
}

// ask gives the courier an order and waits for the answer.
func (c *courier) ask(change func(*outbox) error) error {
	o := order{change, make(chan error, 1)}
	select {
	case c.orders <- o:
		return <-o.answer
	case <-c.done:
		return message.ErrUnavailable
	}
}

// landRest takes in what else has come back, so that one write is for all.
func (c *courier) landRest() {
	for {
		select {
		case l := <-c.landings:
			c.land(l)
		default:
			return
		}
	}
}

func (c *courier) land(l landing) {
	if l.cut {
		c.box.abandon(c.Now(), l.name)
		return
	}
	reason := c.box.settle(c.Now(), l.name, l.result, rand.Float64())
	if reason != message.NotDisabled && !c.box.disabled {
		c.disable(reason)
	}
}

// disable disables the endpoint, durably. If that fails, the next failure
// tries again.
func (c *courier) disable(reason message.DisableReason) {
	e, err := c.Disable(*c.endpoint.Load(), reason)
	if err != nil {
		c.report("disable endpoint", err)
		return
	}
	c.configure(&e)
}

// configure puts the endpoint as it is now in force, unless a newer revision
// is.
func (c *courier) configure(e *message.Endpoint) {
	if old := c.endpoint.Load(); old != nil && old.Revision > e.Revision {
		return
	}
	secrets, err := c.openSecrets(e)
	if err != nil {
		c.Logger.Error("open secrets of endpoint", "endpoint", endpointID(e.ID), "error", err)
		return
	}
	c.secrets = secrets
	c.box.configure(e)
	c.types.Store(uint64(setOf(e.Types)))
	c.endpoint.Store(e)
}

// wake tells the courier that the feed has grown, if it is for it.
func (c *courier) wake(e *message.Event) {
	if !c.wants(e.Test, e.Entry.Type) {
		return
	}
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// wants reports whether the endpoint gets such events.
func (c *courier) wants(test bool, t message.EntryType) bool {
	e := c.endpoint.Load()
	return e.Test == test && e.Disabled == message.NotDisabled && typeSet(c.types.Load()).has(t)
}
