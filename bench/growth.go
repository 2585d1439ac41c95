package bench

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"sync"

	"messagehub/bench/load"
	"messagehub/bench/stats"
)

// growth compares the CPU per message of relays that differ in one thing: how
// much they hold, how many workspaces and keys they serve, on how many
// connections. All get the same constant rate, so that batches are alike.
type growth struct{ few, many, workspaces, keys, clients int }

// Flags implements [Scenario].
func (s *growth) Flags(f *flag.FlagSet) {
	f.IntVar(&s.few, "few", 100_000, "messages stored in the small relay")
	f.IntVar(&s.many, "stored", 2_000_000, "messages stored in the large one")
	f.IntVar(&s.workspaces, "workspaces", 10_000, "workspaces that send, beside fewWorkspaces of the small relay")
	f.IntVar(&s.keys, "keys", 100_000, "keys of these workspaces, beside one key of the small relay")
	f.IntVar(&s.clients, "clients", 32, "clients that have one or 64 connections each")
}

// fewWorkspaces send to the small relay where many do to another.
const fewWorkspaces = 10

// Run implements [Scenario].
func (s *growth) Run(ctx context.Context, b *Bench) error {
	if s.keys < s.workspaces || s.workspaces < s.clients || s.clients < 1 {
		return fmt.Errorf("%d keys, %d workspaces, %d clients: each workspace needs a key, each client a workspace", s.keys, s.workspaces, s.clients)
	}
	if b.Rate == 0 {
		b.Rate = 10_000
	}
	b.set("rate", strconv.FormatFloat(b.Rate, 'f', -1, 64)+"/s")
	b.set("stored", fmt.Sprintf("%d and %d", s.few, s.many))
	b.set("workspaces", fmt.Sprintf("%d and %d", fewWorkspaces, s.workspaces))
	b.set("keys", fmt.Sprintf("1 and %d", s.keys))
	b.plan(10 * b.Rounds)
	small, err := s.relay(ctx, b, "small", s.few)
	if err != nil {
		return err
	}
	defer small.stop()
	for _, part := range []func(context.Context, *Bench, *server) error{s.stored, s.served} {
		if err := part(ctx, b, small); err != nil {
			return err
		}
	}
	return s.delivered(ctx, b)
}

// stored compares the small relay with one that holds many messages.
func (s *growth) stored(ctx context.Context, b *Bench, small *server) error {
	large, err := s.relay(ctx, b, "large", s.many)
	if err != nil {
		return err
	}
	defer large.stop()
	err = s.compare(ctx, b, "growth.stored",
		b.accepting(fmt.Sprintf("%d stored", s.many), large, b.single(large, b.Rate)),
		b.accepting(fmt.Sprintf("%d stored", s.few), small, b.single(small, b.Rate)))
	if err != nil {
		return err
	}
	return b.audit(ctx, large)
}

// served compares the small relay with one that has many workspaces and keys.
func (s *growth) served(ctx context.Context, b *Bench, small *server) error {
	wide, err := s.relay(ctx, b, "wide", s.few)
	if err != nil {
		return err
	}
	defer wide.stop()
	b.view.Say(fmt.Sprintf("making %d workspaces with %d keys", s.workspaces, s.keys))
	many, err := b.clients(ctx, wide, s.workspaces, s.keys)
	if err != nil {
		return err
	}
	few, err := b.clients(ctx, small, fewWorkspaces, fewWorkspaces)
	if err != nil {
		return err
	}
	err = s.compare(ctx, b, "growth.workspaces",
		b.accepting(fmt.Sprintf("%d workspaces", s.workspaces), wide, b.together(wide, many[:s.workspaces])),
		b.accepting(fmt.Sprintf("%d workspaces", fewWorkspaces), small, b.together(small, few)))
	if err != nil {
		return err
	}
	err = s.compare(ctx, b, "growth.keys",
		b.accepting(fmt.Sprintf("%d keys", s.keys), wide, b.together(wide, many)),
		b.accepting("1 key", small, b.together(small, few[:1])))
	if err != nil {
		return err
	}
	err = s.compare(ctx, b, "growth.connections",
		b.accepting("64 connections a client", wide, b.apart(wide, many[:s.clients], 64)),
		b.accepting("1 connection a client", wide, b.apart(wide, many[:s.clients], 1)))
	if err != nil {
		return err
	}
	if err := b.audit(ctx, wide); err != nil {
		return err
	}
	return b.audit(ctx, small)
}

// deliveredShare is the rate of messages that are delivered as well: a message's
// whole way costs several times what it costs to accept it.
const deliveredShare = 0.1

// delivered compares relays that hold few and many messages over the whole way
// of a message, to its last event.
func (s *growth) delivered(ctx context.Context, b *Bench) error {
	b.set("rate of delivered messages", strconv.FormatFloat(b.Rate*deliveredShare, 'f', -1, 64)+"/s")
	var pair [2]variant
	var worlds []*world
	names := []string{"delivering-many", "delivering-few"}
	for i, stored := range []int{s.many, s.few} {
		on, err := b.base(ctx, stored)
		if err != nil {
			return err
		}
		w, err := b.worldOn(ctx, names[i], 1, on)
		if err != nil {
			return err
		}
		defer w.close()
		worlds = append(worlds, w)
		pair[i] = b.delivering(fmt.Sprintf("delivered, %d stored", stored), w, b.single(w.server, b.Rate*deliveredShare))
	}
	if err := s.compare(ctx, b, "growth.delivered", pair[0], pair[1]); err != nil {
		return err
	}
	for _, w := range worlds {
		if _, err := w.settle(ctx, scrape{}, float64(len(w.promised))); err != nil {
			return err
		}
		if err := w.audit(ctx); err != nil {
			return err
		}
	}
	return nil
}

// relay is a relay that holds so many messages.
func (s *growth) relay(ctx context.Context, b *Bench, name string, stored int) (*server, error) {
	on, err := b.base(ctx, stored)
	if err != nil {
		return nil, err
	}
	return b.relayOn(ctx, name, on)
}

// makers is how many accounts are made at once.
const makers = 64

// clients makes workspaces, and keys that they share in turn: the first of each
// workspace come first.
func (b *Bench) clients(ctx context.Context, srv *server, workspaces, keys int) ([]string, error) {
	name := func(i int) string { return "client-" + strconv.Itoa(i%workspaces) }
	err := atOnce(ctx, makers, workspaces, func(i int) error { return b.Admin.CreateWorkspace(srv.dir, name(i), unlimited) })
	if err != nil {
		return nil, err
	}
	made := make([]string, keys)
	err = atOnce(ctx, makers, keys, func(i int) (err error) {
		made[i], err = b.Admin.CreateKey(srv.dir, name(i), true)
		return err
	})
	srv.keys = append(srv.keys, made[:min(workspaces, keys)]...)
	return made, err
}

// atOnce does n things, up to so many at once, until one fails.
func atOnce(ctx context.Context, most, n int, do func(i int) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	for k := range most {
		wg.Go(func() {
			for i := k; i < n && ctx.Err() == nil; i += most {
				if err := do(i); err != nil {
					stop(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// together is the rate of clients that share all connections.
func (b *Bench) together(s *server, keys []string) load.Load {
	return load.Load{Target: s.target, Sources: []load.Source{{
		Requests: load.SendOf(s.target, keys, load.Message{Channel: "sms"}), PerSecond: b.Rate, Connections: b.Connections,
	}}}
}

// apart is the same rate of clients that have connections of their own.
func (b *Bench) apart(s *server, keys []string, connections int) load.Load {
	l := load.Load{Target: s.target}
	for _, key := range keys {
		l.Sources = append(l.Sources, load.Source{
			Requests:  load.Send(s.target, key, load.Message{Channel: "sms"}),
			PerSecond: b.Rate / float64(len(keys)), Connections: connections,
		})
	}
	return l
}

// variant is one of the two things compared.
type variant struct {
	name    string
	srv     *server
	load    load.Load
	measure func(context.Context, *side) (*measured, error)
}

// accepting measures what it costs to accept.
func (b *Bench) accepting(name string, srv *server, l load.Load) variant {
	return variant{name, srv, l, func(ctx context.Context, to *side) (*measured, error) { return b.measure(ctx, to, srv, l) }}
}

// delivering measures what the whole way costs.
func (b *Bench) delivering(name string, w *world, l load.Load) variant {
	return variant{name, w.server, l, func(ctx context.Context, to *side) (*measured, error) { return b.delivered(ctx, w, to, l) }}
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
			m, err := v.measure(ctx, to)
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
