package bench

import (
	"context"
	"flag"
	"time"

	"messagehub/bench/load"
)

// fallbackStorm lets the provider of one channel vanish under a constant rate:
// every message moves on to the next channel.
//
// A provider that can't be reached is waited for: a message moves on once it
// has waited as long as its expiresIn says.
type fallbackStorm struct{ expires time.Duration }

// Flags implements [Scenario].
func (s *fallbackStorm) Flags(f *flag.FlagSet) {
	f.DurationVar(&s.expires, "expires", 5*time.Second, "how long a message waits for the first channel")
}

// Run implements [Scenario].
func (s *fallbackStorm) Run(ctx context.Context, b *Bench) error {
	w, err := b.world(ctx, "relay", 2)
	if err != nil {
		return err
	}
	defer w.close()
	rate := b.Rate
	if rate == 0 {
		rate = 1000
	}
	b.plan(2 * b.Rounds)
	before, storm := b.side("both channels up"), b.side("WhatsApp down")
	if err := b.repeat(func() error { return s.round(ctx, b, w, before, rate) }); err != nil {
		return err
	}
	if err := w.sims[0].kill(); err != nil {
		return err
	}
	if err := b.repeat(func() error { return s.round(ctx, b, w, storm, rate) }); err != nil {
		return err
	}
	b.figure("fallback.accept-p99", storm.Median("p99")/before.Median("p99"))
	b.figure("fallback.cpu", storm.Median("cpu")/before.Median("cpu"))
	b.figure("fallback.delivered", max(storm.Median("delivered-mean")-s.expires.Seconds(), 0))
	return w.audit(ctx)
}

func (s *fallbackStorm) round(ctx context.Context, b *Bench, w *world, to *side, rate float64) error {
	m := load.Message{Channel: "whatsapp", Fallback: `{"channels":["sms"],"onUnknown":"advance"}`, Expires: int(s.expires.Seconds())}
	done, err := b.delivered(ctx, w, to, load.Load{Target: w.target, Sources: []load.Source{{
		Requests: load.Send(w.target, w.key, m), PerSecond: rate, Connections: b.Connections,
	}}})
	if err != nil {
		return err
	}
	done.round["moved"] = done.scrape.sum("messagehub_events_total", `type="message.fallback"`) / max(done.round["messages"], 1)
	return failed(done.Outcome)
}
