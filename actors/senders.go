package actors

import (
	"context"
	"errors"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// SenderState is how a sender stands.
type SenderState struct {
	Lane      message.Lane
	Name      string
	Paused    bool // by an operator
	Breaker   BreakerState
	Waits     time.Duration // how long the provider wants it to wait
	InFlight  int
	Limit     int     // sends at once
	PerSecond float64 // 0: no bound
	Trouble   *Trouble
}

// Trouble is the last thing that went wrong with a sender or its provider,
// until a send succeeds.
type Trouble struct {
	Code  channel.Code
	Since message.Time // of the first in a row with this code
}

// Errors of what is asked of a sender.
var (
	ErrNoSender = errors.New("no such sender")
	ErrNoProbe  = errors.New("the channel can't be asked without sending")
)

// Senders tells how all senders stand, live before test, in their order.
func (s *System) Senders() []SenderState {
	var out []SenderState
	for _, l := range s.order {
		for _, o := range l.all() {
			if o.name != "" && !o.gone.Load() {
				out = append(out, s.state(l, o))
			}
		}
	}
	return out
}

func (s *System) state(l *lane, o *sender) SenderState {
	state := SenderState{Lane: l.name, Name: o.name, PerSecond: o.made.Load().Pace.PerSecond, Trouble: o.trouble.Load()}
	o.gate.look(func(g *gate, now time.Duration) {
		state.Paused, state.Breaker, state.InFlight, state.Limit = g.paused, g.breaker.state, g.inFlight, g.limit
		state.Waits = max(0, g.resume-now)
	})
	return state
}

// Pause makes a sender start nothing until it is resumed. Messages that name
// it wait, as do those that no other sender of its lane can take.
func (s *System) Pause(lane message.Lane, name string, paused bool) error {
	o := s.sender(lane, name)
	if o == nil {
		return ErrNoSender
	}
	o.gate.pause(paused)
	return nil
}

// Probe asks the provider whether the sender is in order. It returns what the
// provider calls the account.
func (s *System) Probe(ctx context.Context, lane message.Lane, name string) (account string, err error) {
	o := s.sender(lane, name)
	if o == nil {
		return "", ErrNoSender
	}
	p, ok := o.engine.Load().adapter.(channel.Prober)
	if !ok {
		return "", ErrNoProbe
	}
	defer func() {
		if v := recover(); v != nil {
			s.options.Listener.OnQuarantine(lane, name, *panicOf(v))
			err = &channel.Error{Code: channel.Quarantined}
		}
	}()
	return p.Probe(ctx)
}

func (s *System) sender(lane message.Lane, name string) *sender {
	if l := s.lanes[lane]; l != nil {
		return l.named(name)
	}
	return nil
}

// note keeps what a normal result says about the sender.
func (o *sender) note(p policy, r result, now message.Time) {
	if r.err == nil {
		o.trouble.Store(nil)
		return
	}
	switch p.verdict(r) {
	case verdictStopped, verdictFailing, verdictThrottled:
	default:
		return
	}
	if last := o.trouble.Load(); last == nil || last.Code != r.err.Code {
		o.trouble.Store(&Trouble{r.err.Code, now})
	}
}
