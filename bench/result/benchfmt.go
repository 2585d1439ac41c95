package result

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteBench writes the rounds in the text form of Go's benchmarks, one line a
// round, for benchstat.
func (r *Result) WriteBench(w io.Writer) error {
	fmt.Fprintf(w, "goos: %s\ncpu: %s\npkg: messagehub/bench\nversion: %s\n", r.Machine.OS, r.Machine.Model, r.Build.Version)
	for _, s := range r.Sides {
		for _, round := range s.Rounds {
			if _, err := fmt.Fprintf(w, "Benchmark%s/%s-%d\t%d", camel(r.Scenario), word(s.Name), r.Machine.CPUs, int64(max(round["messages"], 1))); err != nil {
				return err
			}
			for _, name := range slices.Sorted(maps.Keys(round)) {
				if v, unit, ok := benchUnit(name, round[name]); ok {
					fmt.Fprintf(w, "\t%.6g %s", v, unit)
				}
			}
			fmt.Fprintln(w)
		}
	}
	for _, f := range r.Figures {
		for _, v := range f.Rounds {
			if _, err := fmt.Fprintf(w, "BenchmarkFigure/%s-%d\t1\t%.6g %s\n", word(f.ID), r.Machine.CPUs, v, word(f.Unit)); err != nil {
				return err
			}
		}
	}
	return nil
}

// benchUnit is the unit of a value of a round, as benchstat knows it.
func benchUnit(name string, v float64) (float64, string, bool) {
	switch {
	case name == "messages":
		return 0, "", false
	case name == "rate":
		return v, "messages/s", true
	case name == "cpu":
		return v * 1e9, "cpu-ns/op", true
	case name == "max", name == "mean", percentile(name):
		return v * 1e9, name + "-ns", true
	}
	return v, word(name), true
}

// percentile reports whether a value is one, such as p99.9.
func percentile(name string) bool {
	return len(name) > 1 && name[0] == 'p' && name[1] >= '0' && name[1] <= '9'
}

// camel makes a benchmark's name.
func camel(name string) string {
	var out strings.Builder
	for part := range strings.SplitSeq(name, "-") {
		if part != "" {
			out.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return out.String()
}

// word keeps a text free of white space.
func word(text string) string {
	text = strings.Join(strings.Fields(text), "_")
	if text == "" {
		return "value"
	}
	return text
}
