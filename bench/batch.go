package bench

import (
	"context"
	"flag"
	"strconv"

	"messagehub/bench/load"
	"messagehub/bench/stats"
)

// batch compares batches with single sends on the same relay, in alternating
// rounds.
type batch struct{ size, connections int }

// Flags implements [Scenario].
func (s *batch) Flags(f *flag.FlagSet) {
	f.IntVar(&s.size, "size", 1000, "messages of a batch")
	f.IntVar(&s.connections, "batch-connections", 8, "connections that send batches")
}

// Run implements [Scenario].
func (s *batch) Run(ctx context.Context, b *Bench) error {
	relay, err := b.relay(ctx, "relay")
	if err != nil {
		return err
	}
	defer relay.stop()
	b.set("messages of a batch", strconv.Itoa(s.size))
	if err := b.warm(ctx, relay, b.single(relay, 0)); err != nil {
		return err
	}
	b.plan(2 * b.Rounds)
	batches, singles := b.side("batches"), b.side("single sends")
	round := func(to *side, l load.Load) func(context.Context) error {
		return func(ctx context.Context) error {
			m, err := b.measure(ctx, to, relay, l)
			if err != nil {
				return err
			}
			return failed(m.Outcome)
		}
	}
	many := load.Load{Target: relay.target, Sources: []load.Source{{
		Requests: load.Batch(relay.target, relay.key, load.Message{Channel: "sms"}, s.size), Connections: s.connections,
	}}}
	if err := b.rounds(ctx, round(batches, many), round(singles, b.single(relay, 0))); err != nil {
		return err
	}
	b.figure("batch.throughput", stats.Ratios(batches.Values("rate"), singles.Values("rate"))...)
	b.figure("batch.cpu", stats.Ratios(batches.Values("cpu"), singles.Values("cpu"))...)
	return b.audit(ctx, relay)
}
