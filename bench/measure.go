package bench

import (
	"context"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"messagehub/bench/load"
	"messagehub/bench/result"
)

// side is a side of the result while it is measured.
type side struct {
	*result.Side
	latency *hdrhistogram.Histogram
	at      float64 // seconds measured so far
}

// measured is what one round of a side came to.
type measured struct {
	*load.Outcome
	round  result.Round
	cpu    time.Duration // of the server
	scrape scrape        // what the server counted during the round
}

// measure puts one round of load on a server and books it with the side.
func (b *Bench) measure(ctx context.Context, s *side, srv *server, l load.Load) (*measured, error) {
	if l.Duration == 0 {
		l.Duration = b.Each
	}
	if l.First == 0 {
		l.First = b.numbers()
	}
	b.steps++
	b.view.Step(Step{Name: s.Name, N: b.steps, Of: max(b.of, b.steps), Length: l.Duration, Since: time.Since(b.began)})
	watch, err := srv.watch(ctx)
	if err != nil {
		return nil, err
	}
	l.Observe = func(i load.Interval) { b.view.Interval(i, watch.backlog()) }
	out, err := l.Run(ctx)
	seen, watchErr := watch.end(ctx)
	if err != nil {
		return nil, err
	}
	if watchErr != nil {
		return nil, watchErr
	}
	srv.promised = append(srv.promised, out.Promises...)
	srv.unanswered += out.Unanswered
	m := &measured{Outcome: out, round: roundOf(out, seen), cpu: seen.cpu, scrape: seen.total}
	s.book(m, seen)
	return m, nil
}

// roundOf makes a round's values.
func roundOf(out *load.Outcome, seen *sighting) result.Round {
	all := out.All()
	messages := float64(max(all.Accepted, 1))
	r := result.Round{
		"messages": float64(all.Accepted), "rate": float64(all.Accepted) / out.Elapsed.Seconds(), "errors": all.Errors(),
		"mean": all.Latency.Mean() / 1e6, "max": float64(all.Latency.Max()) / 1e6, "generator-cpu": out.Generator.CPU,
	}
	for name, q := range quantiles() {
		r[name] = float64(all.Latency.ValueAtQuantile(q)) / 1e6
	}
	if out.Generator.Open {
		r["offered"], r["lag-p99"] = out.Generator.Offered, out.Generator.LagP99.Seconds()
		r["late"], r["waited"] = out.Generator.Late, out.Generator.Waited
		r["withheld"] = float64(all.Withheld) / max(float64(all.Requests+all.Broken+all.Withheld), 1)
	}
	if seen.cpu > 0 {
		r["cpu"] = seen.cpu.Seconds() / messages
	}
	if n, ok := seen.total[mallocs]; ok {
		r["allocs"] = max(n, 0) / messages
	}
	return r
}

func quantiles() map[string]float64 {
	return map[string]float64{"p50": 50, "p90": 90, "p99": 99, "p99.9": 99.9}
}

func (s *side) book(m *measured, seen *sighting) {
	if s.Loop = "closed"; m.Generator.Open {
		s.Loop = "open"
	}
	s.Rounds = append(s.Rounds, m.round)
	s.latency.Merge(m.All().Latency)
	_ = s.SetLatency(s.latency)
	for _, i := range m.Intervals {
		p := seen.at(i.At)
		p.At = s.at + i.At.Seconds()
		p.Rate = float64(i.Accepted) / load.IntervalLength.Seconds()
		p.Errors = float64(i.Errors) / load.IntervalLength.Seconds()
		p.P50, p.P99 = i.P50.Seconds(), i.P99.Seconds()
		s.Points = append(s.Points, p)
	}
	s.at += m.Elapsed.Seconds()
	if st := stages(seen.total); len(st) > 0 {
		s.Stages = st
	}
}

// limits notes of every side whether the generator was its limit, and whether
// the server kept the rate.
func (b *Bench) limits() {
	for _, s := range b.result.Sides {
		if share := s.Median("withheld"); share > 0.005 {
			b.note("%s: the server did not keep this rate: %.1f %% of the requests were due and never found a free connection", s.Name, 100*share)
		}
		g := load.Generator{
			Open: s.Loop == "open", CPU: s.Median("generator-cpu"), Late: s.Median("late"), Waited: s.Median("waited"),
			LagP99: time.Duration(s.Median("lag-p99") * float64(time.Second)),
		}
		for _, limit := range g.Limits() {
			b.note("%s: %s", s.Name, limit)
		}
	}
}

// warm puts load on a server that nobody counts: connections, caches and the
// log's first segments are there afterwards.
func (b *Bench) warm(ctx context.Context, srv *server, l load.Load) error {
	if b.Warmup == 0 {
		return nil
	}
	b.view.Say("warming up " + srv.name)
	l.Duration, l.First = b.Warmup, b.numbers()
	out, err := l.Run(ctx)
	if err != nil {
		return err
	}
	srv.promised = append(srv.promised, out.Promises...)
	srv.unanswered += out.Unanswered
	return nil
}

// stages breaks a message's way down by the server's own histograms. Means
// add up: what is left between two of them is the stage between.
func stages(s scrape) []result.Stage {
	accept, commit := s.histogram("messagehub_accept_seconds"), s.histogram("messagehub_commit_seconds")
	provider, sent, delivered := s.histogram("messagehub_provider_seconds"), s.histogram("messagehub_time_to_sent_seconds"), s.histogram("messagehub_time_to_delivered_seconds")
	var out []result.Stage
	add := func(name string, count, mean, p99 float64) {
		if count > 0 {
			out = append(out, result.Stage{Name: name, Count: int64(count), Mean: max(mean, 0), P99: p99})
		}
	}
	add("accept", accept.count, accept.mean(), accept.quantile(0.99))
	add("fsync", commit.count, commit.mean(), commit.quantile(0.99))
	add("queue", sent.count, sent.mean()-provider.mean(), 0)
	add("provider", provider.count, provider.mean(), provider.quantile(0.99))
	if sent.count > 0 {
		add("receipt", delivered.count, delivered.mean()-sent.mean(), 0)
	}
	return out
}
