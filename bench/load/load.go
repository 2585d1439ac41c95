// Package load is the generator: it puts requests on a server at a constant
// rate and measures how long each took from the moment it was due. It speaks
// plain HTTP/1.1 with requests built in advance, over raw sockets and one epoll
// loop for each worker, so that it takes little of a machine that it shares.
package load

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"runtime"
	"sync"
	"time"
)

// Source is one client: a stream of requests over connections of its own.
type Source struct {
	Requests Requests
	// PerSecond is the constant rate of an open loop, in requests. 0 is a closed
	// loop: each connection sends as soon as it has its answer.
	PerSecond   float64
	Connections int
	// Patience, if not 0, withholds requests that were due this long ago while
	// no connection was free, and counts latency from the actual send: what a
	// client with a deadline sees of a server that holds it back.
	Patience time.Duration
	// Group says which of the outcome's Groups the source is counted in.
	Group int
	// Once ends the source when its Requests return nil.
	Once bool
}

// Load is what the generator puts on a server.
type Load struct {
	Target   *url.URL
	Sources  []Source
	Duration time.Duration
	// Workers is how many loops send; 0: one for every two processors.
	Workers int
	// First numbers the first message. Loads that are audited together share no
	// numbers: each takes up to [Numbers].
	First uint64
	// Repeat is how many messages in a row a recipient gets, all on one
	// connection; 0 is 1.
	Repeat int
	// Observe, if not nil, is told of each interval while the load runs.
	Observe func(Interval)
}

// Numbers is how many messages a load may number.
const Numbers = 1_000_000_000

// grace is how long a load waits for the last answers.
const grace = 5 * time.Second

// Outcome is what came of a Load.
type Outcome struct {
	Began     time.Time // once every connection was there
	Elapsed   time.Duration
	Groups    []*Stats
	Intervals []Interval
	Promises  []Promise // unordered, those of one connection in the order sent
	Generator Generator
	// Unanswered is how many messages were sent on connections that then broke.
	Unanswered int64
}

// All adds up the groups.
func (o *Outcome) All() *Stats {
	all := NewStats()
	for _, g := range o.Groups {
		all.Add(g)
	}
	return all
}

// Run puts the load on the server until its time is over or ctx ends.
func (l Load) Run(ctx context.Context) (*Outcome, error) {
	address, err := resolve(l.Target.Host)
	if err != nil {
		return nil, err
	}
	workers, err := l.workers(address)
	defer func() {
		for _, w := range workers {
			w.close()
		}
	}()
	if err != nil {
		return nil, err
	}
	tape := newTape(len(workers), l.Observe)
	start := time.Now()
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(func() { w.run(ctx, start, l.Duration, tape.chunks) })
	}
	go func() {
		wg.Wait()
		close(tape.chunks)
	}()
	tape.run()
	return l.outcome(start, workers, tape), ctx.Err()
}

func (l Load) outcome(began time.Time, workers []*worker, t *tape) *Outcome {
	out := &Outcome{Began: began, Intervals: t.done}
	for range l.groups() {
		out.Groups = append(out.Groups, NewStats())
	}
	out.Generator = newGenerator(len(workers), l.PerSecond() > 0)
	for _, w := range workers {
		out.Elapsed = max(out.Elapsed, w.elapsed, 1)
		for i, g := range w.groups {
			out.Groups[i].Add(g)
		}
		out.Promises = w.promises.appendTo(out.Promises)
		out.Generator.add(&w.gen, w.elapsed)
		out.Unanswered += w.unanswered
	}
	out.Generator.Offered = l.PerSecond()
	out.Generator.Sent = float64(out.Generator.sends) / out.Elapsed.Seconds()
	return out
}

// PerSecond is the rate of all open sources together.
func (l Load) PerSecond() float64 {
	sum := 0.0
	for _, s := range l.Sources {
		sum += s.PerSecond
	}
	return sum
}

func (l Load) groups() int {
	n := 1
	for _, s := range l.Sources {
		n = max(n, s.Group+1)
	}
	return n
}

// workers makes the loops and connects them. Sources are dealt out in turn; a
// source with many connections and a closed loop is split among all.
func (l Load) workers(address netip.AddrPort) ([]*worker, error) {
	n := l.Workers
	if n == 0 {
		n = max(runtime.NumCPU()/2, 1)
	}
	shares := deal(l.Sources, n)
	conns := 0
	for _, s := range l.Sources {
		conns += s.Connections
	}
	numbers := numbering{next: l.First, span: Numbers / uint64(max(conns, 1)), repeat: uint64(max(l.Repeat, 1))}
	var workers []*worker
	for _, share := range shares {
		w, err := newWorker(address, share, l.groups(), &numbers)
		if w != nil {
			workers = append(workers, w)
		}
		if err != nil {
			return workers, err
		}
	}
	return workers, nil
}

// deal splits sources among n workers, so that each has a share of every
// source that can be split. It returns at most n shares, none empty.
func deal(sources []Source, n int) [][]Source {
	shares := make([][]Source, n)
	for i, s := range sources {
		if s.Connections < n || s.Once {
			shares[i%n] = append(shares[i%n], s)
			continue
		}
		for k := range n {
			part := s
			part.Connections = (s.Connections + k) / n
			part.PerSecond = s.PerSecond * float64(part.Connections) / float64(s.Connections)
			shares[k] = append(shares[k], part)
		}
	}
	var full [][]Source
	for _, s := range shares {
		if len(s) > 0 {
			full = append(full, s)
		}
	}
	return full
}

func resolve(host string) (netip.AddrPort, error) {
	address, err := netip.ParseAddrPort(host)
	if err == nil {
		return address, nil
	}
	return lookUp(host)
}

func connectError(host string, err error) error { return fmt.Errorf("connect to %s: %w", host, err) }
