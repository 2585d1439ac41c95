package bench

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"sync"
	"text/tabwriter"
	"time"
)

// Overload offers a relay more than it can take, half of it from one greedy
// workspace, and measures what is left for the others.
type Overload struct {
	Target *url.URL
	// Greedy and Others are keys of different workspaces. The greedy one's tier
	// is its fair share; the others' tiers are not the limit.
	Greedy      string
	Others      []string
	Connections int // of all together
	Each        time.Duration
	Factors     []float64
}

// Level is what came of one factor of overload.
type Level struct {
	Factor      float64 `json:"factor"`
	Offered     float64 `json:"offeredPerSecond"`
	Goodput     float64 `json:"acceptedPerSecond"`
	OfPeak      float64 `json:"shareOfPeak"`
	Refused     int64   `json:"refused"`
	NoRetry     int64   `json:"refusedWithoutRetryAfter"`
	Other       int64   `json:"otherAnswers"`
	Broken      int64   `json:"brokenConnections"`
	OthersP99   int64   `json:"othersAcceptedP99us"`
	RefusalP99  int64   `json:"refusalP99us"`
	WithheldPct float64 `json:"withheldPercent"` // due while every connection was held back
}

// OverloadReport is the outcome of Overload.
type OverloadReport struct {
	Peak      float64 `json:"peakPerSecond"`
	AloneP99  int64   `json:"othersAloneP99us"`
	Levels    []Level `json:"levels"`
	AfterP99  int64   `json:"othersAfterP99us"`
	AfterRate float64 `json:"othersAfterPerSecond"`
	AloneRate float64 `json:"othersAlonePerSecond"`
}

// patience is how long a due request waits for a free connection before the
// generator withholds it, as a client with a deadline would.
const patience = 50 * time.Millisecond

// Run measures, telling its progress to w.
func (o *Overload) Run(ctx context.Context, w io.Writer) (*OverloadReport, error) {
	peak, err := o.load(ctx, o.Others, 0)
	if err != nil {
		return nil, err
	}
	out := &OverloadReport{Peak: peak.Rate()}
	fmt.Fprintf(w, "peak %.0f/s\n", out.Peak)
	alone, err := o.load(ctx, o.Others, out.Peak/2)
	if err != nil {
		return nil, err
	}
	out.AloneP99, out.AloneRate = alone.Latency.ValueAtQuantile(99), alone.Rate()
	fmt.Fprintf(w, "others alone at half of the peak: p99 %.2f ms\n", ms(out.AloneP99))
	for _, factor := range o.Factors {
		level, err := o.level(ctx, factor, out.Peak)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(w, "%g x: accepted %.0f/s\n", factor, level.Goodput)
		out.Levels = append(out.Levels, level)
	}
	time.Sleep(5 * time.Second)
	after, err := o.load(ctx, o.Others, out.Peak/2)
	if err != nil {
		return nil, err
	}
	out.AfterP99, out.AfterRate = after.Latency.ValueAtQuantile(99), after.Rate()
	return out, nil
}

func ms(us int64) float64 { return float64(us) / 1000 }

// level offers factor times the peak: half from the greedy workspace, half
// from the others.
func (o *Overload) level(ctx context.Context, factor, peak float64) (Level, error) {
	var greedy, others *Result
	var err1, err2 error
	var wg sync.WaitGroup
	half := factor * peak / 2
	wg.Go(func() { greedy, err1 = o.load(ctx, []string{o.Greedy}, half) })
	wg.Go(func() { others, err2 = o.load(ctx, o.Others, half) })
	wg.Wait()
	if err1 != nil || err2 != nil {
		return Level{}, fmt.Errorf("load: %w", cmpErr(err1, err2))
	}
	both := newResult()
	both.Elapsed = greedy.Elapsed
	both.add(greedy)
	both.add(others)
	return Level{
		Factor: factor, Offered: factor * peak, Goodput: both.Rate(), OfPeak: both.Rate() / peak,
		Refused: both.Refused, NoRetry: both.NoRetry, Other: both.Other, Broken: both.Broken,
		OthersP99: others.Latency.ValueAtQuantile(99), RefusalP99: both.Refusal.ValueAtQuantile(99),
		WithheldPct: 100 * float64(both.Withheld) / max(float64(both.scheduled+both.Withheld), 1),
	}, nil
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// load puts perSecond (0: as fast as it goes) on the relay from the keys.
func (o *Overload) load(ctx context.Context, keys []string, perSecond float64) (*Result, error) {
	total := newResult()
	total.Elapsed = o.Each
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	for i, key := range keys {
		l := Load{
			Target: o.Target, Key: key, Channel: "whatsapp", Connections: max(o.Connections/2/len(keys), 1),
			Duration: o.Each, Warmup: time.Second, PerSecond: perSecond / float64(len(keys)), Patience: patience,
			First: uint64(i) * 10_000_000,
		}
		wg.Go(func() {
			r, err := l.Run(ctx)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = err
				return
			}
			total.add(r)
		})
	}
	wg.Wait()
	return total, failed
}

// Print writes the report as a table for people.
func (r *OverloadReport) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\toffered/s\taccepted/s\tof peak\tothers' p99 ms\tof alone\trefused\twithout Retry-After\trefusal p99 ms\twithheld %%\tother\tbroken\t\n")
	fmt.Fprintf(t, "peak\t\t%.0f\t1.00\t\t\t\t\t\t\t\t\t\n", r.Peak)
	fmt.Fprintf(t, "alone\t%.0f\t%.0f\t\t%.2f\t1.00\t\t\t\t\t\t\t\n", r.Peak/2, r.AloneRate, ms(r.AloneP99))
	for _, l := range r.Levels {
		fmt.Fprintf(t, "%g x\t%.0f\t%.0f\t%.2f\t%.2f\t%.2f\t%d\t%d\t%.2f\t%.0f\t%d\t%d\t\n", l.Factor, l.Offered, l.Goodput, l.OfPeak,
			ms(l.OthersP99), float64(l.OthersP99)/float64(r.AloneP99), l.Refused, l.NoRetry, ms(l.RefusalP99), l.WithheldPct, l.Other, l.Broken)
	}
	fmt.Fprintf(t, "5 s after\t%.0f\t%.0f\t\t%.2f\t%.2f\t\t\t\t\t\t\t\n", r.Peak/2, r.AfterRate, ms(r.AfterP99), float64(r.AfterP99)/float64(r.AloneP99))
	return t.Flush()
}
