package bench

import (
	"context"
	"flag"
	"fmt"
	"strconv"

	"messagehub/bench/load"
	"messagehub/bench/stats"
	"messagehub/store/message"
)

// shed compares the CPU of a request that is refused for its rate limit with
// that of one that is accepted, at the same constant rate. It is spread over
// so many connections that no refusal is held back.
type shed struct{ spread int }

// Flags implements [Scenario].
func (s *shed) Flags(f *flag.FlagSet) {
	f.IntVar(&s.spread, "spread", 1600, "connections, instead of --connections")
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
	poor, err := b.client(relay, "poor", message.TierFree, true)
	if err != nil {
		return err
	}
	b.Connections = max(s.spread, 1)
	b.set("spread over connections", strconv.Itoa(b.Connections))
	rate := b.Rate
	if rate == 0 {
		rate = heldBack * float64(b.Connections)
	}
	if rate > heldBack*float64(b.Connections) {
		return fmt.Errorf("%.0f requests a second on %d connections: refusals would be held back; use more with --spread", rate, b.Connections)
	}
	if err := b.warm(ctx, relay, b.single(relay, rate)); err != nil {
		return err
	}
	b.plan(2 * b.Rounds)
	refused, accepted := b.side("refused"), b.side("accepted")
	err = b.rounds(ctx,
		func(ctx context.Context) error {
			l := b.single(relay, rate)
			l.Sources[0].Requests = load.Send(relay.target, poor, load.Message{Channel: "sms"})
			m, err := b.measure(ctx, refused, relay, l)
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
		},
		func(ctx context.Context) error {
			m, err := b.measure(ctx, accepted, relay, b.single(relay, rate))
			if err != nil {
				return err
			}
			return failed(m.Outcome)
		})
	if err != nil {
		return err
	}
	b.figure("shed.cpu", stats.Ratios(refused.Values("cpu"), accepted.Values("cpu"))...)
	return b.audit(ctx, relay)
}
