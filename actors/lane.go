package actors

import (
	"fmt"
	"sync/atomic"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// lane is one channel, live or test: its senders and its shards.
type lane struct {
	name message.Lane
	spec channel.Spec
	// senders are by index; the first is nobody. The slice is replaced, never
	// changed, and no sender ever changes its place.
	senders atomic.Pointer[[]*sender]
	choice  atomic.Pointer[choice]
	actors  []*actor
}

// newLane makes the lane of the spec.
func (s *System) newLane(spec channel.Spec, test bool) (*lane, error) {
	l := &lane{name: message.Lane{Channel: spec.Name, Test: test}, spec: spec}
	absent := Sender{Channel: spec.Name, Pace: channel.Pace{PerSecond: -1, InFlight: defaultInFlight, Timeout: defaultTimeout}}
	senders := []*sender{s.newSender(l, nobodyIndex, absent)}
	senders[nobodyIndex].engine.Store(&engine{adapter: nobody{}})
	for _, o := range s.options.Senders {
		if o.lane() != l.name {
			continue
		}
		e, err := s.newEngine(l, o)
		if err != nil {
			return nil, fmt.Errorf("make sender %s of %s: %w", o.Name, l.name, err)
		}
		out := s.newSender(l, len(senders), o)
		s.recall(l, out, o)
		out.engine.Store(e)
		senders = append(senders, out)
	}
	l.senders.Store(&senders)
	l.choice.Store(l.choose())
	for i := range s.options.Shards {
		l.actors = append(l.actors, newActor(s, l, i))
	}
	return l, nil
}

// newSender makes the lane's i-th sender, with its gate and without an engine.
func (s *System) newSender(l *lane, i int, o Sender) *sender {
	out := &sender{name: o.Name}
	p := o.paced(l.spec.Pace)
	o.Pace = p
	out.made.Store(&o)
	deliver := func(g grant) {
		l.actors[g.shard].inbox.put(event{kind: granted, sender: i, n: g.n, generation: g.generation})
	}
	watch := func(state BreakerState) { s.options.Listener.OnBreaker(l.name, out.name, state) }
	tell := func() { l.tell(event{kind: stood, sender: i}) }
	g := newGate(newPace(p.PerSecond, p.Burst), p.InFlight, s.options.Shards)
	g.paused = o.Paused
	out.gate = newTurnstile(g, s.clock, deliver, watch, tell)
	return out
}

// choose makes the choice among the senders as they are now.
func (l *lane) choose() *choice {
	var all []candidate
	for _, out := range l.all() {
		all = append(all, candidate{name: out.name, share: out.made.Load().Share, gone: out.gone.Load()})
	}
	return newChoice(all)
}

// tell tells all shards.
func (l *lane) tell(e event) {
	for _, a := range l.actors {
		a.inbox.put(e)
	}
}

// all returns the senders by index.
func (l *lane) all() []*sender { return *l.senders.Load() }

func (l *lane) at(i int) *sender { return l.all()[i] }

// named returns the sender of the name that is configured; nil: there is none.
func (l *lane) named(name string) *sender {
	for _, out := range l.all() {
		if out.name == name && name != "" && !out.gone.Load() {
			return out
		}
	}
	return nil
}

// repeatOf is how long the named sender's provider knows a request with the
// step that it got already; 0: not at all, or there is no such sender.
func (l *lane) repeatOf(name string, s *message.Step) time.Duration {
	if out := l.named(name); out != nil {
		return repeatOf(out.engine.Load().adapter, s)
	}
	return 0
}

func repeatOf(a channel.Adapter, s *message.Step) time.Duration {
	if r, ok := a.(channel.Repeater); ok {
		return r.RepeatFor(s)
	}
	return 0
}

// elsewhere reports whether another sender can take the job at once.
func (l *lane) elsewhere(job *message.Job, than int) bool {
	senders := l.all()
	can := func(i int) bool { return i != than && senders[i].gate.standing() == up }
	i := l.choice.Load().pick(job, can)
	return i != nobodyIndex && can(i)
}
