package actors

import (
	"context"
	"sync/atomic"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// sender is a sender at work. It keeps its place in the lane for the life of
// the process; a reload changes what works there.
type sender struct {
	name    string
	gate    *turnstile
	made    atomic.Pointer[Sender] // what it was made of
	trouble atomic.Pointer[Trouble]
	// engine is what sends go to.
	// Invariant: it changes only while no permit of the gate is out.
	engine atomic.Pointer[engine]
	// former are the engines before it whose receipts may still come. The
	// slice is replaced, never changed.
	former atomic.Pointer[[]*engine]
	gone   atomic.Bool // it is configured no more
}

// engine is an adapter at work, as one set of settings made it.
type engine struct {
	adapter channel.Adapter
	client  *channel.Client // made here; nil: it is the caller's
	// until is when receipts for it are no longer taken; 0 while it is in use.
	until atomic.Int64
	// end ends its own work, and done is closed when that is over; nil without
	// any.
	end  context.CancelFunc
	done chan struct{}
}

// newEngine makes the adapter of a sender. It does nothing yet.
func (s *System) newEngine(l *lane, o Sender) (*engine, error) {
	e := &engine{}
	if o.HTTP == nil {
		e.client = channel.NewClient(nil, o.paced(l.spec.Pace).InFlight)
		o.HTTP = e.client
	}
	if o.Report == nil {
		o.Report = s.reporter(l.name)
	}
	if o.Receive == nil {
		o.Receive = func(written []message.Inbound) error { return s.keep(l.name, o.Name, written) }
	}
	var err error
	if e.adapter, err = l.spec.New(o.Sender); err != nil {
		e.close()
	}
	return e, err
}

// recall makes the engines that the sender had in another life of the process,
// for their receipts. Settings that no longer make one have none.
func (s *System) recall(l *lane, out *sender, o Sender) {
	var former []*engine
	now := s.clock.read()
	for _, f := range o.Former {
		left := f.Until.Sub(now.wall)
		if left <= 0 {
			continue
		}
		o.Settings, o.CallbackURL = f.Settings, f.CallbackURL
		if e, err := s.newEngine(l, o); err == nil {
			e.close()
			e.until.Store(int64(now.mono + left))
			former = append(former, e)
		}
	}
	out.former.Store(&former)
}

// close lets go of the connections.
func (e *engine) close() {
	if e.client != nil {
		e.client.Close()
	}
}

// start begins the engine's own work, if it has any and the System runs. The
// caller holds reloading, or the engine is not in use yet.
func (s *System) start(l *lane, out *sender, e *engine) {
	r, ok := e.adapter.(channel.Runner)
	if !ok || s.running == nil {
		return
	}
	var ctx context.Context
	ctx, e.end = context.WithCancel(s.running)
	e.done = make(chan struct{})
	go func() {
		defer close(e.done)
		s.keepRunning(ctx, l, out, r)
	}()
}

// halt ends the engine's own work, if it has any, and returns when it is over.
func (e *engine) halt() {
	if e.end != nil {
		e.end()
		<-e.done
	}
}

// refusal is why the provider refuses the sender.
func (o *sender) refusal(p policy) *message.Failure {
	code := channel.BadCredentials
	if t := o.trouble.Load(); t != nil && p.rules[t.Code].Action == channel.StopSender {
		code = t.Code
	}
	return p.failure(&channel.Error{Code: code})
}

// engines returns those that a receipt at the moment may be for, the newest
// first.
func (o *sender) engines(now time.Duration) []*engine {
	all := []*engine{o.engine.Load()}
	if former := o.former.Load(); former != nil {
		all = append(all, *former...)
	}
	kept := all[:0]
	for _, e := range all {
		if until := e.until.Load(); until == 0 || int64(now) < until {
			kept = append(kept, e)
		}
	}
	return kept
}
