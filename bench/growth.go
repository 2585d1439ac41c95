package bench

import (
	"context"
	"flag"
	"strconv"

	"messagehub/bench/load"
	"messagehub/bench/stats"
)

// growth compares the CPU per message of relays that differ in one thing: how
// much they hold, how many workspaces and keys they serve, on how many
// connections. All get the same constant rate, so that batches are alike.
type growth struct{ few, many, workspaces, clients int }

// Flags implements [Scenario].
func (s *growth) Flags(f *flag.FlagSet) {
	f.IntVar(&s.few, "few", 100_000, "messages stored in the small relay")
	f.IntVar(&s.many, "stored", 2_000_000, "messages stored in the large one")
	f.IntVar(&s.workspaces, "workspaces", 1000, "workspaces, each with a key of its own, in the one with many")
	f.IntVar(&s.clients, "clients", 32, "clients that have one or 64 connections each")
}

// Run implements [Scenario].
func (s *growth) Run(ctx context.Context, b *Bench) error {
	if b.Rate == 0 {
		b.Rate = 4000
	}
	b.set("rate", strconv.FormatFloat(b.Rate, 'f', -1, 64)+"/s")
	b.set("stored", strconv.Itoa(s.few)+" and "+strconv.Itoa(s.many))
	small, err := s.filled(ctx, b, "small", s.few)
	if err != nil {
		return err
	}
	defer small.stop()
	large, err := s.filled(ctx, b, "large", s.many)
	if err != nil {
		return err
	}
	defer large.stop()
	b.plan(6 * b.Rounds)
	if err := s.compare(ctx, b, "growth.stored",
		variant{strconv.Itoa(s.many) + " stored", large, b.single(large, b.Rate)},
		variant{strconv.Itoa(s.few) + " stored", small, b.single(small, b.Rate)}); err != nil {
		return err
	}
	wide, err := s.spread(b, small, s.workspaces, 1)
	if err != nil {
		return err
	}
	one := b.single(small, b.Rate)
	one.Sources[0].Connections = s.workspaces
	if err := s.compare(ctx, b, "growth.keys",
		variant{strconv.Itoa(s.workspaces) + " workspaces", small, wide}, variant{"one workspace", small, one}); err != nil {
		return err
	}
	if err := s.compare(ctx, b, "growth.connections",
		variant{"64 connections a client", small, s.clientsOf(wide, 64)}, variant{"1 connection a client", small, s.clientsOf(wide, 1)}); err != nil {
		return err
	}
	return b.audit(ctx, small)
}

// filled is a relay that holds n messages in the workspace of its key.
func (s *growth) filled(ctx context.Context, b *Bench, name string, n int) (*server, error) {
	srv, err := b.relay(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := srv.stop(); err != nil {
		return nil, err
	}
	if _, err := b.fill(ctx, srv.dir, filling{stored: n, test: true, first: b.numbers()}); err != nil {
		return nil, err
	}
	srv.unanswered += int64(n)
	return srv, b.startPaused(ctx, srv)
}

// spread is the rate split among n workspaces of their own.
func (s *growth) spread(b *Bench, srv *server, n, connections int) (load.Load, error) {
	l := load.Load{Target: srv.target}
	for i := range n {
		key, err := b.client(srv, "workspace-"+strconv.Itoa(i), unlimited, true)
		if err != nil {
			return l, err
		}
		l.Sources = append(l.Sources, load.Source{
			Requests: load.Send(srv.target, key, load.Message{Channel: "sms"}), PerSecond: b.Rate / float64(n), Connections: connections,
		})
	}
	return l, nil
}

// clientsOf are some of a load's clients, at the same rate in all, with other
// numbers of connections.
func (s *growth) clientsOf(l load.Load, connections int) load.Load {
	n := min(s.clients, len(l.Sources))
	rate := l.PerSecond()
	l.Sources = append([]load.Source(nil), l.Sources[:n]...)
	for i := range l.Sources {
		l.Sources[i].Connections, l.Sources[i].PerSecond = connections, rate/float64(n)
	}
	return l
}

// variant is one of the two things compared.
type variant struct {
	name string
	srv  *server
	load load.Load
}

func (s *growth) compare(ctx context.Context, b *Bench, id string, a, z variant) error {
	var sides []*side
	var rounds []func(context.Context) error
	for _, v := range []variant{a, z} {
		to := b.side(v.name)
		sides = append(sides, to)
		if err := b.warm(ctx, v.srv, v.load); err != nil {
			return err
		}
		rounds = append(rounds, func(ctx context.Context) error {
			m, err := b.measure(ctx, to, v.srv, v.load)
			if err != nil {
				return err
			}
			return failed(m.Outcome)
		})
	}
	if err := b.rounds(ctx, rounds...); err != nil {
		return err
	}
	b.figure(id, stats.Ratios(sides[0].Values("cpu"), sides[1].Values("cpu"))...)
	return nil
}
