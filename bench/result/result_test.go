package result

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"messagehub/store/message/json"
	"messagehub/store/message/mutate"
)

// sample is a result with two sides, a figure and an audit. factor scales its
// rates.
func sample(t testing.TB, factor float64) *Result {
	h := hdrhistogram.New(1, 60_000_000, 3)
	for i := int64(1); i <= 1000; i++ {
		if err := h.RecordValue(i * 10); err != nil {
			t.Fatal(err)
		}
	}
	r := &Result{
		Version: Version, Scenario: "accept", Title: "Durable 202s", Command: "messagehub bench accept --rounds 3",
		Started: time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC), Took: time.Minute,
		Machine: Machine{CPUs: 2, Model: "Some CPU", Memory: 24 << 30, OS: "linux/amd64", FileSystem: "ext4"},
		Build:   Build{Version: "v1", Go: "go1.26"},
		Figures: []Figure{{ID: "accept.throughput", Unit: "x", Rounds: []float64{0.8 * factor, 0.81 * factor, 0.82 * factor, 0.83 * factor}, Value: 0.815 * factor, Goal: &Goal{"higher", 0.9, 0.78}}},
		Audits:  []Audit{{Of: "relay", Accepted: 3, Pending: 3}},
	}
	for _, name := range []string{"relay", "bare server"} {
		s := &Side{Name: name, Loop: "open"}
		for i := range 4 {
			s.Rounds = append(s.Rounds, Round{"rate": factor * float64(1000+i), "p99": 0.01 + float64(i)/1e4, "cpu": 20e-6, "messages": 1000, "errors": 0, "per-pending": 8})
		}
		if err := s.SetLatency(h); err != nil {
			t.Fatal(err)
		}
		r.Sides = append(r.Sides, s)
	}
	return r
}

func TestWriteAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	was := sample(t, 1)
	if err := was.Write(path); err != nil {
		t.Fatal(err)
	}
	is, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(was)
	b, _ := json.Marshal(is)
	if string(a) != string(b) {
		t.Errorf("wrote %s\nread  %s", a, b)
	}
	h, err := is.Main().Histogram()
	if err != nil || h.TotalCount() != 1000 || h.ValueAtQuantile(50) != 5003 {
		t.Errorf("histogram of %d values, median %d, %v", h.TotalCount(), h.ValueAtQuantile(50), err)
	}
	if v := is.Values(); v["rate"] != 1001.5 || v["accept.throughput"] != 0.815 {
		t.Errorf("values %v", v)
	}
	was.Version = 99
	if err := was.Write(path); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("another version: %v", err)
	}
}

func TestCompare(t *testing.T) {
	a, b := sample(t, 1), sample(t, 1.2)
	d, err := Compare(a, b, false)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := map[string]string{}
	for _, one := range d {
		verdicts[one.Name] = one.Verdict()
	}
	for name, want := range map[string]string{"relay rate": "better", "relay p99": "~", "relay cpu": "~", "accept.throughput": "better"} {
		if verdicts[name] != want {
			t.Errorf("%s: %q, want %q", name, verdicts[name], want)
		}
	}
	var out strings.Builder
	if err := PrintDifferences(&out, d); err != nil || !strings.Contains(out.String(), "+20.0 %") {
		t.Errorf("%s %v", out.String(), err)
	}
	b.Machine.CPUs = 64
	if _, err := Compare(a, b, false); !errors.Is(err, ErrUnlike) {
		t.Errorf("unlike machines: %v", err)
	}
	if _, err := Compare(a, b, true); err != nil {
		t.Errorf("unlike machines anyway: %v", err)
	}
	b.Scenario = "batch"
	if _, err := Compare(a, b, true); err == nil {
		t.Error("different scenarios are compared")
	}
}

func TestGoal(t *testing.T) {
	higher, lower := Goal{"higher", 0.9, 0.78}, Goal{"lower", 1.25, 1.5}
	for v, want := range map[float64]string{0.9: "aim", 0.8: "least", 0.7: "missed"} {
		if got := higher.Verdict(v); got != want {
			t.Errorf("higher, %g: %s", v, got)
		}
	}
	for v, want := range map[float64]string{1.25: "aim", 1.4: "least", 1.6: "missed"} {
		if got := lower.Verdict(v); got != want {
			t.Errorf("lower, %g: %s", v, got)
		}
	}
}

func TestExports(t *testing.T) {
	r := sample(t, 1)
	var bench strings.Builder
	if err := r.WriteBench(&bench); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"goos: linux/amd64\n", "\nBenchmarkAccept/relay-2\t1000\t20000 cpu-ns/op\t0 errors\t1e+07 p99-ns\t8 per-pending\t1000 messages/s\n",
		"\nBenchmarkAccept/bare_server-2\t", "\nBenchmarkFigure/accept.throughput-2\t1\t0.8 x\n",
	} {
		if !strings.Contains(bench.String(), want) {
			t.Errorf("no %q in\n%s", want, bench.String())
		}
	}
	var hgrm strings.Builder
	if err := r.Main().WriteHGRM(&hgrm); err != nil || !strings.Contains(hgrm.String(), "TotalCount") || !strings.Contains(hgrm.String(), "#[Mean") {
		t.Errorf("%v\n%s", err, hgrm.String())
	}
	if err := (&Side{Name: "x"}).WriteHGRM(&hgrm); err == nil {
		t.Error("a side without latency is exported")
	}
}

// FuzzParse: a file that was tampered with is an error, or a result that can be
// looked at.
func FuzzParse(f *testing.F) {
	good, err := json.Marshal(sample(f, 1))
	if err != nil {
		f.Fatal(err)
	}
	mutate.Bytes(f, [][]byte{good, []byte(`{"version":1,"sides":[null]}`), []byte(`{"version":1,"sides":[{"latency":"HISTFAAAA"}]}`)}, func(_ testing.TB, b []byte) {
		r, err := Parse(b)
		if err != nil {
			return
		}
		for _, s := range r.Sides {
			_, _ = s.Histogram()
		}
		_, _ = Compare(r, r, true)
		_ = r.Values()
		_ = r.Violations()
	})
}
