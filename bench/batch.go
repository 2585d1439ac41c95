package bench

import (
	"context"
	"flag"
	"strconv"
	"time"

	"messagehub/bench/load"
	"messagehub/bench/stats"
)

// batch compares batches with single sends on the same relay, in alternating
// rounds, and in each sends some requests as large as they may be.
type batch struct{ size, connections int }

const (
	maxLines = 10_000 // messages of one request
	// largeRequests are made in each round, one after the other, within largeTime.
	largeRequests = 3
	largeTime     = time.Minute
)

// Flags implements [Scenario].
func (s *batch) Flags(f *flag.FlagSet) {
	f.IntVar(&s.size, "size", 1000, "messages of a batch")
	f.IntVar(&s.connections, "batch-connections", 8, "connections that send batches")
}

// Run implements [Scenario].
func (s *batch) Run(ctx context.Context, b *Bench) error {
	relay, err := b.relay(ctx, "relay")
	if err != nil {
		return err
	}
	defer relay.stop()
	b.set("messages of a batch", strconv.Itoa(s.size))
	if err := b.warm(ctx, relay, b.single(relay, 0)); err != nil {
		return err
	}
	b.plan(3 * b.Rounds)
	batches, singles := b.side("batches"), b.side("single sends")
	large := b.side("10,000 messages as NDJSON in one request")
	round := func(to *side, l load.Load) func(context.Context) error {
		return func(ctx context.Context) error {
			m, err := b.measure(ctx, to, relay, l)
			if err != nil {
				return err
			}
			return failed(m.Outcome)
		}
	}
	many := load.Load{Target: relay.target, Sources: []load.Source{{
		Requests: load.Batch(relay.target, relay.key, load.Message{Channel: "sms"}, s.size), Connections: s.connections,
	}}}
	lines := func(ctx context.Context) error {
		m, err := b.measure(ctx, large, relay, load.Load{Target: relay.target, Duration: largeTime, Sources: []load.Source{{
			Requests: &load.Some{Requests: load.Lines(relay.target, relay.key, load.Message{Channel: "sms"}, maxLines), Left: largeRequests}, Connections: 1, Once: true,
		}}})
		if err != nil {
			return err
		}
		m.round["fsyncs"] = m.scrape.sum("messagehub_commit_seconds_count") / largeRequests
		return failed(m.Outcome)
	}
	if err := b.rounds(ctx, round(batches, many), round(singles, b.single(relay, 0)), lines); err != nil {
		return err
	}
	b.figure("batch.throughput", stats.Ratios(batches.Values("rate"), singles.Values("rate"))...)
	b.figure("batch.lines", large.Values("mean")...)
	b.figure("batch.fsyncs", large.Values("fsyncs")...)
	b.figure("batch.cpu", stats.Ratios(batches.Values("cpu"), singles.Values("cpu"))...)
	return b.audit(ctx, relay)
}
