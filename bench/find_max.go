package bench

import (
	"context"
	"flag"
	"fmt"

	"messagehub/bench/load"
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

// targetOr is the relay at --target, else one of our own with delivery paused.
func (b *Bench) targetOr(ctx context.Context) (*server, error) {
	if b.Target == nil {
		return b.relay(ctx, "relay")
	}
	if b.Key == "" {
		return nil, errNoTarget
	}
	b.set("target", b.Target.Host)
	return &server{name: b.Target.Host, target: b.Target, key: b.Key, keys: []string{b.Key}}, nil
}

// anyLoad puts a constant rate on any relay.
type anyLoad struct {
	channel string
	size    int
}

// Flags implements [Scenario].
func (s *anyLoad) Flags(f *flag.FlagSet) {
	f.StringVar(&s.channel, "channel", "sms", "channel of the messages")
	f.IntVar(&s.size, "size", 1, "messages of a request: more than 1 are sent as batches")
}

// Run implements [Scenario]. It audits nothing but the answers: whose messages
// are there beside its own, it does not know.
func (s *anyLoad) Run(ctx context.Context, b *Bench) error {
	if b.Target == nil || b.Key == "" {
		return errNoTarget
	}
	if b.Rate == 0 && !b.Closed {
		return fmt.Errorf("give a constant rate with --rate, or ask for a closed loop with --closed")
	}
	srv, err := b.targetOr(ctx)
	if err != nil {
		return err
	}
	l := b.single(srv, b.Rate)
	m := load.Message{Channel: s.channel}
	l.Sources[0].Requests = load.Send(srv.target, srv.key, m)
	if s.size > 1 {
		l.Sources[0].Requests = load.Batch(srv.target, srv.key, m, s.size)
	}
	if err := b.warm(ctx, srv, l); err != nil {
		return err
	}
	b.plan(b.Rounds)
	to := b.side("load")
	return b.rounds(ctx, func(ctx context.Context) error {
		_, err := b.measure(ctx, to, srv, l)
		return err
	})
}
