package bench

import (
	"context"
	"errors"
	"flag"

	"messagehub/bench/load"
)

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
		return errors.New("give a constant rate with --rate, or ask for a closed loop with --closed")
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
