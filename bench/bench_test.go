package bench

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"messagehub/bench/load"
	"messagehub/bench/result"
	"messagehub/store/message/mutate"
)

const exposed = `# HELP messagehub_commit_seconds x
# TYPE messagehub_commit_seconds histogram
messagehub_commit_seconds_bucket{le="0.001"} 90
messagehub_commit_seconds_bucket{le="0.01"} 99
messagehub_commit_seconds_bucket{le="+Inf"} 100
messagehub_commit_seconds_sum 0.2
messagehub_commit_seconds_count 100
messagehub_backlog_messages{channel="sms",test="true"} 7
messagehub_backlog_messages{channel="sms",test="false"} 3
messagehub_events_total{channel="sms",type="message.delivered"} 5
messagehub_events_total{channel="sms",type="message.sent"} 9
messagehub_events_total{channel="whatsapp",type="message.expired"} 2
broken
also broken x
nan NaN
`

func TestMetrics(t *testing.T) {
	m := parseMetrics([]byte(exposed))
	h := m.histogram("messagehub_commit_seconds")
	if h.count != 100 || h.mean() != 0.002 || h.quantile(0.9) != 0.001 || h.quantile(0.99) != 0.01 || h.quantile(0.999) != 0 {
		t.Errorf("%+v", h)
	}
	if m.backlog() != 10 || m.ended() != 7 || m.sum("messagehub_backlog_messages", `test="true"`) != 7 {
		t.Errorf("backlog %g, ended %g", m.backlog(), m.ended())
	}
	if _, ok := m["nan"]; ok {
		t.Error("a sample that is no number")
	}
	if d := m.minus(m); d.ended() != 0 || d.histogram("messagehub_commit_seconds").mean() != 0 {
		t.Errorf("%v", d)
	}
}

func FuzzMetrics(f *testing.F) {
	mutate.Bytes(f, [][]byte{[]byte(exposed)}, func(t testing.TB, b []byte) {
		m := parseMetrics(b)
		h := m.histogram("messagehub_commit_seconds")
		if q := h.quantile(0.99); math.IsNaN(q) || math.IsInf(q, 0) {
			t.Errorf("quantile %g", q)
		}
		_, _, _ = m.backlog(), m.ended(), stages(m)
	})
}

func TestStagesAddUp(t *testing.T) {
	m := scrape{
		"messagehub_time_to_sent_seconds_sum{a}": 10, "messagehub_time_to_sent_seconds_count{a}": 10,
		"messagehub_provider_seconds_sum": 3, "messagehub_provider_seconds_count": 10,
		"messagehub_time_to_delivered_seconds_sum": 15, "messagehub_time_to_delivered_seconds_count": 10,
	}
	sum := 0.0
	var names []string
	for _, s := range stages(m) {
		sum += s.Mean
		names = append(names, s.Name)
	}
	if math.Abs(sum-1.5) > 1e-9 || !slices.Equal(names, []string{"queue", "provider", "receipt"}) {
		t.Errorf("%v with %g s in all", names, sum)
	}
}

func TestSearch(t *testing.T) {
	for _, limit := range []int{0, 9, 10, 95, 100, 137, 640} {
		tried := 0
		got, err := search(100, 10, func(n int) (bool, error) { tried++; return n <= limit, nil })
		if want := limit / 10 * 10; err != nil || got != want || tried > 12 {
			t.Errorf("limit %d: found %d in %d tries, %v", limit, got, tried, err)
		}
	}
	failure := errors.New("x")
	if _, err := search(1, 1, func(int) (bool, error) { return false, failure }); !errors.Is(err, failure) {
		t.Error(err)
	}
}

func TestBisect(t *testing.T) {
	for _, limit := range []float64{0, 500, 9000, 20_000} {
		got, err := bisect(10_000, 0.02, func(rate float64) (bool, error) { return rate <= limit, nil })
		want := min(limit, 10_000)
		if err != nil || got > want || got < want*0.96-1 {
			t.Errorf("limit %g: found %g, %v", limit, got, err)
		}
	}
}

func TestTables(t *testing.T) {
	ids := map[string]bool{}
	for _, a := range Aims() {
		if ids[a.ID] || a.What == "" || a.Command == "" {
			t.Errorf("figure %q is there twice, or says too little", a.ID)
		}
		ids[a.ID] = true
		name, _, _ := strings.Cut(a.Command, " ")
		if _, ok := Find(name); !ok {
			t.Errorf("figure %s: there is no scenario %s", a.ID, name)
		}
	}
	for _, p := range append(Suite(false), Suite(true)...) {
		e, ok := Find(p.Scenario)
		if !ok {
			t.Fatalf("the suite has a scenario %q", p.Scenario)
		}
		f := flag.NewFlagSet("", flag.ContinueOnError)
		s := e.New()
		if s.Flags(f); f.Parse(p.Flags) != nil {
			t.Errorf("%s does not take %v", p.Scenario, p.Flags)
		}
	}
	for _, a := range Aims() {
		name, _, _ := strings.Cut(a.Command, " ")
		if a.Goal != nil && !slices.ContainsFunc(Suite(false), func(p Planned) bool { return p.Scenario == name }) {
			t.Errorf("figure %s has a goal, and the suite does not measure it", a.ID)
		}
	}
}

func TestSheet(t *testing.T) {
	s := &Sheet{Date: "2026-11-26", Machine: "2 × CPU", Others: 0.25, Version: "v1 go1"}
	s.Rows = []SheetRow{{"accept.throughput", 0.61, 5, "messagehub bench accept"}, {"batch.throughput", 9, 5, "messagehub bench batch"}}
	var text strings.Builder
	if err := s.Write(&text); err != nil {
		t.Fatal(err)
	}
	again, err := ParseSheet([]byte(text.String()))
	if err != nil || again.Date != s.Date || again.Others != s.Others || len(again.Rows) != 2 || again.Rows[0] != s.Rows[0] {
		t.Errorf("%+v, %v", again, err)
	}
	readme, err := s.Rewrite([]byte("a\n" + figuresBegin + "old\n" + figuresEnd + "b\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a\n" + figuresBegin, figuresEnd + "b\n", "0.61 × (missed)", "**9.00 ×**", "not measured", "≥ 0.90 × / 0.78 ×"} {
		if !bytes.Contains(readme, []byte(want)) {
			t.Errorf("no %q in\n%s", want, readme)
		}
	}
	if twice, err := s.Rewrite(readme); err != nil || !bytes.Equal(twice, readme) {
		t.Error("written twice is not the same")
	}
	if _, err := s.Rewrite([]byte("no marks")); err == nil {
		t.Error("a file without marks is written")
	}
	for _, bad := range []string{"a\tb\tc\td", "only one field", "a\t1\tx\tc"} {
		if _, err := ParseSheet([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

// The README's table is that of the newest kept figures.
func TestReadmeAgreesWithResults(t *testing.T) {
	sheet, err := Newest("results")
	if err != nil {
		t.Fatal(err)
	}
	is, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := sheet.Rewrite(is)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(is, want) {
		t.Error("README.md has other figures than the newest file of bench/results: run \"messagehub bench figures --write README.md\"")
	}
}

// dirty is a scenario whose audit finds something.
type dirty struct{ audit result.Audit }

func (dirty) Flags(*flag.FlagSet) {}
func (d dirty) Run(_ context.Context, b *Bench) error {
	s := b.side("x")
	s.Loop, s.Rounds = "open", []result.Round{{"rate": 1, "late": 0.5, "withheld": 0.2}}
	b.figure("accept.throughput", 0.5, 0.7)
	b.result.Audits = append(b.result.Audits, d.audit)
	return nil
}

func TestRunFailsOnViolations(t *testing.T) {
	run := func(a result.Audit) (*result.Result, error) {
		return Run(t.Context(), Entry{Name: "dirty"}, dirty{a}, Options{Dir: t.TempDir(), Rounds: 1, Connections: 1}, Product{}, "x", &Lines{W: io.Discard})
	}
	r, err := run(result.Audit{Of: "relay", Violations: []string{"1 lost"}})
	if err == nil || !strings.Contains(err.Error(), "relay: 1 lost") || r == nil {
		t.Errorf("%v, result %v", err, r)
	}
	if r, err = run(result.Audit{Of: "relay"}); err != nil || len(r.Notes) < 2 || r.Figures[0].Value != 0.6 || r.Figures[0].Goal == nil {
		t.Errorf("%+v, %v", r, err)
	}
	var out strings.Builder
	if err := Print(&out, r); err != nil || !strings.Contains(out.String(), "missed") || !strings.Contains(out.String(), "note: x: the generator") ||
		!strings.Contains(out.String(), "did not keep this rate: 20.0 %") {
		t.Errorf("%s %v", out.String(), err)
	}
}

func TestBusyTicks(t *testing.T) {
	if n := busyTicks([]byte("cpu  1 2 4 1000 2000 8 16 32 0 0\ncpu0 5 5 5\n")); n != 63 {
		t.Errorf("%d ticks", n)
	}
	if n := busyTicks(nil); n != 0 {
		t.Errorf("%d ticks of nothing", n)
	}
}

func TestViews(t *testing.T) {
	play := func(v View) {
		v.Step(Step{Name: "relay", N: 1, Of: 2, Length: 500 * time.Millisecond})
		v.Interval(load.Interval{Accepted: 100, P99: 3 * time.Millisecond}, 5)
		v.Interval(load.Interval{Accepted: 300, Errors: 2, P99: time.Millisecond}, 9)
		v.Say("auditing")
		v.Close()
	}
	var lines, screen strings.Builder
	play(&Lines{W: &lines})
	if lines.String() != "1/2 relay: 800/s, p99 at most 3ms, 2 errors, backlog 9\nauditing\n" {
		t.Errorf("%q", lines.String())
	}
	play(NewTerminal(&screen))
	if !strings.Contains(screen.String(), "backlog 9") || !strings.HasSuffix(screen.String(), lines.String()) || strings.Contains(lines.String(), "\x1b") {
		t.Errorf("%q", screen.String())
	}
	s := Step{N: 3, Of: 4, Since: 10 * time.Second}
	if s.left() != 10*time.Second {
		t.Errorf("%v left", s.left())
	}
}
