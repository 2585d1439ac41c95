package bench

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"time"

	"messagehub/bench/load"
	"messagehub/bench/stats"
)

// distribute measures single sends at a constant rate alone, then beside a
// distribution that runs, on the same channel. It is one distribution for the
// whole run, paused while the sends are alone.
type distribute struct{ perSecond, contacts int }

// Flags implements [Scenario].
func (s *distribute) Flags(f *flag.FlagSet) {
	f.IntVar(&s.perSecond, "per-second", 500, "rate of the distribution, in messages; 0: as fast as they can be made")
	f.IntVar(&s.contacts, "contacts", 0, "contacts that it goes to (default: as many as the rounds need)")
}

// Run implements [Scenario].
func (s *distribute) Run(ctx context.Context, b *Bench) error {
	if s.contacts == 0 {
		s.contacts = int(s.most() * (b.Each + overtime).Seconds() * float64(b.Rounds))
	}
	w, err := b.world(ctx, "relay", 1)
	if err != nil {
		return err
	}
	defer w.close()
	const rate = 300
	singles := b.single(w.server, orElse(b.Rate, rate))
	b.set("single sends a second", strconv.FormatFloat(singles.PerSecond(), 'f', 0, 64))
	b.set("messages of the distribution a second", strconv.Itoa(s.perSecond))
	b.set("contacts", strconv.Itoa(s.contacts))
	if err := b.warm(ctx, w.server, singles); err != nil {
		return err
	}
	d, err := s.start(ctx, b, w)
	if err != nil {
		return err
	}
	b.plan(2 * b.Rounds)
	alone, beside := b.side("single sends alone"), b.side("beside the distribution")
	if err := b.rounds(ctx, d.paused(alone, singles), d.running(beside, singles)); err != nil {
		return err
	}
	b.figure("distribute.p99", stats.Ratios(beside.Values("p99"), alone.Values("p99"))...)
	b.figure("distribute.rate", beside.Values("made")...)
	return d.conclude(ctx)
}

// overtime is how much longer than a round the distribution may run for it.
const overtime = time.Second

// most is more messages a second than the distribution makes.
func (s *distribute) most() float64 {
	if s.perSecond == 0 {
		return 20_000
	}
	return 1.3*float64(s.perSecond) + 10
}

func orElse(rate, other float64) float64 {
	if rate > 0 {
		return rate
	}
	return other
}

// start imports the contacts, and makes a distribution to them, which it pauses.
func (s *distribute) start(ctx context.Context, b *Bench, w *world) (*distribution, error) {
	const workspace = "bulk"
	if err := b.Admin.CreateWorkspace(w.dir, workspace, unlimited); err != nil {
		return nil, err
	}
	key, err := b.Admin.CreateKey(w.dir, workspace, false)
	if err != nil {
		return nil, err
	}
	d := &distribution{world: w, key: key, contacts: s.contacts}
	if err := d.importContacts(ctx); err != nil {
		return nil, err
	}
	rate := ""
	if s.perSecond > 0 {
		rate = fmt.Sprintf(`,"rate":{"perSecond":%d}`, s.perSecond)
	}
	var made struct {
		Data struct{ DistributionID string }
	}
	err = d.post(ctx, "/api/v1/content/distribute", "application/json",
		`{"content":{"sms":{"content":"For {{externalId}}"}},"audience":{"tags":["all"]},"routing":{"mode":"all"}`+rate+"}", &made)
	d.id = made.Data.DistributionID
	if err != nil {
		return nil, err
	}
	return d, d.turn(ctx, "pause")
}

// paused measures sends beside the paused distribution.
func (d *distribution) paused(to *side, singles load.Load) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := d.quiet(ctx); err != nil {
			return err
		}
		m, err := d.bench.measure(ctx, to, d.server, singles)
		if err != nil {
			return err
		}
		return failed(m.Outcome)
	}
}

// running measures sends while the distribution runs.
func (d *distribution) running(to *side, singles load.Load) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := d.turn(ctx, "resume"); err != nil {
			return err
		}
		m, err := d.bench.measure(ctx, to, d.server, singles)
		if err != nil {
			return err
		}
		m.round["made"] = m.scrape.sum("messagehub_distribution_messages_total") / m.Elapsed.Seconds()
		status, err := d.status(ctx)
		if err == nil && status != "expanding" {
			err = fmt.Errorf("the distribution is %s before the round is over: give more --contacts than %d", status, d.contacts)
		}
		if err != nil {
			return err
		}
		if err := d.turn(ctx, "pause"); err != nil {
			return err
		}
		return failed(m.Outcome)
	}
}
