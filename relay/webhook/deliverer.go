package webhook

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"messagehub/store/message"
)

// Feed is the events of a workspace, in the order of the log.
type Feed interface {
	// Events returns those behind after, in order, at least limit of them
	// unless there are fewer; all of a position, or none.
	Events(ws message.WorkspaceID, after message.Position, limit int) ([]message.Event, error)
	Event(ws message.WorkspaceID, name message.EventName) (message.Event, error)
}

// Outboxes keeps how far deliveries have come. What is written is durable when
// Settle returns.
type Outboxes interface {
	Outbox(ws message.WorkspaceID, id message.ID) (message.Outbox, []message.Redelivery, message.Replay, error)
	Settle(ws message.WorkspaceID, id message.ID, what *message.Settlement) error
}

// Sealer seals secrets under a name, and opens them under the same one.
type Sealer interface {
	Seal(name string, value []byte) ([]byte, error)
	Open(name string, sealed []byte) ([]byte, error)
}

// Attempt is a delivery as an observer is told of it.
type Attempt struct {
	Outcome message.DeliveryOutcome
	Took    time.Duration
	Number  int // 1 is the first
	// Delay is the time since the relay learnt of the event; 0 unless it was
	// delivered at the first try, and is not replayed.
	Delay time.Duration
}

// Options are what a Deliverer is made of.
type Options struct {
	Feed      Feed
	Outboxes  Outboxes
	Messages  Messages
	Book      Book
	Editor    Editor
	History   History
	Audit     Audit
	Publisher Publisher
	Sealer    Sealer
	Rules     Rules
	// DisableAfter is how long an endpoint may fail before it is disabled.
	DisableAfter time.Duration
	// Drain is how long deliveries under way are waited for at the end.
	Drain     time.Duration
	Transport http.RoundTripper
	Now       func() message.Time
	Logger    *slog.Logger
	// Observe is told of every attempt. It must not block.
	Observe func(Attempt)
}

// Deliverer has a courier for each endpoint. Its methods can be called by any
// goroutine.
type Deliverer struct {
	Options
	work  sync.WaitGroup // deliveries under way, and couriers
	tests atomic.Int32   // under way
	// serving counts the couriers: without any, Tell costs one load.
	serving  atomic.Int32
	troubles chan trouble
	// ctx ends when no new delivery begins, cutCtx when those under way end.
	ctx, cutCtx context.Context

	mu       sync.RWMutex
	running  bool
	cut      context.CancelFunc
	troubled map[string]bool // senders, by lane and name
	couriers map[message.WorkspaceID]map[message.ID]*courier
}

// NewDeliverer makes a Deliverer; it delivers nothing before Run.
func NewDeliverer(o Options) *Deliverer {
	return &Deliverer{
		Options: o, troubles: make(chan trouble, maxTroubles), troubled: map[string]bool{}, couriers: map[message.WorkspaceID]map[message.ID]*courier{},
	}
}

// Run delivers until ctx ends. Then nothing new is delivered, what is under
// way may end within the drain time, and what has become of it is durable when
// Run returns.
func (d *Deliverer) Run(ctx context.Context) error {
	cutCtx, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	d.mu.Lock()
	d.ctx, d.cutCtx, d.cut, d.running = ctx, cutCtx, cut, true
	d.mu.Unlock()
	d.work.Go(func() { d.publish(ctx) })
	// From here on changes are told to Put. Whoever is in both is there once.
	all, err := d.Book.AllEndpoints()
	if err != nil {
		return err
	}
	for i := range all {
		d.Put(all[i])
	}
	<-ctx.Done()
	d.mu.Lock()
	d.running = false
	d.mu.Unlock()
	timer := time.AfterFunc(d.Drain, cut)
	defer timer.Stop()
	d.work.Wait()
	if t, ok := d.Transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
	return nil
}

// Cut ends the deliveries under way: nothing can be written down any more.
func (d *Deliverer) Cut() {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.cut != nil {
		d.cut()
	}
}

// Tell tells of an event that is durable. It never blocks.
func (d *Deliverer) Tell(e *message.Event) {
	if d.serving.Load() == 0 {
		return
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, c := range d.couriers[e.Workspace] {
		c.wake(e)
	}
}

// Put makes an endpoint known as it is now.
func (d *Deliverer) Put(e message.Endpoint) {
	if c := d.courier(e.Workspace, e.ID); c != nil {
		_ = c.ask(func(*outbox) error { c.configure(&e); return nil }) // one that has ended has no use for it
		return
	}
	c, err := d.newCourier(&e)
	if err != nil {
		if !isGone(err) {
			d.Logger.Error("begin to deliver", "endpoint", endpointID(e.ID), "error", err)
		}
		return
	}
	if !d.begin(c) {
		d.Put(e)
	}
}

// begin starts a courier. It reports false if there is another one for the
// endpoint.
func (d *Deliverer) begin(c *courier) bool {
	e := c.endpoint.Load()
	d.mu.Lock()
	defer d.mu.Unlock()
	of := d.couriers[e.Workspace]
	if of[e.ID] != nil {
		return false
	}
	if !d.running {
		return true // it's read again when Run begins
	}
	if of == nil {
		of = map[message.ID]*courier{}
		d.couriers[e.Workspace] = of
	}
	of[e.ID] = c
	d.serving.Add(1)
	var ctx context.Context
	ctx, c.stop = context.WithCancel(d.ctx)
	d.work.Go(func() { c.run(ctx, d.cutCtx) })
	return true
}

// Remove ends the courier of an endpoint that has been deleted.
func (d *Deliverer) Remove(ws message.WorkspaceID, id message.ID) {
	if c := d.courier(ws, id); c != nil {
		d.drop(c)
		c.stop()
	}
}

// drop forgets a courier that has ended, or is about to.
func (d *Deliverer) drop(c *courier) {
	e := c.endpoint.Load()
	d.mu.Lock()
	defer d.mu.Unlock()
	of := d.couriers[e.Workspace]
	if of[e.ID] != c {
		return
	}
	d.serving.Add(-1)
	if delete(of, e.ID); len(of) == 0 {
		delete(d.couriers, e.Workspace)
	}
}

func (d *Deliverer) courier(ws message.WorkspaceID, id message.ID) *courier {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.couriers[ws][id]
}

func (d *Deliverer) newCourier(e *message.Endpoint) (*courier, error) {
	state, later, replay, err := d.Outboxes.Outbox(e.Workspace, e.ID)
	if err != nil {
		return nil, err
	}
	c := &courier{
		Deliverer: d, box: newOutbox(state, later, replay), news: make(chan struct{}, 1), orders: make(chan order),
		landings: make(chan landing, maxWindow), done: make(chan struct{}),
	}
	c.box.disableAfter = d.DisableAfter
	c.configure(e)
	if c.endpoint.Load() == nil {
		return nil, errSecret
	}
	return c, nil
}

// Standing counts the endpoints by how they are.
type Standing struct {
	Healthy, Failing, Disabled int
	// Oldest is the age of the oldest event that waits for an endpoint that is
	// not disabled.
	Oldest time.Duration
}

// Standing returns how the endpoints are.
func (d *Deliverer) Standing() (s Standing) {
	now := d.Now()
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, of := range d.couriers {
		for _, c := range of {
			since := message.Time(c.since.Load())
			switch {
			case c.endpoint.Load().Disabled != message.NotDisabled:
				s.Disabled++
				continue
			case c.failing.Load():
				s.Failing++
			default:
				s.Healthy++
			}
			if since != 0 {
				s.Oldest = max(s.Oldest, now.Sub(since))
			}
		}
	}
	return s
}
