package load

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Generator says how the generator itself did: whether what was measured is
// the server, or the generator.
type Generator struct {
	Workers int
	Open    bool
	Offered float64       // requests a second asked for, of open sources
	Sent    float64       // requests a second sent
	Late    float64       // share of due requests sent over a millisecond late though a connection was free
	LagP99  time.Duration // how late those were
	MaxLag  time.Duration
	Waited  float64 // share of due requests that waited for a free connection
	CPU     float64 // share of a processor that the busiest worker used

	lag                        *hdrhistogram.Histogram
	sends, due, late, waitedAt int64
	cpu                        time.Duration
}

func newGenerator(workers int, open bool) Generator {
	return Generator{Workers: workers, Open: open, lag: NewHistogram()}
}

// sent counts a request sent lag after it was due. waited: no connection was
// free before.
func (g *Generator) sent(lag time.Duration, waited bool) {
	g.sends++
	if !g.Open {
		return
	}
	g.due++
	if waited {
		g.waitedAt++
		return
	}
	_ = g.lag.RecordValue(min(max(lag.Microseconds(), 1), maxLatency))
	g.MaxLag = max(g.MaxLag, lag)
	if lag > time.Millisecond {
		g.late++
	}
}

func (g *Generator) add(o *Generator, elapsed time.Duration) {
	g.sends += o.sends
	g.due += o.due
	g.late += o.late
	g.waitedAt += o.waitedAt
	g.lag.Merge(o.lag)
	g.MaxLag = max(g.MaxLag, o.MaxLag)
	g.CPU = max(g.CPU, o.cpu.Seconds()/max(elapsed.Seconds(), 1e-9))
	if g.due > 0 {
		g.Late = float64(g.late) / float64(g.due)
		g.Waited = float64(g.waitedAt) / float64(g.due)
		g.LagP99 = us(g.lag.ValueAtQuantile(99))
	}
}

// Limits returns why the generator was the limit, one sentence each; none: it
// was not.
func (g *Generator) Limits() []string {
	var out []string
	if g.CPU > 0.9 {
		out = append(out, fmt.Sprintf("the generator's busiest worker used %.0f %% of a processor: it was the limit", 100*g.CPU))
	}
	if !g.Open {
		return out
	}
	if g.Late > 0.01 {
		out = append(out, fmt.Sprintf("the generator sent %.1f %% of the requests over 1 ms late (p99 %v): part of the latency is its own", 100*g.Late, g.LagP99))
	}
	if g.Waited > 0.05 {
		out = append(out, fmt.Sprintf("%.0f %% of the requests waited for a free connection: latency holds that wait; more connections would show the server alone", 100*g.Waited))
	}
	return out
}
