// Package page makes one page of results, to look at without a network: charts
// are SVG written by templates, and nothing moves.
package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"messagehub/bench/result"
	"messagehub/bench/stats"
)

//go:embed page.html
var pageText string

// view is a result as the template shows it.
type view struct {
	*result.Result
	Charts     []*chart
	Cards      []card
	Legend     []legend
	Stages     []stageGroup
	Rows       [][]string
	Violations []string
	Index      int
}

type legend struct {
	Side       int
	Name, Loop string
}

// card is a figure.
type card struct {
	What, Value, Verdict, Goal string
	Fill                       string   // of the bar, percent; empty: no bar
	Dots                       []string // the rounds, percent from the lowest to the highest
	Low, High                  string
}

// stageGroup is the stages of a side, on one scale.
type stageGroup struct {
	Name  string
	Parts []stagePart
}

type stagePart struct{ Name, Mean, P99, Share, About string }

// Write writes the page.
func Write(w io.Writer, all []*result.Result) error {
	t, err := template.New("page").Funcs(template.FuncMap{"date": func(t time.Time) string { return t.Format("2006-01-02 15:04 UTC") }}).Parse(pageText)
	if err != nil {
		return fmt.Errorf("parse page: %w", err)
	}
	var views []view
	for i, r := range all {
		v, err := viewOf(r)
		if err != nil {
			return fmt.Errorf("show %s: %w", r.Scenario, err)
		}
		v.Index = i
		views = append(views, v)
	}
	if err := t.Execute(w, struct {
		Results []view
		Plot    plot
	}{views, plot{left, plotRight, top, plotFloor, width, height}}); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// plot is where a chart's lines are.
type plot struct{ Left, Right, Top, Floor, Width, Height float64 }

// LabelX is where the labels of the vertical axis end.
func (p plot) LabelX() float64 { return p.Left - 6 }

// LabelY is the line of the labels of the horizontal axis.
func (p plot) LabelY() float64 { return p.Floor + 16 }

func viewOf(r *result.Result) (view, error) {
	c, err := charts(r)
	v := view{Result: r, Charts: c, Violations: r.Violations(), Rows: rows(r)}
	for i, s := range r.Sides {
		if i < maxSides && len(s.Points) > 0 {
			v.Legend = append(v.Legend, legend{i, s.Name, s.Loop})
		}
		if g := stagesOf(s); len(g.Parts) > 0 {
			v.Stages = append(v.Stages, g)
		}
	}
	for _, f := range r.Figures {
		v.Cards = append(v.Cards, cardOf(f))
	}
	return v, err
}

func cardOf(f result.Figure) card {
	c := card{What: f.What, Value: quantity(f.Value, f.Unit)}
	if c.What == "" {
		c.What = f.ID
	}
	if c.Dots = dots(f.Rounds); c.Dots != nil {
		c.Low, c.High = quantity(slices.Min(f.Rounds), f.Unit), quantity(slices.Max(f.Rounds), f.Unit)
	}
	if f.Goal == nil {
		return c
	}
	sign := "≤"
	if f.Goal.Better == "higher" {
		sign = "≥"
	}
	c.Verdict = f.Goal.Verdict(f.Value)
	c.Goal = fmt.Sprintf("aim %s %s, at the very %s %s", sign, quantity(f.Goal.Aim, f.Unit), map[bool]string{true: "least", false: "most"}[sign == "≥"], quantity(f.Goal.Least, f.Unit))
	share := f.Value / f.Goal.Aim // of the aim
	if sign == "≤" {
		share = f.Goal.Aim / f.Value
	}
	if f.Value <= 0 || share > 1 {
		share = map[bool]float64{true: 1, false: 0}[c.Verdict == "aim"]
	}
	c.Fill = strconv.FormatFloat(100*share, 'f', 0, 64)
	return c
}

// dots are the rounds on a line from the lowest to the highest, in percent.
func dots(rounds []float64) []string {
	if len(rounds) < 2 {
		return nil
	}
	low, high := slices.Min(rounds), slices.Max(rounds)
	var out []string
	for _, v := range rounds {
		at := 50.0
		if high > low {
			at = 100 * (v - low) / (high - low)
		}
		out = append(out, strconv.FormatFloat(at, 'f', 1, 64))
	}
	return out
}

func quantity(v float64, unit string) string {
	switch unit {
	case "x":
		return fmt.Sprintf("%.2f ×", v)
	case "s":
		if v < 0 {
			return "−" + duration(-v)
		}
		return duration(v)
	case "B":
		if v < 1e4 {
			return fmt.Sprintf("%.0f B", v)
		}
		return size(v)
	case "/s":
		return fmt.Sprintf("%.0f /s", v)
	}
	return trim(v)
}

func stagesOf(s *result.Side) stageGroup {
	g := stageGroup{Name: s.Name}
	longest := 0.0
	for _, st := range s.Stages {
		longest = max(longest, st.Mean)
	}
	for _, st := range s.Stages {
		p := stagePart{Name: st.Name, Mean: duration(st.Mean), About: stageAbout(st.Name), Share: coordinate(100 * st.Mean / max(longest, 1e-12))}
		if st.P99 > 0 {
			p.P99 = "p99 ≤ " + duration(st.P99)
		}
		g.Parts = append(g.Parts, p)
	}
	return g
}

func stageAbout(name string) string {
	switch name {
	case "accept":
		return "request to 202, disk included"
	case "fsync":
		return "one write of the log, shared by a batch"
	case "queue":
		return "acceptance to the first send"
	case "provider":
		return "the provider's answer"
	case "receipt":
		return "the provider's answer to its receipt"
	}
	return ""
}

// rows is the table of sides: medians, with the spread of the rate.
func rows(r *result.Result) [][]string {
	var out [][]string
	for _, s := range r.Sides {
		if len(s.Rounds) == 0 {
			continue
		}
		rate := s.Values("rate")
		if d := s.Values("delivered"); len(d) > 0 {
			rate = d
		}
		if len(rate) == 0 {
			continue
		}
		out = append(out, []string{
			s.Name, s.Loop, fmt.Sprintf("%.0f", stats.Median(rate)), fmt.Sprintf("%.0f … %.0f", slices.Min(rate), slices.Max(rate)),
			duration(s.Median("p50")), duration(s.Median("p99")), duration(s.Median("p99.9")), duration(s.Median("cpu")),
			strings.TrimSuffix(fmt.Sprintf("%.2f", 100*s.Median("errors")), ".00") + " %", strconv.Itoa(len(s.Rounds)),
		})
	}
	return out
}

// stack puts the texts of marks one below the other in the lower right corner,
// where a rising curve leaves room.
func stack(marks []mark) {
	for i := range marks {
		marks[i].TextY = coordinate(plotFloor - 8 - 14*float64(len(marks)-1-i))
	}
}
