// Package result is what a run of the bench leaves behind: a versioned file
// that can be shown, compared and exported long after.
package result

import (
	"fmt"
	"math"
	"os"
	"time"

	"messagehub/bench/stats"
	"messagehub/store/message/json"
)

// Version is of the file's form. A file of another version is not read.
const Version = 1

// Result is one run of a scenario.
type Result struct {
	Version  int           `json:"version"`
	Scenario string        `json:"scenario"`
	Title    string        `json:"title"`
	Command  string        `json:"command"` // to repeat it
	Started  time.Time     `json:"started"`
	Took     time.Duration `json:"took"` // nanoseconds
	Machine  Machine       `json:"machine"`
	Build    Build         `json:"build"`
	Settings []Setting     `json:"settings"`
	Sides    []*Side       `json:"sides"`
	Figures  []Figure      `json:"figures"`
	Table    *Table        `json:"table,omitempty"` // what the scenario prints beside its figures
	Audits   []Audit       `json:"audits"`
	Notes    []string      `json:"notes"` // what a reader must know, such as that the generator was the limit
}

// Machine is where it ran.
type Machine struct {
	CPUs       int    `json:"cpus"`
	Model      string `json:"model"`
	Memory     int64  `json:"memory"` // bytes
	OS         string `json:"os"`
	Kernel     string `json:"kernel"`
	FileSystem string `json:"fileSystem"` // of the data directory
	Load       string `json:"load"`       // averages before the run
	// Others is how many processors others used during the run, the hypervisor
	// included.
	Others float64 `json:"others"`
}

// Like reports whether figures of the two machines can be compared.
func (m Machine) Like(o Machine) bool {
	return m.CPUs == o.CPUs && m.Model == o.Model && m.FileSystem == o.FileSystem &&
		math.Abs(float64(m.Memory-o.Memory)) < 0.1*float64(m.Memory)
}

// Build is what ran.
type Build struct {
	Version string `json:"version"`
	Go      string `json:"go"`
}

// Setting is one choice of the run.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Figure is something the scenario was run for: a value for each round, and
// their median.
type Figure struct {
	ID     string    `json:"id"` // such as accept.throughput
	What   string    `json:"what"`
	Unit   string    `json:"unit"` // x, /s, s, B, µs …
	Rounds []float64 `json:"rounds"`
	Value  float64   `json:"value"`
	// Goal bounds it; nil where there is none.
	Goal *Goal `json:"goal,omitempty"`
}

// Goal is what a figure is meant to be.
type Goal struct {
	Better string  `json:"better"` // "higher" or "lower"
	Aim    float64 `json:"aim"`
	Least  float64 `json:"least"`
}

// Verdict says how a value stands to its goal: "aim", "least" or "missed".
func (g Goal) Verdict(v float64) string {
	reaches := func(bound float64) bool {
		if g.Better == "higher" {
			return v >= bound
		}
		return v <= bound
	}
	switch {
	case reaches(g.Aim):
		return "aim"
	case reaches(g.Least):
		return "least"
	}
	return "missed"
}

// Side is one of the things compared: ours, the bare server, a rate, a level.
type Side struct {
	Name    string  `json:"name"`
	Loop    string  `json:"loop"` // "open" or "closed"
	Rounds  []Round `json:"rounds"`
	Latency string  `json:"latency,omitempty"` // all rounds, HdrHistogram V2 compressed, base64, microseconds
	Points  []Point `json:"points,omitempty"`  // over time, round after round
	Stages  []Stage `json:"stages,omitempty"`
}

// Round is one round's values, by name: rate, p50, p99, p99.9, cpu, errors …
// Times are in seconds.
type Round map[string]float64

// Values returns the value of that name in each round that has it.
func (s *Side) Values(name string) []float64 {
	var out []float64
	for _, r := range s.Rounds {
		if v, ok := r[name]; ok {
			out = append(out, v)
		}
	}
	return out
}

// Median is the median of [Side.Values].
func (s *Side) Median(name string) float64 { return stats.Median(s.Values(name)) }

// Point is one moment of a side. Resources are 0 where they were not read.
type Point struct {
	At       float64 `json:"t"` // seconds since the side's first round began, pauses left out
	Rate     float64 `json:"rate"`
	Errors   float64 `json:"errors"` // a second
	P50      float64 `json:"p50"`    // seconds
	P99      float64 `json:"p99"`
	CPU      float64 `json:"cpu,omitempty"` // processors used by the server
	RSS      float64 `json:"rss,omitempty"` // bytes
	GC       float64 `json:"gc,omitempty"`  // processors used for it
	FsyncP99 float64 `json:"fsyncP99,omitempty"`
	Batch    float64 `json:"batch,omitempty"` // operations in a write of the log
	Backlog  float64 `json:"backlog,omitempty"`
}

// Stage is a part of a message's way, from the server's own histograms.
type Stage struct {
	Name  string  `json:"name"`
	Mean  float64 `json:"mean"` // seconds
	P99   float64 `json:"p99"`  // upper bound of its bucket; 0: not known
	Count int64   `json:"count"`
}

// Audit is what became of a run's messages.
type Audit struct {
	Of         string   `json:"of"`
	Accepted   int      `json:"accepted"`
	Delivered  int      `json:"delivered"`
	Failed     int      `json:"failed"`
	Pending    int      `json:"pending"`
	Duplicates int      `json:"duplicates"` // explained by an unknown attempt
	Violations []string `json:"violations"`
}

// Table is rows for people.
type Table struct {
	Head []string   `json:"head"`
	Rows [][]string `json:"rows"`
}

// Violations lists what all audits found wrong.
func (r *Result) Violations() []string {
	var out []string
	for _, a := range r.Audits {
		for _, v := range a.Violations {
			out = append(out, a.Of+": "+v)
		}
	}
	return out
}

// Main is the side that the scenario is about: the first.
func (r *Result) Main() *Side {
	if len(r.Sides) == 0 {
		return &Side{}
	}
	return r.Sides[0]
}

// Values are the medians that conditions can name: those of the main side, and
// the figures by id.
func (r *Result) Values() map[string]float64 {
	out := map[string]float64{}
	for _, round := range r.Main().Rounds {
		for name := range round {
			out[name] = r.Main().Median(name)
		}
	}
	for _, f := range r.Figures {
		out[f.ID] = f.Value
	}
	return out
}

// Write writes the file.
func (r *Result) Write(path string) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// Read reads a file.
func Read(path string) (*Result, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	r, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("read result %s: %w", path, err)
	}
	return r, nil
}

// Parse reads the bytes of a file.
func Parse(b []byte) (*Result, error) {
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return nil, err
	}
	if version.Version != Version {
		return nil, fmt.Errorf("it has version %d, this program reads version %d", version.Version, Version)
	}
	r := &Result{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, err
	}
	for _, s := range r.Sides {
		if s == nil {
			return nil, fmt.Errorf("a side is null")
		}
	}
	return r, nil
}
