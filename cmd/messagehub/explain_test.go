package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestExplain(t *testing.T) {
	for code, e := range explanations() {
		if e.Request == nil && e.Attempt == nil || e.Request != nil && e.Request.Hint == "" || e.Attempt != nil && (e.Attempt.Remedy == "" || e.Attempt.Action == "") {
			t.Errorf("%s is not explained: %+v", code, e)
		}
	}
	both := mustRun(t, "explain", "rate_limited")
	for _, want := range []string{"rate_limited, as the answer to a request:", "429", "rate_limited, as the end of an attempt:", "The relay waits before it sends from this sender again."} {
		if !strings.Contains(both, want) {
			t.Errorf("lacks %q:\n%s", want, both)
		}
	}
	if got := mustRun(t, "explain", "success_timeout", "-o", "json"); !strings.HasPrefix(got, `{"code":"success_timeout","attempt":{"class":"expired",`) {
		t.Error(got)
	}
	if got := mustRun(t, "explain"); strings.Count(got, "\n") < len(codes()) {
		t.Error(got)
	}
	if code, _, errText := run("explain", "not_on_chanel"); code != exitUsage || !strings.Contains(errText, `did you mean "not_on_channel"?`) {
		t.Errorf("%d %s", code, errText)
	}
}

// The shell completes what only the program knows.
func TestCompletionOfValues(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	for line, want := range map[string]string{
		"send --channel wh":                                 "whatsapp",
		"send --fallback telegram,s":                        "telegram,sms",
		"messages list --status del":                        "delivered",
		"trigger --channel ka":                              "kakao",
		"trigger dup":                                       "duplicate",
		"listen --events message.delivered,message.fai":     "message.delivered,message.failed",
		"explain not_on":                                    "not_on_channel",
		"keys create --scopes messages:send,messages:r":     "messages:send,messages:read",
		"keys list -o j":                                    "json",
		"channels pause --sandbox --data " + dir + " sms/s": "sms/sandbox",
		"channels list --data " + t.TempDir() + " s":        "",
	} {
		out := mustRun(t, append([]string{"__complete"}, strings.Split(line, " ")...)...)
		got, _, _ := strings.Cut(out, "\n")
		if strings.HasPrefix(got, ":") { // the directive alone
			got = ""
		}
		if got != want {
			t.Errorf("%s completes to %q, want %q", line, got, want)
		}
	}
	th.stop()
}

func TestManualHasAPageForEveryCommand(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	if out := mustRun(t, "docs", "man", dir); !strings.HasSuffix(out, " pages in "+dir+"\n") {
		t.Error(out)
	}
	for _, line := range helpLines(t) {
		name := strings.Join(append([]string{"messagehub"}, line...), "-") + ".1"
		page, err := os.ReadFile(filepath.Join(dir, name))
		if cmd := commandOf(t, line); err != nil && !hidden(cmd) && cmd.Name() != "help" || err == nil && !strings.Contains(string(page), ".TH") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func hidden(cmd *cobra.Command) bool {
	return cmd.Hidden || cmd.HasParent() && hidden(cmd.Parent())
}

func commandOf(t *testing.T, line []string) *cobra.Command {
	t.Helper()
	cmd, _, err := rootCommand(streams{}, new(bool)).Find(line)
	if err != nil {
		t.Fatal(err)
	}
	return cmd
}

// Whatever lists or shows something does so for programs, too.
func TestEveryListingHasJSON(t *testing.T) {
	n := 0
	for _, line := range helpLines(t) {
		cmd := commandOf(t, line)
		if shows := strings.HasPrefix(cmd.Short, "List ") || strings.HasPrefix(cmd.Short, "Show "); shows {
			if n++; cmd.Flag("output") == nil {
				t.Errorf("%v has no -o", line)
			}
		}
	}
	if n < 8 {
		t.Errorf("only %d listings", n)
	}
}
