package bench

import (
	"context"
	"flag"
	"fmt"

	"messagehub/bench/stats"
)

// findMax looks for the highest constant rate that keeps to an objective, on a
// relay of its own or on the one at --target.
type findMax struct {
	slo   string
	exact float64
}

// Flags implements [Scenario].
func (s *findMax) Flags(f *flag.FlagSet) {
	f.StringVar(&s.slo, "slo", "p99<50ms,errors<0.1%", "objective, of p50, p90, p99, p99.9, max, errors, rate")
	f.Float64Var(&s.exact, "exact", 0.02, "how exact the rate is to be, as a share of it")
}

// Run implements [Scenario].
func (s *findMax) Run(ctx context.Context, b *Bench) error {
	objective, err := stats.ParseObjective(s.slo)
	if err != nil {
		return err
	}
	b.set("objective", objective.String())
	relay, err := b.targetOr(ctx)
	if err != nil {
		return err
	}
	defer relay.stop()
	if err := b.warm(ctx, relay, b.single(relay, 0)); err != nil {
		return err
	}
	top := b.side("closed loop, for a first guess")
	m, err := b.measure(ctx, top, relay, b.single(relay, 0))
	if err != nil {
		return err
	}
	best, err := bisect(m.round["rate"]*1.2, s.exact, func(rate float64) (bool, error) {
		return s.keeps(ctx, b, relay, rate, objective)
	})
	if err != nil {
		return err
	}
	if best == 0 {
		b.note("no rate kept to %s", objective)
	}
	b.figure("find-max.rate", best)
	return b.audit(ctx, relay)
}

// bisect returns the highest good rate below top, to a share of exact; 0: none
// was found.
func bisect(top, exact float64, good func(rate float64) (bool, error)) (float64, error) {
	low, high := 0.0, top
	for high-low > exact*high {
		mid := (low + high) / 2
		if mid < 1 {
			return 0, nil
		}
		ok, err := good(mid)
		if err != nil {
			return 0, err
		}
		if ok {
			low = mid
		} else {
			high = mid
		}
	}
	return low, nil
}

// keeps reports whether a rate keeps to the objective: a server that falls
// behind does not, whatever its latency so far. The better of two rounds
// counts, the first one if it is good.
func (s *findMax) keeps(ctx context.Context, b *Bench, relay *server, rate float64, o stats.Objective) (bool, error) {
	to := b.side(fmt.Sprintf("%.0f/s", rate))
	for range 2 {
		m, err := b.measure(ctx, to, relay, b.single(relay, rate))
		if err != nil {
			return false, err
		}
		missed, err := o.Check(m.round)
		if err != nil {
			return false, err
		}
		if len(missed) == 0 && m.round["rate"] > 0.98*rate {
			return true, nil
		}
	}
	return false, nil
}
