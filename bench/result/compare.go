package result

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"messagehub/bench/stats"
)

// Difference is how one value changed from a result to another.
type Difference struct {
	Name   string
	Better string // "higher", "lower" or unknown
	stats.Change
}

// ErrUnlike is returned for results of machines that differ.
var ErrUnlike = errors.New("the results are of different machines")

// Compare returns what changed from a to b: every value of every side that both
// have, then the figures. Unlike machines are refused unless anyway.
func Compare(a, b *Result, anyway bool) ([]Difference, error) {
	if a.Scenario != b.Scenario {
		return nil, fmt.Errorf("the results are of different scenarios: %s and %s", a.Scenario, b.Scenario)
	}
	if !anyway && !a.Machine.Like(b.Machine) {
		return nil, fmt.Errorf("%w: %s, and %s", ErrUnlike, a.Machine, b.Machine)
	}
	var out []Difference
	for _, side := range a.Sides {
		other := b.side(side.Name)
		if other == nil {
			continue
		}
		for _, v := range compared() {
			was, is := side.Values(v.name), other.Values(v.name)
			if len(was) > 0 && len(is) > 0 && stats.Median(was) != 0 {
				out = append(out, Difference{side.Name + " " + v.name, v.better, stats.Compare(was, is)})
			}
		}
	}
	for _, f := range a.Figures {
		for _, g := range b.Figures {
			if f.ID == g.ID && len(f.Rounds) > 0 && len(g.Rounds) > 0 && f.Value != 0 {
				out = append(out, Difference{f.ID, f.better(), stats.Compare(f.Rounds, g.Rounds)})
			}
		}
	}
	return out, nil
}

func (f Figure) better() string {
	if f.Goal == nil {
		return ""
	}
	return f.Goal.Better
}

// String names the machine.
func (m Machine) String() string {
	return fmt.Sprintf("%d × %s, %.0f GiB, %s", m.CPUs, m.Model, float64(m.Memory)/(1<<30), m.FileSystem)
}

func (r *Result) side(name string) *Side {
	for _, s := range r.Sides {
		if s.Name == name {
			return s
		}
	}
	return nil
}

type comparedValue struct{ name, better string }

// compared are the values of a round that are compared.
func compared() []comparedValue {
	return []comparedValue{
		{"rate", "higher"}, {"p50", "lower"}, {"p99", "lower"}, {"p99.9", "lower"}, {"cpu", "lower"}, {"errors", "lower"},
	}
}

// Verdict says in a word what the change is.
func (d Difference) Verdict() string {
	switch {
	case !d.Significant():
		return "~"
	case d.Better == "":
		return "changed"
	case (d.Ratio > 0) == (d.Better == "higher"):
		return "better"
	}
	return "worse"
}

// PrintDifferences writes differences as a table.
func PrintDifferences(w io.Writer, all []Difference) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tA\tB\tchange\t95 % between\tp\t\t")
	for _, d := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%+.1f %%\t%+.1f … %+.1f %%\t%.3f\t%s\t\n", d.Name, Short(d.A), Short(d.B), 100*d.Ratio, 100*d.Low, 100*d.High, d.P, d.Verdict())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "medians; bounds of a bootstrap of the rounds; p by Mann-Whitney; ~ is not more than chance")
	return err
}

// Short writes a number with three or four digits that count.
func Short(v float64) string {
	switch {
	case v >= 1000 || v <= -1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
