package bench

import (
	"context"
	"flag"
	"fmt"

	"messagehub/bench/load"
)

// deliver follows messages from the request over a simulated provider in a
// process of its own and its signed receipts to their last event: first as
// many as the relay takes in a round, then at half of the rate that came out.
type deliver struct{ repeat int }

// Flags implements [Scenario].
func (s *deliver) Flags(f *flag.FlagSet) {
	f.IntVar(&s.repeat, "repeat", 2, "messages in a row for one recipient")
}

// Run implements [Scenario].
func (s *deliver) Run(ctx context.Context, b *Bench) error {
	w, err := b.world(ctx, "relay", 1)
	if err != nil {
		return err
	}
	defer w.close()
	b.plan(2 * b.Rounds)
	burst := b.side("as many as it takes")
	if err := b.repeat(func() error { return s.round(ctx, b, w, burst, 0) }); err != nil {
		return err
	}
	if !b.Closed {
		steady := b.side("at half of that rate")
		if err := b.repeat(func() error { return s.round(ctx, b, w, steady, burst.Median("delivered")/2) }); err != nil {
			return err
		}
	}
	b.figure("deliver.rate", burst.Values("delivered")...)
	b.figure("deliver.allocs", tenths(burst.Values("allocs"))...)
	return w.audit(ctx)
}

func (s *deliver) round(ctx context.Context, b *Bench, w *world, to *side, rate float64) error {
	l := b.single(w.server, rate)
	l.Repeat = s.repeat
	m, err := b.delivered(ctx, w, to, l)
	if err != nil {
		return err
	}
	return failed(m.Outcome)
}

// delivered measures a round of load and waits for its messages' ends: what the
// server used, it used for those.
func (b *Bench) delivered(ctx context.Context, w *world, to *side, l load.Load) (*measured, error) {
	before, err := w.metrics(ctx)
	if err != nil {
		return nil, err
	}
	cpu, err := w.cpu()
	if err != nil {
		return nil, err
	}
	m, err := b.measure(ctx, to, w.server, l)
	if err != nil {
		return nil, err
	}
	b.view.Say("waiting for the last event")
	last, err := w.settle(ctx, before, float64(len(m.Promises)))
	if err != nil {
		return nil, err
	}
	after, err := w.metrics(ctx)
	if err != nil {
		return nil, err
	}
	used, err := w.cpu()
	if err != nil {
		return nil, err
	}
	n := float64(max(len(m.Promises), 1))
	m.scrape = after.minus(before)
	m.round["delivered"] = n / last.Sub(m.Began).Seconds()
	m.round["cpu"] = (used - cpu).Seconds() / n
	m.round["allocs"] = m.scrape.value(mallocs) / n
	d := m.scrape.histogram("messagehub_time_to_delivered_seconds")
	m.round["delivered-mean"] = d.mean()
	to.Stages = stages(m.scrape)
	b.view.Say(fmt.Sprintf("%s: %.0f delivered a second, %.0f µs of CPU each", to.Name, m.round["delivered"], 1e6*m.round["cpu"]))
	return m, nil
}
