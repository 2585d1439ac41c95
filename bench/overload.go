package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"messagehub/store/message"
)

// Overload offers a relay more than it can take, half of it from one greedy
// workspace, and measures what is left for the others.
//
// The greedy workspace has the enterprise tier; the others have none, so what
// they are refused is refused by the server's own bounds.
type Overload struct {
	// Binary is the relay's own executable.
	Binary      string
	Dir         string // for the relay's data, on the disk to be measured
	Others      int    // workspaces beside the greedy one
	Connections int    // of all together
	Each        time.Duration
	Factors     []float64

	target *url.URL
	greedy string   // key
	others []string // keys
	first  atomic.Uint64
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
	dir, err := os.MkdirTemp(o.Dir, "overload")
	if err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	defer os.RemoveAll(dir)
	relay, err := startRelay(ctx, o.Binary, dir)
	if err != nil {
		return nil, err
	}
	defer relay.process.stop()
	if err := o.keys(ctx, relay); err != nil {
		return nil, err
	}
	return o.measure(ctx, w)
}

// keys makes the workspaces.
func (o *Overload) keys(ctx context.Context, relay *server) (err error) {
	o.target = relay.target
	if o.greedy, err = relay.workspaceKey(ctx, o.Binary, "greedy", message.TierEnterprise); err != nil {
		return err
	}
	for i := range o.Others {
		key, err := relay.workspaceKey(ctx, o.Binary, fmt.Sprint("other-", i+1), unlimited)
		if err != nil {
			return err
		}
		o.others = append(o.others, key)
	}
	return nil
}

func (o *Overload) measure(ctx context.Context, w io.Writer) (*OverloadReport, error) {
	peak, err := o.load(ctx, o.others, 0)
	if err != nil {
		return nil, err
	}
	out := &OverloadReport{Peak: peak.Rate()}
	fmt.Fprintf(w, "peak %.0f/s\n", out.Peak)
	alone, err := o.load(ctx, o.others, out.Peak/2)
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
	after, err := o.load(ctx, o.others, out.Peak/2)
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
	wg.Go(func() { greedy, err1 = o.load(ctx, []string{o.greedy}, half) })
	wg.Go(func() { others, err2 = o.load(ctx, o.others, half) })
	wg.Wait()
	if err := errors.Join(err1, err2); err != nil {
		return Level{}, fmt.Errorf("load: %w", err)
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

// load puts perSecond (0: as fast as it goes) on the relay from the keys.
func (o *Overload) load(ctx context.Context, keys []string, perSecond float64) (*Result, error) {
	total := newResult()
	total.Elapsed = o.Each
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	first := o.first.Add(1_000_000)
	for i, key := range keys {
		l := Load{
			Target: o.target, Key: key, Channel: "whatsapp", Connections: max(o.Connections/2/len(keys), 1),
			Duration: o.Each, Warmup: time.Second, PerSecond: perSecond / float64(len(keys)), Patience: patience,
			First: first + uint64(i)*100_000_000,
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
