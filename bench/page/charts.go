package page

import (
	"fmt"

	"messagehub/bench/result"
)

// maxSides is how many sides a chart shows: more can't be told apart.
const maxSides = 6

// charts makes the charts of a result that it has values for.
func charts(r *result.Result) ([]*chart, error) {
	sides := r.Sides[:min(len(r.Sides), maxSides)]
	var out []*chart
	if c := overTime("Throughput", "messages a second", axis{write: plain}, sides, "", func(p result.Point) float64 { return p.Rate }); c != nil {
		out = append(out, c)
	}
	if c := latencyOverTime(sides); c != nil {
		out = append(out, c)
	}
	c, err := percentiles(sides)
	if err != nil {
		return nil, err
	}
	if c != nil {
		out = append(out, c)
	}
	return append(out, resources(sides)...), nil
}

// overTime makes a chart of one value of all sides that have it; nil: none
// has.
func overTime(title, about string, y axis, sides []*result.Side, class string, value func(result.Point) float64) *chart {
	all := seriesOf(sides, class, value)
	if len(all) == 0 {
		return nil
	}
	return over(title, about, y, all)
}

func seriesOf(sides []*result.Side, class string, value func(result.Point) float64) []series {
	var all []series
	for i, s := range sides {
		one := series{side: i, class: class}
		if n := len(s.Rounds); n > 0 && len(s.Points)%n == 0 {
			one.breaks = len(s.Points) / n
		}
		any := false
		for _, p := range s.Points {
			v := value(p)
			any = any || v > 0
			one.x, one.y = append(one.x, p.At), append(one.y, v)
		}
		if any {
			all = append(all, one)
		}
	}
	return all
}

func latencyOverTime(sides []*result.Side) *chart {
	all := append(seriesOf(sides, "", func(p result.Point) float64 { return p.P99 }),
		seriesOf(sides, "thin", func(p result.Point) float64 { return p.P50 })...)
	if len(all) == 0 {
		return nil
	}
	return over("Latency", "p99; thin: p50; logarithmic", axis{log: true, write: duration, low: 1e-5}, all)
}

// quantile is a place on the axis of percentiles.
type quantile struct {
	percent float64
	text    string
}

func quantiles() []quantile {
	return []quantile{{0, "0"}, {50, "50"}, {90, "90"}, {99, "99"}, {99.9, "99.9"}, {99.99, "99.99 %"}}
}

// percentiles makes the chart of the whole latency: over the percentile, where
// each next nine is as wide as the one before.
func percentiles(sides []*result.Side) (*chart, error) {
	c := &chart{Title: "Latency by percentile", About: "logarithmic both ways"}
	xs := scale{low: 1, high: 1e4, from: left, to: plotRight, log: true}
	x := func(percent float64) float64 { return min(100/max(100-percent, 1e-9), 1e4) }
	for _, q := range quantiles() {
		c.XTicks = append(c.XTicks, tick{coordinate(xs.at(x(q.percent))), q.text})
	}
	var all []series
	low, high := 0.0, 0.0
	for i, side := range sides {
		h, err := side.Histogram()
		if err != nil {
			return nil, err
		}
		if h == nil || h.TotalCount() == 0 {
			continue
		}
		s := series{side: i}
		for step := 0; step <= 120; step++ {
			nines := float64(step) / 30 // of 4
			percent := 100 * (1 - pow10(-nines))
			v := max(float64(h.ValueAtQuantile(percent)), 1) / 1e6
			s.x, s.y = append(s.x, x(percent)), append(s.y, v)
			if low == 0 || v < low {
				low = v
			}
			high = max(high, v)
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, nil
	}
	ys := c.vertical(axis{log: true, write: duration}, low, high)
	for _, s := range all {
		c.Lines = append(c.Lines, line{s.side, "", path(s, xs, ys)})
		p99 := s.y[60]
		c.Marks = append(c.Marks, mark{
			Side: s.side, X: coordinate(xs.at(x(99))), Y: coordinate(ys.at(p99)), Text: "p99 " + duration(p99),
			Hint: fmt.Sprintf("%s: p99 %s", sides[s.side].Name, duration(p99)),
		})
	}
	stack(c.Marks)
	return c, nil
}

// resources makes the small charts of what the server used.
func resources(sides []*result.Side) []*chart {
	var out []*chart
	for _, r := range []struct {
		title, about string
		y            axis
		value        func(result.Point) float64
	}{
		{"CPU of the server", "processors", axis{write: plain}, func(p result.Point) float64 { return p.CPU }},
		{"Memory", "resident", axis{write: size}, func(p result.Point) float64 { return p.RSS }},
		{"Garbage collection", "processors", axis{write: plain}, func(p result.Point) float64 { return p.GC }},
		{"fsync", "p99, upper bound of its bucket", axis{write: duration}, func(p result.Point) float64 { return p.FsyncP99 }},
		{"Batch of the log", "operations in one write", axis{write: plain}, func(p result.Point) float64 { return p.Batch }},
		{"Backlog", "messages that wait", axis{write: plain}, func(p result.Point) float64 { return p.Backlog }},
	} {
		if c := overTime(r.title, r.about, r.y, sides, "", r.value); c != nil {
			out = append(out, c)
		}
	}
	return out
}
