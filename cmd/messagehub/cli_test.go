package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testContext() context.Context { return context.Background() }

// commands returns every command line that has help.
func helpLines(t *testing.T) [][]string {
	t.Helper()
	var lines [][]string
	var walk func(prefix []string)
	walk = func(prefix []string) {
		lines = append(lines, prefix)
		cmd, _, err := rootCommand(streams{}, new(bool)).Find(prefix)
		if err != nil {
			t.Fatal(err)
		}
		for _, sub := range cmd.Commands() {
			walk(append(append([]string(nil), prefix...), sub.Name()))
		}
	}
	walk(nil)
	return lines
}

func TestEveryCommandHasHelp(t *testing.T) {
	lines := helpLines(t)
	if len(lines) < 20 {
		t.Fatalf("only %d commands", len(lines))
	}
	for _, line := range lines {
		code, out, errText := run(append(line, "--help")...)
		if code != 0 || !strings.Contains(out, "Usage:") || errText != "" {
			t.Errorf("%v --help: %d %q", line, code, errText)
		}
		for _, text := range strings.Split(out, "\n") {
			if len([]rune(text)) > 160 {
				t.Errorf("%v --help: a line of %d characters", line, len([]rune(text)))
			}
		}
	}
}

func TestWrongCommandLines(t *testing.T) {
	t.Setenv(envURL, "")
	t.Setenv(envKey, "")
	empty := t.TempDir()
	for _, c := range []struct {
		line string
		code int
		text string
	}{
		{"nonsense", exitUsage, "unknown command"},
		{"demo extra", exitUsage, "unknown command"},
		{"demo --nonsense", exitUsage, "unknown flag"},
		{"demo --requests-per-minute 0", exitUsage, "1 to"},
		{"serve", exitUsage, `required flag(s) "config"`},
		{"serve -c " + empty + "/none.yaml", exitConfig, "no such file"},
		{"config check", exitUsage, "accepts 1 arg"},
		{"config check " + empty + "/none.yaml", exitConfig, "no such file"},
		{"keys create --data " + empty, exitUsage, `required flag(s) "workspace"`},
		{"keys list --data " + empty + "/none", exitFailure, "no store"},
		{"keys list -o xml --data " + empty, exitUsage, "table or json"},
		{"keys", 0, ""},
		{"workspaces create a --tier pro --per-minute 5", exitUsage, "none of the others can be"},
		{"backup", exitUsage, "accepts 1 arg"},
		{"send hello", exitUsage, envKey},
		{"messages get msg_x", exitUsage, envKey},
		{"sim --throttle 2", exitUsage, "knobs"},
	} {
		code, _, errText := run(strings.Fields(c.line)...)
		if code != c.code || !strings.Contains(errText, c.text) {
			t.Errorf("%s: exit %d, %q; want %d, %q", c.line, code, errText, c.code, c.text)
		}
		if strings.Contains(errText, "panic") || strings.Contains(errText, "goroutine") {
			t.Errorf("%s: %s", c.line, errText)
		}
	}
}

func TestConfigCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "messagehub.yaml")
	if err := os.WriteFile(file, []byte("data: /d\nsendrs:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errText := run("config", "check", file)
	if code != exitConfig || out != "" || !strings.Contains(errText, file+":2:1: sendrs is not a known key") || !strings.Contains(errText, `did you mean "senders"?`) {
		t.Errorf("exit %d\n%s%s", code, out, errText)
	}
	code, out, errText = run("config", "check", "--skip-secrets", "../../deploy/messagehub.yaml")
	if code != 0 || !strings.Contains(out, "is valid: senders: whatsapp 1, telegram 1, ") || !strings.Contains(out, "sms 5") {
		t.Errorf("exit %d\n%s%s", code, out, errText)
	}
}

func TestVersionAndCompletion(t *testing.T) {
	if code, out, _ := run("version"); code != 0 || !strings.HasPrefix(out, "messagehub ") {
		t.Errorf("version: %d %s", code, out)
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if code, out, _ := run("completion", shell); code != 0 || !strings.Contains(out, "messagehub") {
			t.Errorf("completion %s: %d", shell, code)
		}
	}
}

// The commands of clients against a real server.
func TestSendAndMessages(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	t.Setenv(envURL, th.URL())
	t.Setenv(envKey, th.key)
	code, out, errText := run("send", "--channel", "whatsapp", "--to", "sim:not_on_channel", "--fallback", "sms", "--timeout", "30s", "--wait", "10s", "Hello")
	if code != 0 || !strings.HasPrefix(out, "msg_") {
		t.Fatalf("send: %d %s %s", code, out, errText)
	}
	id, _, _ := strings.Cut(out, " ")
	th.await(id, "message.failed")
	if code, out, _ := run("messages", "get", id); code != 0 || !strings.Contains(out, "not_on_channel") || !strings.Contains(out, "message.fallback") {
		t.Errorf("get: %d %s", code, out)
	}
	if code, out, _ := run("messages", "get", id, "-o", "json"); code != 0 || !strings.HasPrefix(out, `{"id":"`+id) {
		t.Errorf("get -o json: %d %s", code, out)
	}
	if code, out, _ := run("messages", "list", "--status", "failed"); code != 0 || !strings.Contains(out, id) {
		t.Errorf("list: %d %s", code, out)
	}
	if code, _, errText := run("messages", "list", "--status", "delivered"); code != 0 || !strings.Contains(errText, "no messages match") {
		t.Errorf("empty list: %d %s", code, errText)
	}
	code, _, errText = run("send", "--channel", "wattsapp", "Hello")
	if code != exitFailure || !strings.Contains(errText, "unsupported_channel") || !strings.Contains(errText, "\n  - ") || strings.Contains(errText, th.key) {
		t.Errorf("faulty send: %d %s", code, errText)
	}
	t.Setenv(envKey, "cpk_test_nonsense")
	if code, _, errText := run("messages", "list"); code != exitDenied || !strings.Contains(errText, "invalid_key") {
		t.Errorf("wrong key: %d %s", code, errText)
	}
	t.Setenv(envURL, "http://127.0.0.1:1")
	if code, _, errText := run("messages", "list"); code != exitUnavailable || !strings.Contains(errText, "connection refused") {
		t.Errorf("no server: %d %s", code, errText)
	}
}
