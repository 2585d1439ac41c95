package bench

import (
	"context"
	"flag"
	"fmt"
	"strconv"

	"messagehub/bench/load"
	"messagehub/bench/stats"
)

// shed compares the CPU of a request that is refused for its rate limit with
// that of one that is accepted, at the same constant rate: the highest at which
// no refusal is held back. Two floods are measured, one of as many connections as
// other scenarios have, and a larger one, near what the machine can take at
// all: there an accepted message is at its cheapest, since many share a sync.
type shed struct{ flood int }

// Flags implements [Scenario].
func (s *shed) Flags(f *flag.FlagSet) {
	f.IntVar(&s.flood, "flood", 1600, "connections of the larger flood; 0: none")
}

// heldBack is how many refusals a second a connection may have before the
// relay holds them back; a quarter less stays clear of it.
const heldBack = 15

// Run implements [Scenario].
func (s *shed) Run(ctx context.Context, b *Bench) error {
	relay, err := b.relay(ctx, "relay")
	if err != nil {
		return err
	}
	defer relay.stop()
	poor, err := b.client(relay, "poor", 1, true)
	if err != nil {
		return err
	}
	floods := []*flood{{Bench: b, relay: relay, poor: poor, figure: "shed.cpu", connections: b.Connections}}
	if s.flood > 0 {
		floods = append(floods, &flood{Bench: b, relay: relay, poor: poor, figure: "shed.flood", of: ", flood", connections: s.flood})
	}
	b.set("floods of connections", strconv.Itoa(b.Connections)+" and "+strconv.Itoa(s.flood))
	if err := b.warm(ctx, relay, b.single(relay, floods[len(floods)-1].rate())); err != nil {
		return err
	}
	b.plan(2 * len(floods) * b.Rounds)
	var sides []func(context.Context) error
	for _, f := range floods {
		f.refused, f.accepted = b.side("refused"+f.of), b.side("accepted"+f.of)
		sides = append(sides, f.refuse, f.accept)
	}
	if err := b.rounds(ctx, sides...); err != nil {
		return err
	}
	for _, f := range floods {
		b.figure(f.figure, stats.Ratios(f.refused.Values("cpu"), f.accepted.Values("cpu"))...)
	}
	return b.audit(ctx, relay)
}

// flood is a constant rate over some connections, refused or accepted.
type flood struct {
	*Bench
	relay             *server
	poor              string
	figure, of        string
	connections       int
	refused, accepted *side
}

func (f *flood) rate() float64 { return heldBack * float64(f.connections) }

func (f *flood) load() load.Load {
	l := f.single(f.relay, f.rate())
	l.Sources[0].Connections = f.connections
	return l
}

func (f *flood) refuse(ctx context.Context) error {
	l := f.load()
	l.Sources[0].Requests = load.Send(f.relay.target, f.poor, load.Message{Channel: "sms"})
	m, err := f.measure(ctx, f.refused, f.relay, l)
	if err != nil {
		return err
	}
	all := m.All()
	if all.Refused < all.Requests*9/10 {
		return fmt.Errorf("of %d requests only %d were refused", all.Requests, all.Refused)
	}
	m.round["cpu"] = m.cpu.Seconds() / float64(all.Requests)
	m.round["refusal-p99"] = float64(all.Refusal.ValueAtQuantile(99)) / 1e6
	return nil
}

func (f *flood) accept(ctx context.Context) error {
	m, err := f.measure(ctx, f.accepted, f.relay, f.load())
	if err != nil {
		return err
	}
	return failed(m.Outcome)
}
