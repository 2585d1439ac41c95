package bench

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Load is what the generator puts on a server.
type Load struct {
	Target      *url.URL
	Key         string
	Channel     string
	Connections int
	Duration    time.Duration
	// Warmup is run before Duration and not counted.
	Warmup time.Duration
	// PerSecond is the constant rate of an open loop, over all connections;
	// latency then counts from the moment a request was due. 0 is a closed
	// loop: each connection sends as soon as it has its answer.
	PerSecond float64
	// Patience, if not 0, withholds requests that were due this long ago
	// while no connection was free, and counts latency from the actual send:
	// what a client with a deadline sees of a server that holds it back.
	Patience time.Duration
	// First numbers the recipients, so that two loads share none.
	First uint64
}

// Result is what came of a Load.
type Result struct {
	Requests   int64 // answered in the counted time
	Accepted   int64 // 2xx
	Refused    int64 // 429 and 503
	NoRetry    int64 // of these, without Retry-After
	Other      int64 // any other status
	Broken     int64 // connection errors
	Elapsed    time.Duration
	Latency    *hdrhistogram.Histogram // microseconds, accepted requests only
	Refusal    *hdrhistogram.Histogram // microseconds, refused ones
	MaxLag     time.Duration           // how late the generator itself was, at worst
	LateShare  float64                 // share of open-loop requests it sent over 1 ms late
	Withheld   int64                   // open-loop requests never sent, see Patience
	scheduled  int64
	lateSends  int64
	statusSeen map[int]int64
}

// Rate is accepted requests a second.
func (r *Result) Rate() float64 { return float64(r.Accepted) / r.Elapsed.Seconds() }

// Statuses returns how often each status was answered.
func (r *Result) Statuses() map[int]int64 { return r.statusSeen }

func newResult() *Result {
	return &Result{
		Latency: hdrhistogram.New(1, 60_000_000, 3), Refusal: hdrhistogram.New(1, 60_000_000, 3),
		statusSeen: map[int]int64{},
	}
}

// Run puts the load on the server until its time is over or ctx ends.
func (l Load) Run(ctx context.Context) (*Result, error) {
	conns := make([]*conn, l.Connections)
	for i := range conns {
		c, err := dial(l.Target.Host)
		if err != nil {
			for _, c := range conns[:i] {
				c.close()
			}
			return nil, err
		}
		conns[i] = c
	}
	start := time.Now()
	run := &run{load: l, count: start.Add(l.Warmup), end: start.Add(l.Warmup + l.Duration)}
	results := make([]*Result, len(conns))
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() { results[i] = run.worker(ctx, i, c) })
	}
	wg.Wait()
	total := newResult()
	total.Elapsed = l.Duration
	for _, r := range results {
		total.add(r)
	}
	if total.scheduled > 0 {
		total.LateShare = float64(total.lateSends) / float64(total.scheduled)
	}
	return total, ctx.Err()
}

func (r *Result) add(o *Result) {
	r.Requests += o.Requests
	r.Accepted += o.Accepted
	r.Refused += o.Refused
	r.NoRetry += o.NoRetry
	r.Other += o.Other
	r.Broken += o.Broken
	r.Withheld += o.Withheld
	r.scheduled += o.scheduled
	r.lateSends += o.lateSends
	r.MaxLag = max(r.MaxLag, o.MaxLag)
	r.Latency.Merge(o.Latency)
	r.Refusal.Merge(o.Refusal)
	for status, n := range o.statusSeen {
		r.statusSeen[status] += n
	}
}

// run is one load in progress. It is read-only: workers share nothing else.
type run struct {
	load       Load
	count, end time.Time
}

func (r *run) worker(ctx context.Context, i int, c *conn) *Result {
	out := newResult()
	s := sendShape(r.load.Target, r.load.Key, r.load.Channel).clone()
	next := r.pacer(i)
	for n := r.load.First + uint64(i); ctx.Err() == nil; n += uint64(r.load.Connections) {
		due := next()
		if due.After(r.end) {
			break
		}
		if r.withheld(due) {
			out.Withheld++
			continue
		}
		if c = r.one(c, s.number(n), due, out); c == nil {
			break
		}
	}
	if c != nil {
		c.close()
	}
	return out
}

// pacer returns a function that waits for the next send of worker i and says
// when it was due.
func (r *run) pacer(i int) func() time.Time {
	if r.load.PerSecond == 0 {
		return time.Now
	}
	gap := time.Duration(float64(time.Second) * float64(r.load.Connections) / r.load.PerSecond)
	begin := r.count.Add(-r.load.Warmup)
	due := begin.Add(gap * time.Duration(i) / time.Duration(r.load.Connections))
	return func() time.Time {
		at := due
		due = due.Add(gap)
		time.Sleep(time.Until(at))
		return at
	}
}

func (r *run) withheld(due time.Time) bool {
	return r.load.Patience > 0 && time.Since(due) > r.load.Patience
}

// one sends one request and books its answer. It returns the connection to go
// on with, or nil if there is none to be had.
func (r *run) one(c *conn, request []byte, due time.Time, out *Result) *conn {
	sent := time.Now()
	a, err := c.do(request)
	now := time.Now()
	if counted := due.After(r.count) && now.Before(r.end.Add(time.Second)); counted {
		out.lag(sent.Sub(due), r.load.PerSecond > 0)
		if r.load.Patience > 0 {
			due = sent
		}
		out.book(a, err, now.Sub(due))
	}
	if err == nil && !a.closed {
		return c
	}
	c.close()
	for now.Before(r.end) {
		if c, err = dial(r.load.Target.Host); err == nil {
			return c
		}
		time.Sleep(10 * time.Millisecond)
		now = time.Now()
	}
	return nil
}

func (r *Result) lag(lag time.Duration, open bool) {
	if !open {
		return
	}
	r.scheduled++
	r.MaxLag = max(r.MaxLag, lag)
	if lag > time.Millisecond {
		r.lateSends++
	}
}

func (r *Result) book(a answer, err error, took time.Duration) {
	if err != nil {
		r.Broken++
		return
	}
	r.Requests++
	r.statusSeen[a.status]++
	us := max(took.Microseconds(), 1)
	switch {
	case a.status >= 200 && a.status < 300:
		r.Accepted++
		_ = r.Latency.RecordValue(min(us, 60_000_000))
	case a.status == 429 || a.status == 503:
		r.Refused++
		_ = r.Refusal.RecordValue(min(us, 60_000_000))
		if !a.retryAfter {
			r.NoRetry++
		}
	default:
		r.Other++
	}
}

// Print writes the result in a few lines for people.
func (r *Result) Print(w io.Writer) error {
	loop := "closed loop"
	if r.scheduled > 0 {
		loop = fmt.Sprintf("open loop, generator at worst %v late, %.2f %% of sends over 1 ms", r.MaxLag.Round(time.Microsecond), 100*r.LateShare)
	}
	_, err := fmt.Fprintf(w, "accepted %.0f/s (%d of %d), p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms; refused %d, other %d, broken %d; %s\n",
		r.Rate(), r.Accepted, r.Requests, ms(r.Latency.ValueAtQuantile(50)), ms(r.Latency.ValueAtQuantile(99)),
		ms(r.Latency.ValueAtQuantile(99.9)), r.Refused, r.Other, r.Broken, loop)
	return err
}
