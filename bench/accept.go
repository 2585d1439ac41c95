package bench

import (
	"context"
	"flag"
	"math"

	"messagehub/bench/result"
	"messagehub/bench/stats"
)

// accept compares durable 202s with a bare server: as fast as each can, in a
// closed loop, then both at one constant rate.
type accept struct{ share float64 }

// Flags implements [Scenario].
func (s *accept) Flags(f *flag.FlagSet) {
	f.Float64Var(&s.share, "share", 0.7, "constant rate of the second part, as a share of the relay's highest")
}

// Run implements [Scenario].
func (s *accept) Run(ctx context.Context, b *Bench) error {
	relay, err := b.relay(ctx, "relay")
	if err != nil {
		return err
	}
	defer relay.stop()
	bare, err := b.bare(ctx)
	if err != nil {
		return err
	}
	defer bare.stop()
	if b.plan(4 * b.Rounds); b.Closed {
		b.plan(2 * b.Rounds)
	}
	ours, theirs, err := s.pair(ctx, b, relay, bare, "at full speed", 0)
	if err != nil {
		return err
	}
	b.figure("accept.throughput", stats.Ratios(ours.Values("rate"), theirs.Values("rate"))...)
	b.figure("accept.cpu", stats.Ratios(ours.Values("cpu"), theirs.Values("cpu"))...)
	b.figure("accept.allocs", tenths(ours.Values("allocs"))...)
	if b.Closed {
		return b.audit(ctx, relay)
	}
	rate := s.share * ours.Median("rate")
	ours, theirs, err = s.pair(ctx, b, relay, bare, "at one rate", rate)
	if err != nil {
		return err
	}
	var over []float64
	for i, p99 := range ours.Values("p99") {
		over = append(over, p99-theirs.Values("p99")[i])
	}
	b.figure("accept.p99", over...)
	return b.audit(ctx, relay)
}

// tenths rounds what one request allocates: the runtime's own work adds a
// little to each.
func tenths(values []float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = math.Round(10*v) / 10
	}
	return out
}

// pair measures both servers in turn: at a rate, or as fast as they can if that
// is 0.
func (s *accept) pair(ctx context.Context, b *Bench, relay, bare *server, how string, rate float64) (ours, theirs *result.Side, err error) {
	a, z := b.side("relay, fsync on, "+how), b.side("bare fasthttp, "+how)
	round := func(to *side, srv *server) func(context.Context) error {
		return func(ctx context.Context) error {
			m, err := b.measure(ctx, to, srv, b.single(srv, rate))
			if err != nil {
				return err
			}
			return failed(m.Outcome)
		}
	}
	for _, srv := range []*server{relay, bare} {
		if err := b.warm(ctx, srv, b.single(srv, 0)); err != nil {
			return nil, nil, err
		}
	}
	err = b.rounds(ctx, round(a, relay), round(z, bare))
	return a.Side, z.Side, err
}
