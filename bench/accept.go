package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// Accept compares durable 202s with a bare server, alternating between the
// two so that a noisy machine troubles both alike.
type Accept struct {
	// Binary is the relay's own executable.
	Binary      string
	Dir         string // for the relay's data, on the disk to be measured
	Connections int
	Rounds      int
	Each        time.Duration
}

// Round is one side's figures of one round.
type Round struct {
	PerSecond float64       `json:"perSecond"`
	CPU       time.Duration `json:"cpuPerRequest"` // of the server, user and system, nanoseconds
	P50       int64         `json:"p50us"`
	P99       int64         `json:"p99us"`
}

// Comparison is the outcome of Accept.
type Comparison struct {
	Relay      []Round `json:"relay"`
	Bare       []Round `json:"bare"`
	Throughput float64 `json:"throughputRatio"` // relay over bare, median of the rounds' ratios
	CPU        float64 `json:"cpuRatio"`
}

// Run measures, telling its progress to w.
func (a Accept) Run(ctx context.Context, w io.Writer) (*Comparison, error) {
	dir, err := os.MkdirTemp(a.Dir, "accept")
	if err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	defer os.RemoveAll(dir)
	relay, err := startRelay(ctx, a.Binary, dir)
	if err != nil {
		return nil, err
	}
	defer relay.process.stop()
	bare, err := startBare(ctx, a.Binary)
	if err != nil {
		return nil, err
	}
	defer bare.process.stop()
	out := &Comparison{}
	for i := range a.Rounds {
		fmt.Fprintf(w, "round %d of %d: ", i+1, a.Rounds)
		r, err := a.round(ctx, relay)
		if err != nil {
			return nil, fmt.Errorf("relay: %w", err)
		}
		b, err := a.round(ctx, bare)
		if err != nil {
			return nil, fmt.Errorf("bare server: %w", err)
		}
		fmt.Fprintf(w, "relay %.0f/s, bare %.0f/s, ratio %.2f, CPU ratio %.2f\n", r.PerSecond, b.PerSecond, r.PerSecond/b.PerSecond, float64(r.CPU)/float64(b.CPU))
		out.Relay, out.Bare = append(out.Relay, r), append(out.Bare, b)
	}
	out.conclude()
	return out, nil
}

func (c *Comparison) conclude() {
	var rate, cpu []float64
	for i := range c.Relay {
		rate = append(rate, c.Relay[i].PerSecond/c.Bare[i].PerSecond)
		cpu = append(cpu, float64(c.Relay[i].CPU)/float64(c.Bare[i].CPU))
	}
	c.Throughput, c.CPU = median(rate), median(cpu)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}

// round puts the load on one server and books its CPU time.
func (a Accept) round(ctx context.Context, s *server) (Round, error) {
	before, err := s.process.cpu()
	if err != nil {
		return Round{}, err
	}
	load := Load{Target: s.target, Key: s.key, Channel: "whatsapp", Connections: a.Connections, Duration: a.Each, First: s.sent}
	r, err := load.Run(ctx)
	if err != nil {
		return Round{}, err
	}
	after, err := s.process.cpu()
	if err != nil {
		return Round{}, err
	}
	if r.Accepted == 0 || r.Accepted != r.Requests || r.Broken > 0 {
		return Round{}, fmt.Errorf("not every request was accepted: %v, %d broken", r.Statuses(), r.Broken)
	}
	s.sent += uint64(r.Requests) + uint64(a.Connections)
	return Round{
		PerSecond: r.Rate(), CPU: (after - before) / time.Duration(r.Accepted),
		P50: r.Latency.ValueAtQuantile(50), P99: r.Latency.ValueAtQuantile(99),
	}, nil
}

// Print writes the comparison as a table for people.
func (c *Comparison) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\taccepted/s\tCPU µs/request\tp50 ms\tp99 ms\t\n")
	for _, side := range []struct {
		name   string
		rounds []Round
	}{{"relay, fsync on", c.Relay}, {"bare fasthttp", c.Bare}} {
		m := medians(side.rounds)
		fmt.Fprintf(t, "%s\t%.0f\t%.1f\t%.2f\t%.2f\t\n", side.name, m.PerSecond, float64(m.CPU)/1000, float64(m.P50)/1000, float64(m.P99)/1000)
	}
	fmt.Fprintf(t, "ratio\t%.2f\t%.2f\t\t\t\n", c.Throughput, c.CPU)
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "medians of %d alternating rounds, closed loop, %d CPUs shared by generator and server, %s\n", len(c.Relay), runtime.NumCPU(), runtime.Version())
	return err
}

func medians(rounds []Round) Round {
	var rate, cpu, p50, p99 []float64
	for _, r := range rounds {
		rate, cpu = append(rate, r.PerSecond), append(cpu, float64(r.CPU))
		p50, p99 = append(p50, float64(r.P50)), append(p99, float64(r.P99))
	}
	return Round{median(rate), time.Duration(median(cpu)), int64(median(p50)), int64(median(p99))}
}
