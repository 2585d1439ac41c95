package bench

import (
	"context"
	"flag"
	"strconv"

	"messagehub/bench/load"
	"messagehub/bench/stats"
	"messagehub/store/message"
)

// noisyNeighbour measures some quiet workspaces alone, then beside one that
// asks for many times what it may.
type noisyNeighbour struct {
	quiet  int
	factor float64
}

// Flags implements [Scenario].
func (s *noisyNeighbour) Flags(f *flag.FlagSet) {
	f.IntVar(&s.quiet, "quiet", 20, "enterprise workspaces at their full rate")
	f.Float64Var(&s.factor, "factor", 50, "rate of the noisy one, as a multiple of what it may")
}

// The groups of a load with a noisy or greedy workspace.
const (
	othersGroup = 0
	noisyGroup  = 1
)

// Run implements [Scenario].
func (s *noisyNeighbour) Run(ctx context.Context, b *Bench) error {
	relay, err := b.relay(ctx, "relay")
	if err != nil {
		return err
	}
	defer relay.stop()
	const full = float64(message.TierEnterprise) / 60
	var quiet []load.Source
	for i := range s.quiet {
		key, err := b.client(relay, "quiet-"+strconv.Itoa(i), message.TierEnterprise, true)
		if err != nil {
			return err
		}
		quiet = append(quiet, load.Source{
			Requests: load.Send(relay.target, key, load.Message{Channel: "sms"}), PerSecond: full, Connections: max(b.pool(2*s.quiet), 2), Group: othersGroup,
		})
	}
	key, err := b.client(relay, "noisy", message.TierEnterprise, true)
	if err != nil {
		return err
	}
	both := append(append([]load.Source(nil), quiet...), load.Source{
		Requests: load.Send(relay.target, key, load.Message{Channel: "sms"}), PerSecond: s.factor * full, Connections: b.pool(2), Group: noisyGroup, Patience: patience,
	})
	if err := b.warm(ctx, relay, load.Load{Target: relay.target, Sources: quiet}); err != nil {
		return err
	}
	b.plan(2 * b.Rounds)
	alone, beside := b.side("alone"), b.side("beside the noisy one")
	if err := b.rounds(ctx, b.victims(alone, relay, quiet), b.victims(beside, relay, both)); err != nil {
		return err
	}
	b.figure("noisy.p99", stats.Ratios(beside.Values("p99"), alone.Values("p99"))...)
	b.figure("noisy.refused", beside.Values("refused")...)
	return b.audit(ctx, relay)
}

// victims measures a round, of which the values are those of the others alone.
func (b *Bench) victims(to *side, relay *server, sources []load.Source) func(context.Context) error {
	return func(ctx context.Context) error {
		m, err := b.measure(ctx, to, relay, load.Load{Target: relay.target, Sources: sources})
		if err != nil {
			return err
		}
		to.only(m, othersGroup)
		return nil
	}
}

// only replaces a round's latencies and errors by those of one group.
func (s *side) only(m *measured, group int) {
	g := m.Groups[group]
	for name, q := range quantiles() {
		m.round[name] = float64(g.Latency.ValueAtQuantile(q)) / 1e6
	}
	m.round["errors"], m.round["refused"], m.round["others"] = g.Errors(), float64(g.Refused), float64(g.Accepted)
}
