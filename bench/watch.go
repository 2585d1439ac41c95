package bench

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"messagehub/bench/result"
)

// watch reads what a server tells about itself while a load runs.
type watch struct {
	srv     *server
	start   time.Time
	before  scrape
	cpu     time.Duration
	pending atomic.Uint64 // bits of the backlog
	stop    context.CancelFunc
	done    sync.WaitGroup
	points  []result.Point
}

// sighting is what a watch saw.
type sighting struct {
	total  scrape // counted during the load
	cpu    time.Duration
	points []result.Point
}

// watchEvery is how often the server is asked: each answer costs it about a
// millisecond.
const watchEvery = 500 * time.Millisecond

// watch begins to read the server; one without an operations address is only
// measured from outside.
func (s *server) watch(ctx context.Context) (*watch, error) {
	w := &watch{srv: s, start: time.Now()}
	var err error
	if s.ops != "" {
		if w.before, err = s.metrics(ctx); err != nil {
			return nil, err
		}
	}
	if w.cpu, err = s.cpu(); err != nil {
		return nil, err
	}
	ctx, w.stop = context.WithCancel(ctx)
	w.done.Go(func() { w.run(ctx) })
	return w, nil
}

func (w *watch) run(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	last, at, cpu := w.before, w.start, w.cpu
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		used, err := w.srv.cpu()
		if err != nil {
			continue
		}
		p := result.Point{At: now.Sub(w.start).Seconds(), CPU: (used - cpu).Seconds() / now.Sub(at).Seconds()}
		if w.srv.ops != "" {
			m, err := w.srv.metrics(ctx)
			if err != nil {
				continue
			}
			w.resources(&p, m, m.minus(last), now.Sub(at).Seconds())
			last = m
		}
		at, cpu = now, used
		w.points = append(w.points, p)
	}
}

func (w *watch) resources(p *result.Point, now, since scrape, seconds float64) {
	commit := since.histogram("messagehub_commit_seconds")
	p.RSS = now.value("process_resident_memory_bytes")
	p.GC = max(since.value("go_gc_cpu_seconds_total"), 0) / seconds
	p.FsyncP99 = commit.quantile(0.99)
	p.Batch = since.histogram("messagehub_commit_operations").mean()
	p.Backlog = now.backlog()
	w.pending.Store(math.Float64bits(p.Backlog))
}

// backlog is what waited at the last reading.
func (w *watch) backlog() float64 { return math.Float64frombits(w.pending.Load()) }

// end ends the watch.
func (w *watch) end(ctx context.Context) (*sighting, error) {
	w.stop()
	w.done.Wait()
	after, err := w.srv.cpu()
	if err != nil {
		return nil, err
	}
	s := &sighting{cpu: after - w.cpu, points: w.points, total: scrape{}}
	if w.srv.ops != "" {
		m, err := w.srv.metrics(ctx)
		if err != nil {
			return nil, err
		}
		s.total = m.minus(w.before)
	}
	return s, nil
}

// at returns the resources at a moment: those of the reading that covers it.
func (s *sighting) at(t time.Duration) result.Point {
	for _, p := range s.points {
		if p.At >= t.Seconds() {
			return p
		}
	}
	if n := len(s.points); n > 0 {
		return s.points[n-1]
	}
	return result.Point{}
}
