package bench

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	"messagehub/bench/load"
	"messagehub/bench/result"
	"messagehub/store/message"
)

// overload offers a relay more than it can take, half of it from one greedy
// workspace, and measures what is left for the others.
//
// The greedy workspace has the enterprise tier; the others have none, so what
// they are refused is refused by the server's own bounds.
type overload struct {
	others  int
	factors string
	pause   time.Duration
	clients []load.Source
	greedy  load.Source
}

// patience is how long a due request waits for a free connection before the
// generator withholds it, as a client with a deadline would.
const patience = 50 * time.Millisecond

// Flags implements [Scenario].
func (s *overload) Flags(f *flag.FlagSet) {
	f.IntVar(&s.others, "others", 8, "workspaces beside the greedy one")
	f.StringVar(&s.factors, "factors", "2,5,10", "multiples of the peak")
	f.DurationVar(&s.pause, "pause", 5*time.Second, "between the end of the overload and the last look")
}

// Run implements [Scenario].
func (s *overload) Run(ctx context.Context, b *Bench) error {
	factors, err := parseFactors(s.factors)
	if err != nil {
		return err
	}
	relay, err := b.relay(ctx, "relay")
	if err != nil {
		return err
	}
	defer relay.stop()
	if err := s.keys(b, relay); err != nil {
		return err
	}
	b.plan(3 + len(factors))
	if err := s.measure(ctx, b, relay, factors); err != nil {
		return err
	}
	return b.audit(ctx, relay)
}

func parseFactors(text string) ([]float64, error) {
	var out []float64
	for part := range strings.SplitSeq(text, ",") {
		f, err := strconv.ParseFloat(part, 64)
		if err != nil || !(f > 0 && f <= 1000) {
			return nil, fmt.Errorf("factor %q: give multiples such as 2,5,10", part)
		}
		out = append(out, f)
	}
	return out, nil
}

func (s *overload) keys(b *Bench, relay *server) error {
	key, err := b.client(relay, "greedy", message.TierEnterprise, true)
	if err != nil {
		return err
	}
	s.greedy = load.Source{
		Requests: load.Send(relay.target, key, load.Message{Channel: "sms"}), Connections: b.pool(2), Group: noisyGroup, Patience: patience,
	}
	for i := range s.others {
		key, err := b.client(relay, "other-"+strconv.Itoa(i), unlimited, true)
		if err != nil {
			return err
		}
		s.clients = append(s.clients, load.Source{
			Requests: load.Send(relay.target, key, load.Message{Channel: "sms"}), Connections: b.pool(2 * s.others), Group: othersGroup, Patience: patience,
		})
	}
	return nil
}

// sources are the others at a rate, with the greedy one beside them if it has
// a rate, too.
func (s *overload) sources(others, greedy float64) []load.Source {
	var out []load.Source
	for _, c := range s.clients {
		c.PerSecond = others / float64(len(s.clients))
		if others == 0 {
			c.Patience = 0
		}
		out = append(out, c)
	}
	if greedy > 0 {
		g := s.greedy
		g.PerSecond = greedy
		out = append(out, g)
	}
	return out
}

func (s *overload) measure(ctx context.Context, b *Bench, relay *server, factors []float64) error {
	peak := b.side("peak, closed loop")
	alone, after := b.side("others alone at half of it"), b.side("others after the overload")
	if err := b.victims(peak, relay, s.sources(0, 0))(ctx); err != nil {
		return err
	}
	top := peak.Median("rate")
	if err := b.victims(alone, relay, s.sources(top/2, 0))(ctx); err != nil {
		return err
	}
	table := &result.Table{Head: strings.Split("offered,accepted/s,of peak,others' p99 ms,of alone,refused,without Retry-After,refusal p99 ms,withheld %", ",")}
	for _, factor := range factors {
		to := b.side(fmt.Sprintf("%g × the peak", factor))
		m, err := b.measure(ctx, to, relay, load.Load{Target: relay.target, Sources: s.sources(factor*top/2, factor*top/2)})
		if err != nil {
			return err
		}
		to.only(m, othersGroup)
		table.Rows = append(table.Rows, levelRow(factor, m, top, alone.Median("p99")))
		b.figure(fmt.Sprintf("overload.%g.goodput", factor), m.round["rate"]/top)
		b.figure(fmt.Sprintf("overload.%g.p99", factor), m.round["p99"]/alone.Median("p99"))
	}
	b.result.Table = table
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(s.pause):
	}
	if err := b.victims(after, relay, s.sources(top/2, 0))(ctx); err != nil {
		return err
	}
	b.figure("overload.after", after.Median("p99")/alone.Median("p99"))
	return nil
}

func levelRow(factor float64, m *measured, peak, alone float64) []string {
	all := m.All()
	asked := float64(all.Requests + all.Broken + all.Withheld)
	return []string{
		fmt.Sprintf("%g ×", factor), fmt.Sprintf("%.0f", m.round["rate"]), fmt.Sprintf("%.2f", m.round["rate"]/peak),
		fmt.Sprintf("%.2f", 1e3*m.round["p99"]), fmt.Sprintf("%.2f", m.round["p99"]/alone),
		fmt.Sprint(all.Refused), fmt.Sprint(all.NoRetry), fmt.Sprintf("%.2f", float64(all.Refusal.ValueAtQuantile(99))/1e3),
		fmt.Sprintf("%.0f", 100*float64(all.Withheld)/max(asked, 1)),
	}
}
