package actors

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"messagehub/actors/channel"
)

// errEnded: Run is over, or ends while a reload is under way.
var errEnded = errors.New("delivery has ended")

// Reload puts other senders in force: those of Options.Senders as if they had
// been these. It is checked whole before anything changes, and returns when
// all are at work.
//
// A sender whose settings have changed is handed over: it starts nothing while
// its sends in flight finish as they began, then the old settings' own work
// ends and the new ones' begins, with a closed breaker. A pace or a share
// changes at once. What waits for a sender that is gone goes to another one,
// or fails with the code "no_sender" if the message names it. Receipts for
// settings that are gone are taken for Options.Overlap.
//
// Guarantee: no message is lost or sent twice by it.
func (s *System) Reload(senders []Sender) error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if s.isOver() {
		return errEnded
	}
	o := s.options
	o.Senders = senders
	if err := o.Validate(); err != nil {
		return fmt.Errorf("reload senders: %w", err)
	}
	plans := make([]lanePlan, len(s.order))
	for i, l := range s.order {
		if err := s.plan(&plans[i], l, senders); err != nil {
			for _, p := range plans {
				p.discard()
			}
			return fmt.Errorf("reload senders: %w", err)
		}
	}
	var turns sync.WaitGroup
	for i := range plans {
		s.carry(&plans[i], &turns)
	}
	turns.Wait()
	if s.isOver() {
		return errEnded
	}
	return nil
}

// lanePlan is what a reload does to a lane.
type lanePlan struct {
	lane    *lane
	kept    map[*sender]Sender // at most pace and share differ
	changed map[*sender]fresh  // to be handed over
	added   []fresh
	gone    []*sender
}

// fresh is a sender that is not at work yet.
type fresh struct {
	made   Sender
	engine *engine
}

// plan makes what is new, and changes nothing.
func (s *System) plan(p *lanePlan, l *lane, senders []Sender) error {
	*p = lanePlan{lane: l, kept: map[*sender]Sender{}, changed: map[*sender]fresh{}}
	stays := map[*sender]bool{}
	for _, o := range senders {
		if o.lane() != l.name {
			continue
		}
		out := l.placed(o.Name)
		stays[out] = true
		o.Pace = o.paced(l.spec.Pace)
		if out != nil && !out.gone.Load() && out.made.Load().sameEngine(&o) {
			p.kept[out] = o
			continue
		}
		e, err := s.newEngine(l, o)
		switch {
		case err != nil:
			return fmt.Errorf("make sender %s of %s: %w", o.Name, l.name, err)
		case out != nil:
			p.changed[out] = fresh{o, e}
		default:
			p.added = append(p.added, fresh{o, e})
		}
	}
	for i, out := range l.all() {
		if i != nobodyIndex && !stays[out] && !out.gone.Load() {
			p.gone = append(p.gone, out)
		}
	}
	return nil
}

// placed returns the sender that has or had the name; nil: there was none.
func (l *lane) placed(name string) *sender {
	i := slices.IndexFunc(l.all(), func(out *sender) bool { return out.name == name })
	if i < 0 {
		return nil
	}
	return l.at(i)
}

// sameEngine reports whether o needs no other adapter than s has.
func (s *Sender) sameEngine(o *Sender) bool {
	return s.CallbackURL == o.CallbackURL && maps.Equal(s.Settings.Unpaced(), o.Settings.Unpaced())
}

func (p *lanePlan) discard() {
	for _, f := range p.changed {
		f.engine.close()
	}
	for _, f := range p.added {
		f.engine.close()
	}
}

// carry does what the plan says. Handing over goes on in turns.
func (s *System) carry(p *lanePlan, turns *sync.WaitGroup) {
	l := p.lane
	for out, o := range p.kept {
		out.made.Store(&o)
		out.gate.turn(func(g *gate, now time.Duration) { g.repace(now, o.Pace) })
	}
	for out, f := range p.changed {
		out.made.Store(&f.made)
		out.gone.Store(false)
		turns.Go(func() { s.handOver(l, out, f) })
	}
	for _, out := range p.gone {
		out.gone.Store(true)
		turns.Go(func() { s.retire(out) })
	}
	senders := slices.Clone(l.all())
	for _, f := range p.added {
		out := s.newSender(l, len(senders), f.made)
		out.engine.Store(f.engine)
		s.start(l, out, f.engine)
		senders = append(senders, out)
	}
	l.senders.Store(&senders)
	if c := l.choose(); !c.equal(l.choice.Load()) {
		l.choice.Store(c)
		l.tell(event{kind: chosen, choice: c})
	}
}

// handOver puts another engine in the place of the sender's own.
func (s *System) handOver(l *lane, out *sender, f fresh) {
	if !s.quiet(out) {
		f.engine.close()
		return
	}
	s.lay(out)
	out.engine.Store(f.engine)
	out.trouble.Store(nil)
	s.start(l, out, f.engine)
	out.gate.turn(func(g *gate, now time.Duration) {
		g.renew()
		g.repace(now, f.made.Pace)
	})
}

// retire ends the sender's engine. Its gate stays held.
func (s *System) retire(out *sender) {
	if s.quiet(out) {
		s.lay(out)
		out.gate.turn(func(g *gate, _ time.Duration) {
			g.renew()
			g.held = true
		})
	}
}

// quiet holds the sender back and waits until no send is in flight. It reports
// false if delivery ends before that.
func (s *System) quiet(out *sender) bool {
	select {
	case <-out.gate.hold():
		return true
	case <-s.over:
		return false
	}
}

// lay lays the sender's engine aside: its receipts are still taken for a while.
func (s *System) lay(out *sender) {
	e, now := out.engine.Load(), s.clock.read().mono
	if e.until.Load() != 0 { // retired before
		return
	}
	former := out.engines(now)
	e.halt()
	e.close()
	e.until.Store(int64(now + s.options.Overlap))
	out.former.Store(&former)
}

// isOver reports whether delivery takes no more work.
func (s *System) isOver() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// repace puts another pace and another bound in force. What was taken at the
// old pace still counts, up to one burst.
func (g *gate) repace(now time.Duration, to channel.Pace) {
	p := newPace(to.PerSecond, to.Burst)
	p.due = min(g.pace.due, now+p.slack+p.interval)
	g.pace, g.limit = p, to.InFlight
}

// renew lets the gate go on as if the sender had had no trouble.
func (g *gate) renew() {
	g.held, g.resume, g.throttles = false, 0, 0
	g.breaker = breaker{generation: g.breaker.generation + 1}
}
