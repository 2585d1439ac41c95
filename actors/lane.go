package actors

import (
	"fmt"
	"sync/atomic"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// sender is a sender at work.
type sender struct {
	name    string
	adapter channel.Adapter
	pace    channel.Pace
	gate    *turnstile
	trouble atomic.Pointer[Trouble]
}

// lane is one channel, live or test: its senders and its shards.
type lane struct {
	name    message.Lane
	header  string // by which its receipts are recognised
	senders []*sender
	actors  []*actor
}

// newLane makes the lane of the spec. Its last sender is the one that refuses
// the messages of senders that are not configured.
func (s *System) newLane(spec channel.Spec, test bool) (*lane, error) {
	l := &lane{name: message.Lane{Channel: spec.Name, Test: test}, header: spec.SignatureHeader}
	for _, o := range s.options.Senders {
		if o.lane() != l.name {
			continue
		}
		p := o.paced(spec.Pace)
		if o.HTTP == nil {
			o.HTTP = channel.NewClient(nil, p.InFlight)
			s.clients = append(s.clients, o.HTTP)
		}
		if o.Report == nil {
			o.Report = s.reporter(l.name)
		}
		adapter, err := spec.New(o.Sender)
		if err != nil {
			return nil, fmt.Errorf("make sender %s of %s: %w", o.Name, l.name, err)
		}
		l.senders = append(l.senders, &sender{name: o.Name, adapter: adapter, pace: p})
	}
	absent := channel.Pace{InFlight: defaultInFlight, Timeout: defaultTimeout}
	l.senders = append(l.senders, &sender{adapter: nobody{}, pace: absent})
	for i := range s.options.Shards {
		l.actors = append(l.actors, newActor(s, l, i))
	}
	for i, out := range l.senders {
		out.gate = s.newGate(l, i)
	}
	return l, nil
}

// newGate makes the gate of the lane's i-th sender.
func (s *System) newGate(l *lane, i int) *turnstile {
	out := l.senders[i]
	g := newGate(newPace(out.pace.PerSecond, out.pace.Burst), out.pace.InFlight, len(l.actors))
	deliver := func(g grant) {
		l.actors[g.shard].inbox.put(event{kind: granted, sender: i, n: g.n, generation: g.generation})
	}
	watch := func(state BreakerState) { s.options.Listener.OnBreaker(l.name, out.name, state) }
	return newTurnstile(g, s.clock, deliver, watch)
}

// repeatOf is how long the named sender's provider knows a request with the
// step that it got already; 0: not at all, or there is no such sender.
func (l *lane) repeatOf(name string, s *message.Step) time.Duration {
	for _, out := range l.senders {
		if out.name == name {
			return repeatOf(out.adapter, s)
		}
	}
	return 0
}

func repeatOf(a channel.Adapter, s *message.Step) time.Duration {
	if r, ok := a.(channel.Repeater); ok {
		return r.RepeatFor(s)
	}
	return 0
}

// resolve returns the index of the named sender; of the first for no name.
func (l *lane) resolve(from string) int {
	if from == "" {
		return 0
	}
	for i, out := range l.senders {
		if out.name == from {
			return i
		}
	}
	return len(l.senders) - 1
}
