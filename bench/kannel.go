package bench

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"strings"
	"sync/atomic"

	"messagehub/bench/load"
	"messagehub/bench/stats"
)

// kannel compares the relay with Kannel, a gateway for SMS, in turn: the relay
// as in deliver, Kannel from an HTTP request to an HTTP provider that counts,
// every message in its spool before the answer. Kannel gets no receipts.
type kannel struct {
	deliver
	connections int
	pending     int
	spool       string
}

// Flags implements [Scenario]. What they are by themselves is what Kannel
// 1.4.5 was fastest with.
func (s *kannel) Flags(f *flag.FlagSet) {
	s.deliver.Flags(f)
	f.IntVar(&s.connections, "kannel-connections", 32, "client connections of Kannel")
	f.IntVar(&s.pending, "kannel-pending", 10, "messages that Kannel sends at a time (max-pending-submits)")
	f.StringVar(&s.spool, "kannel-spool", "", "directory for Kannel's spool, if not that of --dir")
}

// Run implements [Scenario].
func (s *kannel) Run(ctx context.Context, b *Bench) error {
	spool := cmp.Or(s.spool, b.Dir)
	g, err := b.gateway(ctx, spool, s.pending)
	if err != nil {
		return err
	}
	defer g.close()
	w, err := b.world(ctx, "relay", 1)
	if err != nil {
		return err
	}
	defer w.close()
	b.set("Kannel's connections", fmt.Sprint(s.connections))
	b.set("Kannel's pending submits", fmt.Sprint(s.pending))
	b.set("Kannel's spool", fileSystem(spool))
	b.plan(2 * b.Rounds)
	ours, theirs := b.side("relay"), b.side("Kannel")
	if err := b.rounds(ctx,
		func(ctx context.Context) error { return s.deliver.round(ctx, b, w, ours, 0) },
		func(ctx context.Context) error { return s.round(ctx, b, g, theirs) },
	); err != nil {
		return err
	}
	b.figure("deliver.kannel", stats.Ratios(ours.Values("delivered"), theirs.Values("delivered"))...)
	b.figure("kannel.rate", theirs.Values("delivered")...)
	b.figure("kannel.cpu", stats.Ratios(ours.Values("cpu"), theirs.Values("cpu"))...)
	return w.audit(ctx)
}

// round lasts until the provider has everything that Kannel took.
func (s *kannel) round(ctx context.Context, b *Bench, g *gateway, to *side) error {
	before, err := g.received(ctx)
	if err != nil {
		return err
	}
	cpu, err := g.cpu()
	if err != nil {
		return err
	}
	requests := sendsms(g.target.Host)
	m, err := b.measure(ctx, to, g.server, load.Load{Target: g.target, Sources: []load.Source{{
		Requests: requests, Connections: s.connections,
	}}})
	if err != nil {
		return err
	}
	if err := failed(m.Outcome); err != nil {
		return fmt.Errorf("load Kannel: %w", err)
	}
	last, err := g.settle(ctx, before+requests.sent.Load())
	if err != nil {
		return err
	}
	used, err := g.cpu()
	if err != nil {
		return err
	}
	n := float64(requests.sent.Load())
	m.round["delivered"] = n / last.Sub(m.Began).Seconds()
	m.round["cpu"] = (used - cpu).Seconds() / n
	b.view.Say(fmt.Sprintf("%s: %.0f delivered a second, %.0f µs of CPU each", to.Name, m.round["delivered"], 1e6*m.round["cpu"]))
	return nil
}

// sendsms makes requests of Kannel's HTTP interface: a text of 140 bytes, one
// part of an SMS.
func sendsms(host string) *numbered {
	const path = "/cgi-bin/sendsms?username=bench&password=bench&from=15005550006&to=919"
	text := strings.ReplaceAll(load.Text(0)[load.RefDigits+1:load.RefDigits+141], " ", "+")
	head := "GET " + path
	return &numbered{
		bytes: []byte(head + "000000000&text=" + text + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n"), at: len(head), sent: new(atomic.Int64),
	}
}

// numbered is requests that differ in nine digits.
type numbered struct {
	bytes []byte
	at    int
	sent  *atomic.Int64 // by all clones
}

// Each implements [load.Requests]: answers hold no ids.
func (r *numbered) Each() int { return 0 }

// Clone implements [load.Requests].
func (r *numbered) Clone() load.Requests {
	return &numbered{append([]byte(nil), r.bytes...), r.at, r.sent}
}

// Next implements [load.Requests].
func (r *numbered) Next(uint64, uint64) []byte {
	r.sent.Add(1)
	for i := r.at + 8; i >= r.at; i-- {
		if r.bytes[i]++; r.bytes[i] <= '9' {
			break
		}
		r.bytes[i] = '0'
	}
	return r.bytes
}
