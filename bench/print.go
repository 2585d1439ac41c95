package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"messagehub/bench/result"
)

// ShortestRound is below what a round says nothing.
const ShortestRound = 200 * time.Millisecond

// Print writes a result as tables for people.
func Print(w io.Writer, r *result.Result) error {
	if err := printSides(w, r); err != nil {
		return err
	}
	if r.Table != nil {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(t, "%s\t\n", strings.Join(r.Table.Head, "\t"))
		for _, row := range r.Table.Rows {
			fmt.Fprintf(t, "%s\t\n", strings.Join(row, "\t"))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range r.Figures {
		fmt.Fprintf(t, "%s\t%s\t%s\t\n", f.ID, Quantity(f.Value, f.Unit), goalText(f))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, a := range r.Audits {
		fmt.Fprintf(w, "audit of %s: %d accepted = %d delivered + %d failed + %d pending, %d duplicates explained, %d violations\n",
			a.Of, a.Accepted, a.Delivered, a.Failed, a.Pending, a.Duplicates, len(a.Violations))
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
	_, err := fmt.Fprintf(w, "medians of rounds, %s, of which others used %.1f, load before %s, %s; %s\n", r.Machine, r.Machine.Others, r.Machine.Load, r.Build.Go, r.Command)
	return err
}

func printSides(w io.Writer, r *result.Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\tloop\tmessages/s\tp50 ms\tp99 ms\tp99.9 ms\tCPU µs each\terrors %\trounds\t\n")
	shown := 0
	for _, s := range r.Sides {
		if len(s.Values("rate")) == 0 {
			continue
		}
		shown++
		rate := s.Median("rate")
		if d := s.Median("delivered"); d > 0 {
			rate = d
		}
		fmt.Fprintf(t, "%s\t%s\t%.0f\t%.2f\t%.2f\t%.2f\t%.1f\t%.2f\t%d\t\n", s.Name, s.Loop, rate,
			1e3*s.Median("p50"), 1e3*s.Median("p99"), 1e3*s.Median("p99.9"), 1e6*s.Median("cpu"), 100*s.Median("errors"), len(s.Rounds))
	}
	if shown == 0 {
		return nil
	}
	return t.Flush()
}

func goalText(f result.Figure) string {
	if f.Goal == nil {
		return f.What
	}
	return fmt.Sprintf("%s (%s): %s", goalBounds(f.Goal, f.Unit), verdictText(f.Goal.Verdict(f.Value)), f.What)
}

// goalBounds writes a goal as its aim and what it must be at least.
func goalBounds(g *result.Goal, unit string) string {
	sign := "≤"
	if g.Better == "higher" {
		sign = "≥"
	}
	return fmt.Sprintf("aim %s %s, must %s %s", sign, Quantity(g.Aim, unit), sign, Quantity(g.Least, unit))
}

func verdictText(verdict string) string {
	switch verdict {
	case "aim":
		return "reached"
	case "least":
		return "least reached"
	}
	return "missed"
}

// Quantity writes a value with its unit, as people do.
func Quantity(v float64, unit string) string {
	switch unit {
	case "x":
		return fmt.Sprintf("%.2f ×", v)
	case "s":
		if v < 1 && v > -1 {
			return fmt.Sprintf("%.3g ms", 1e3*v)
		}
		return fmt.Sprintf("%.3g s", v)
	case "B":
		switch {
		case v >= 1e6:
			return fmt.Sprintf("%.0f MB", v/1e6)
		case v >= 1e4:
			return fmt.Sprintf("%.1f kB", v/1e3)
		}
		return fmt.Sprintf("%.0f B", v)
	}
	return result.Short(v) + unit
}
