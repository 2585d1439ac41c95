package page

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"messagehub/bench/result"
)

// fixed is a result whose page can be foretold.
func fixed(t *testing.T) *result.Result {
	t.Helper()
	r := &result.Result{
		Version: result.Version, Scenario: "accept", Title: "Durable 202s <beside> a bare server", Command: "messagehub bench accept --require 'p99<20ms'",
		Started: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC), Machine: result.Machine{CPUs: 2, Model: "Some CPU", FileSystem: "ext4"},
		Settings: []result.Setting{{Name: "round", Value: "5s"}}, Notes: []string{"the generator was the limit"},
		Audits:  []result.Audit{{Of: "relay", Accepted: 30, Delivered: 20, Failed: 4, Pending: 6}},
		Figures: []result.Figure{{ID: "accept.throughput", What: "durable 202s", Unit: "x", Rounds: []float64{0.8, 0.81}, Value: 0.805, Goal: &result.Goal{Better: "higher", Aim: 0.9, Least: 0.78}}},
		Table:   &result.Table{Head: []string{"offered"}, Rows: [][]string{{"2 ×"}}},
	}
	h := hdrhistogram.New(1, 60_000_000, 3)
	for i := int64(1); i <= 10_000; i++ {
		if err := h.RecordValue(i); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"relay & co", "bare"} {
		s := &result.Side{Name: name, Loop: "open", Stages: []result.Stage{{Name: "fsync", Mean: 0.0004, P99: 0.001, Count: 5}}}
		for range 2 {
			s.Rounds = append(s.Rounds, result.Round{"rate": 1234, "p50": 0.005, "p99": 0.0099, "p99.9": 0.01, "cpu": 20e-6})
		}
		for i := range 8 {
			s.Points = append(s.Points, result.Point{At: float64(i+1) / 4, Rate: 1234, P50: 0.005, P99: 0.0099, CPU: 0.7, RSS: 50e6})
		}
		if err := s.SetLatency(h); err != nil {
			t.Fatal(err)
		}
		r.Sides = append(r.Sides, s)
	}
	return r
}

func render(t *testing.T, all ...*result.Result) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, all); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageShowsTheResult(t *testing.T) {
	page := render(t, fixed(t))
	for _, want := range []string{
		"0.80 ×", "least reached", "aim ≥ 0.90 ×", "Durable 202s &lt;beside&gt; a bare server", "relay &amp; co", "Latency by percentile", "p99 9.9 ms",
		"Where the time goes", "400 µs", "p99 ≤ 1 ms", "Audit clean", "<td>30</td><td>20</td><td>4</td><td>6</td>", "the generator was the limit",
		"prefers-color-scheme: dark", "@media print", "width=device-width", "--require &#39;p99&lt;20ms&#39;", "2 ×",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, bad := range []string{"<script", "http:", "https:", "@import", "url(", "NaN", "Inf", "<nav"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if charts := strings.Count(page, "<figure"); charts != 5 { // those that the points have values for
		t.Errorf("%d charts", charts)
	}
}

func TestPageTellsOfViolations(t *testing.T) {
	r := fixed(t)
	r.Audits[0].Violations = []string{"1 lost, first msg_x"}
	page := render(t, r, fixed(t))
	if !strings.Contains(page, "relay: 1 lost, first msg_x") || !strings.Contains(page, "1 violations found") || !strings.Contains(page, `<a href="#r1">`) {
		t.Error("violations or the list of scenarios are missing")
	}
}

// The drawings are well-formed, and stay within their frame.
func TestDrawings(t *testing.T) {
	page := render(t, fixed(t))
	point := regexp.MustCompile(`[ML](-?[0-9.]+) (-?[0-9.]+)`)
	for _, svg := range regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(page, -1) {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in %s", err, svg)
			}
		}
		for _, m := range point.FindAllStringSubmatch(svg, -1) {
			if strings.HasPrefix(m[1], "-") || strings.HasPrefix(m[2], "-") {
				t.Errorf("point %s", m[0])
			}
		}
	}
}

func TestPageOfNothing(t *testing.T) {
	page := render(t, &result.Result{Scenario: "recovery", Sides: []*result.Side{{Name: "x"}}})
	if !strings.Contains(page, "not audited") || strings.Contains(page, "<figure") {
		t.Error("a result without values is not shown as one")
	}
	if err := Write(io.Discard, []*result.Result{{Sides: []*result.Side{{Latency: "damaged"}}}}); err == nil {
		t.Error("a damaged histogram is no error")
	}
}

func TestScales(t *testing.T) {
	for _, c := range []struct {
		top   float64
		ticks []float64
	}{{7, []float64{0, 2, 4, 6, 8}}, {0, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}}, {61_000, []float64{0, 20_000, 40_000, 60_000, 80_000}}} {
		s, ticks := linear(c.top, 100, 0)
		if len(ticks) != len(c.ticks) || s.at(0) != 100 || s.at(ticks[len(ticks)-1]) != 0 || math.Abs(ticks[1]-c.ticks[1]) > 1e-9 {
			t.Errorf("up to %g: %v", c.top, ticks)
		}
	}
	s, ticks := logarithmic(0.0003, 0.02, 100, 0)
	if len(ticks) != 4 || s.at(0.0001) != 100 || s.at(0.1) != 0 || math.Abs(s.at(0.001)-66.67) > 0.1 || s.at(0) != 100 {
		t.Errorf("%v, %g", ticks, s.at(0.001))
	}
}
