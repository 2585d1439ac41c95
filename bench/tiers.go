package bench

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"time"

	"messagehub/bench/load"
	"messagehub/store/message"
)

// tiers looks for the largest number of enterprise workspaces that each send
// exactly the 6,000 requests a minute they may, beside some of the other
// tiers, with p99 within a bound and not one 429.
type tiers struct {
	pro, free, step, first int
	bound                  time.Duration
	keys                   map[string]string // by workspace
}

// Flags implements [Scenario].
func (s *tiers) Flags(f *flag.FlagSet) {
	f.IntVar(&s.pro, "pro", 20, "workspaces of the tier pro beside them, at their full rate")
	f.IntVar(&s.free, "free", 20, "workspaces of the tier free beside them, at their full rate")
	f.IntVar(&s.first, "first", 100, "enterprise workspaces to begin with")
	f.IntVar(&s.step, "step", 10, "how exact the number is to be")
	f.DurationVar(&s.bound, "p99", 20*time.Millisecond, "bound of the p99")
}

// Run implements [Scenario].
func (s *tiers) Run(ctx context.Context, b *Bench) error {
	relay, err := b.relay(ctx, "relay")
	if err != nil {
		return err
	}
	defer relay.stop()
	s.keys = map[string]string{}
	b.set("p99 bound", s.bound.String())
	if err := b.warm(ctx, relay, b.single(relay, 0)); err != nil {
		return err
	}
	best, err := search(s.first, s.step, func(n int) (bool, error) { return s.good(ctx, b, relay, n) })
	if err != nil {
		return err
	}
	if best == 0 {
		b.note("not even %d workspaces kept to the bound", s.step)
	}
	b.figure("tiers.workspaces", float64(best))
	return b.audit(ctx, relay)
}

// search returns the largest multiple of step that is good: it doubles until
// one is not, then halves the gap. 0: none is.
func search(first, step int, good func(n int) (bool, error)) (int, error) {
	low, high := 0, max(first/step, 1)
	for {
		ok, err := good(high * step)
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		low, high = high, high*2
	}
	for high-low > 1 {
		mid := (low + high) / 2
		ok, err := good(mid * step)
		if err != nil {
			return 0, err
		}
		if ok {
			low = mid
		} else {
			high = mid
		}
	}
	return low * step, nil
}

// good measures n enterprise workspaces. One bad round of three may be the
// machine's.
func (s *tiers) good(ctx context.Context, b *Bench, relay *server, n int) (bool, error) {
	sources, err := s.sources(b, relay, n)
	if err != nil {
		return false, err
	}
	to := b.side(fmt.Sprintf("%d enterprise workspaces", n))
	bad := 0
	for range min(b.Rounds, 3) {
		m, err := b.measure(ctx, to, relay, load.Load{Target: relay.target, Sources: sources})
		if err != nil {
			return false, err
		}
		limited := m.All().Limited
		m.round["429"] = float64(limited)
		if limited > 0 || m.All().Errors() > 0 || m.round["p99"] > s.bound.Seconds() {
			if bad++; bad == 2 || min(b.Rounds, 3) < 3 {
				return false, nil
			}
		}
	}
	return true, nil
}

func (s *tiers) sources(b *Bench, relay *server, n int) ([]load.Source, error) {
	var out []load.Source
	for _, tier := range []struct {
		name      string
		perMinute int
		count     int
	}{{"enterprise", message.TierEnterprise, n}, {"pro", message.TierPro, s.pro}, {"free", message.TierFree, s.free}} {
		for i := range tier.count {
			key, err := s.key(b, relay, tier.name+"-"+strconv.Itoa(i), tier.perMinute)
			if err != nil {
				return nil, err
			}
			out = append(out, load.Source{
				Requests:  load.Send(relay.target, key, load.Message{Channel: "sms"}),
				PerSecond: float64(tier.perMinute) / 60, Connections: 4,
			})
		}
	}
	return out, nil
}

// key returns the key of a workspace, which it makes the first time.
func (s *tiers) key(b *Bench, relay *server, workspace string, perMinute int) (string, error) {
	if key := s.keys[workspace]; key != "" {
		return key, nil
	}
	key, err := b.client(relay, workspace, perMinute, true)
	s.keys[workspace] = key
	return key, err
}
