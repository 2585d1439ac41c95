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

// A provider's own codes are told by the tables that its adapter runs on.
func TestExplainCodesOfProviders(t *testing.T) {
	for line, want := range map[string][]string{
		"twilio 30003":    {"30003 of twilio, in a delivery receipt:", "recipient_unreachable", "The attempt ends", "Give the message a fallback"},
		"sms 30001":       {"rate_limited", "The relay tries again after a pause", "60 s at the least"},
		"twilio 21610":    {"in the answer to a send:", "opted_out"},
		"whatsapp 131026": {"131026 of meta, in the answer to a send, or a delivery receipt:", "not_on_channel"},
		"whatsapp 190":    {"The relay stops using the sender", "in a delivery receipt:"},
		"meta 100":        {"content_rejected", "with the subcode 33:", "bad_credentials"},
		"kakao 1002":      {"1002 of nhn, in the result of a delivery:", "-1002 of nhn, in the answer to a send:"},
		"zalo -- -118":    {"to a phone number:", "not_on_channel"},
		"zalo 100":        {"-100 of zalo", "media_unavailable", "provider_error"},
		"viber 6":         {"6 of infobip", "6 of viber-bot"},
		"telegram 403":    {`"blocked by the user", or an answer with the words "was kicked":`, "any other answer:", "recipient_restricted"},
		"line 429":        {"monthly limit", "quota_exceeded", "any other answer:", "rate_limited"},
		"smpp 0x0d":       {"the answer to a bind", "bad_credentials"},
	} {
		got := mustRun(t, append([]string{"explain"}, strings.Split(line, " ")...)...)
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("%s lacks %q:\n%s", line, part, got)
			}
		}
	}
	if got := mustRun(t, "explain", "twilio", "30008", "-o", "json"); !strings.HasPrefix(got, `[{"channel":"sms","provider":"twilio","code":"30008","meanings":[{"where":"a delivery receipt","code":"provider_error","class":"provider"`) ||
		!strings.Contains(got, `"retryAfter":30`) {
		t.Error(got)
	}
	for line, want := range map[string]string{
		"twilio 1": "no entry", "twillio 30003": `did you mean "twilio"?`, "twilio": "messagehub explain twilio CODE", "zalo -118": "without its sign",
		"smpp 14": "no entry", "line 409": "no entry", "sms x": "no entry",
	} {
		if code, _, errText := run(append([]string{"explain"}, strings.Split(line, " ")...)...); code != exitUsage || !strings.Contains(errText, want) {
			t.Errorf("%s: %d %s", line, code, errText)
		}
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
		"explain twi":                                       "twilio",
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
