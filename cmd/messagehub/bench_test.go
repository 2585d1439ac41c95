package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"messagehub/bench/result"
)

// benchRun runs a scenario for a moment, and returns its result.
func benchRun(t *testing.T, wantCode int, args ...string) (r *result.Result, path, out string) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "result.json")
	args = append(append([]string{"bench"}, args...), "--dir", dir, "--rounds", "1", "--warmup", "0s", "--connections", "8", "--out", path)
	code, out, errText := cli(t, args...)
	if code != wantCode {
		t.Fatalf("%v: exit %d\n%s%s", args, code, out, errText)
	}
	r, err := result.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "bench-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the run leaves %v", left)
	}
	return r, path, out
}

// Kannel takes its configuration and the relay's turns alternate with its own:
// the provider behind it has each message once.
func TestBenchKannel(t *testing.T) {
	if _, err := os.Stat("/usr/sbin/bearerbox"); err != nil {
		t.Skip("Kannel is not installed: apt-get install --no-install-recommends kannel")
	}
	r, _, _ := benchRun(t, exitOK, "kannel", "--each", "1s", "--kannel-spool", t.TempDir())
	for _, s := range r.Sides {
		if s.Median("delivered") <= 0 || s.Median("cpu") <= 0 {
			t.Errorf("%s: %v", s.Name, s.Rounds)
		}
	}
	if len(r.Sides) != 2 || len(r.Figures) != 3 || r.Figures[0].ID != "deliver.kannel" || r.Figures[0].Value <= 0 {
		t.Errorf("%d sides, figures %+v", len(r.Sides), r.Figures)
	}
}

// A second of load on a whole relay, with simulators in a process of their
// own: every message is accounted for.
func TestBenchDeliverIsAudited(t *testing.T) {
	r, path, out := benchRun(t, exitOK, "deliver", "--each", "1s")
	if len(r.Audits) != 1 {
		t.Fatalf("audits %+v", r.Audits)
	}
	a := r.Audits[0]
	if a.Accepted == 0 || a.Accepted != a.Delivered || a.Failed+a.Pending+len(a.Violations) > 0 {
		t.Errorf("audit %+v", a)
	}
	var stages []string
	for _, s := range r.Main().Stages {
		stages = append(stages, s.Name)
	}
	if got := strings.Join(stages, " "); got != "accept fsync queue provider receipt" {
		t.Errorf("stages %s", got)
	}
	if r.Sides[0].Loop != "closed" || r.Sides[1].Loop != "open" || !strings.Contains(out, "closed") {
		t.Errorf("loops %s and %s", r.Sides[0].Loop, r.Sides[1].Loop)
	}
	html := filepath.Join(t.TempDir(), "report.html")
	if code, _, errText := cli(t, "bench", "report", path, "--out", html); code != exitOK {
		t.Fatalf("report: exit %d, %s", code, errText)
	}
	if page, err := os.ReadFile(html); err != nil || !strings.Contains(string(page), "Audit clean") {
		t.Errorf("report: %v", err)
	}
	if code, text, _ := cli(t, "bench", "compare", path, path); code != exitOK || !strings.Contains(text, "as many as it takes rate") {
		t.Errorf("compare: exit %d, %s", code, text)
	}
	if code, text, _ := cli(t, "bench", "export", path); code != exitOK || !regexp.MustCompile(`(?m)^BenchmarkDeliver/.* messages/s`).MatchString(text) {
		t.Errorf("export: exit %d, %s", code, text)
	}
	if code, text, _ := cli(t, "bench", "export", path, "--form", "hgrm"); code != exitOK || !strings.Contains(text, "TotalCount") {
		t.Errorf("export: exit %d, %s", code, text)
	}
}

// What is required and not reached ends with 1; the result is kept all the
// same.
func TestBenchRequire(t *testing.T) {
	r, _, _ := benchRun(t, exitFailure, "accept", "--closed", "--each", "300ms", "--require", "p99<1ns")
	if a := r.Audits[0]; a.Accepted == 0 || a.Pending != a.Accepted || len(a.Violations) > 0 {
		t.Errorf("audit %+v", a)
	}
	for _, args := range [][]string{
		{"bench", "accept", "--require", "p99"},
		{"bench", "accept", "--each", "1ms"},
		{"bench", "load", "--target", "nowhere"},
		{"bench", "accept", "--rounds", "0"},
		{"bench", "nothing"},
	} {
		if code, _, errText := cli(t, args...); code != exitUsage {
			t.Errorf("%v: exit %d, %s", args, code, errText)
		}
	}
}

// The generator alone, against a relay that runs already.
func TestBenchLoadOnARunningRelay(t *testing.T) {
	d := startDemo(t, t.TempDir())
	t.Setenv("MESSAGEHUB_KEY", d.TestKey)
	r, _, _ := benchRun(t, exitOK, "load", "--target", d.API, "--rate", "50", "--each", "500ms")
	if m := r.Main(); m.Loop != "open" || m.Median("messages") != 25 || m.Median("errors") != 0 {
		t.Errorf("%+v", m.Rounds)
	}
}

// Recipients have an order, batches and receipts are audited, and a relay comes
// back after kill -9 with all it had.
func TestBenchScenariosInSmall(t *testing.T) {
	for _, args := range [][]string{
		{"batch", "--size", "50"},
		{"distribute", "--per-second", "200", "--rate", "50"},
		{"receipts", "--messages", "200"},
		{"recovery", "--stored", "500", "--pending", "100"},
		{"shed", "--flood", "200"},
		{"growth", "--few", "100", "--stored", "300", "--workspaces", "20", "--keys", "40", "--clients", "4", "--rate", "200"},
		{"footprint", "--stored", "300", "--pending", "200"},
	} {
		r, _, _ := benchRun(t, exitOK, append(args, "--each", "500ms")...)
		for _, a := range r.Audits {
			if a.Accepted == 0 || a.Accepted != a.Delivered+a.Failed+a.Pending || len(a.Violations) > 0 {
				t.Errorf("%s: audit %+v", args[0], a)
			}
		}
		if len(r.Audits) == 0 || len(r.Figures) == 0 {
			t.Errorf("%s: %d audits, %d figures", args[0], len(r.Audits), len(r.Figures))
		}
	}
}

// One signal ends the whole suite, not only the scenario that it comes to.
func TestBenchSuiteIsInterrupted(t *testing.T) {
	cmd := exec.Command(buildBinary(t), "bench", "suite", "--only", "accept,batch", "--each", "500ms", "--connections", "8", "--dir", t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	begun := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if !strings.HasPrefix(lines.Text(), "$ ") {
			continue
		}
		if begun++; begun == 1 {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
		}
	}
	if code := exitOf(t, cmd); code != exitFailure || begun != 1 {
		t.Errorf("exit %d after %d scenarios", code, begun)
	}
}

// Contacts are imported, found by their phone numbers, and one of them erased.
func TestBenchContacts(t *testing.T) {
	r, _, _ := benchRun(t, exitOK, "contacts", "--contacts", "300", "--lookups", "100")
	if m := r.Main(); m.Loop != "closed" || m.Median("messages") != 100 {
		t.Errorf("%s loop, %+v", m.Loop, m.Rounds)
	}
	for _, f := range r.Figures {
		if f.What == "" || f.Value <= 0 {
			t.Errorf("figure %+v", f)
		}
	}
	if len(r.Figures) != 5 {
		t.Errorf("%d figures", len(r.Figures))
	}
	if code, _, errText := cli(t, "bench", "contacts", "--contacts", "0"); code == exitOK || !strings.Contains(errText, "--contacts") {
		t.Errorf("no contacts: exit %d, %s", code, errText)
	}
}
