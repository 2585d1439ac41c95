package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestRotateUnderLoad: the provider takes a new token and a new secret in place
// of the old ones, three times, while clients send; each time the relay meets
// the refusal, sends by another sender, and goes on with the new token after a
// SIGHUP. Receipts under way are signed with the old secret. Nothing is lost,
// and nothing sent twice.
func TestRotateUnderLoad(t *testing.T) {
	r := newRotating(t)
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range crashClients {
		clients.Go(func() { r.client(ctx, i) })
	}
	for round := 1; round <= 3; round++ {
		r.rotate(round)
		r.hangup(r.simulator, "sim.log", "configuration reloaded", round)
		r.untilLogged("relay.log", "breaker lane=whatsapp sender=main state=open", round)
		r.hangup(r.relay, "relay.log", "configuration reloaded", round)
		const byMain = "channel=whatsapp test=false sender=main outcome=accepted"
		r.untilLogged("relay.log", byMain, r.logged("relay.log", byMain)+50)
	}
	stop()
	clients.Wait()
	audit := r.settle()
	t.Logf("3 rotations: %s", audit)
	if err := audit.Err(); err != nil {
		t.Error(err)
	}
	if audit.Unknown != 0 || audit.Duplicates != 0 {
		t.Errorf("%d attempts of unknown outcome, %d duplicates", audit.Unknown, audit.Duplicates)
	}
	for text, n := range r.received() {
		if n != 1 {
			t.Errorf("%s was received %d times", text, n)
		}
	}
	if audit.Messages < 100 {
		t.Errorf("only %d messages: the run proves little", audit.Messages)
	}
}

// TestFormerSecretsOutliveARestart: a secret that a SIGHUP has replaced signs
// receipts after kill -9, too, and is in no file as it is.
func TestFormerSecretsOutliveARestart(t *testing.T) {
	r := newRotating(t)
	r.rotate(1)
	r.hangup(r.relay, "relay.log", "configuration reloaded", 1)
	for when := range 2 {
		for round, want := range []int{200, 200, 401} {
			body := `{"object":"whatsapp_business_account","entry":[]}`
			mac := hmac.New(sha256.New, fmt.Appendf(nil, "secret of round %d", round))
			mac.Write([]byte(body))
			a := request(t, "POST", r.api+"/api/v1/webhooks/delivery/whatsapp/main", "", body, "X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
			if a.status != want {
				t.Errorf("after %d restarts, signed with the secret of round %d: %d %s", when, round, a.status, a.body)
			}
		}
		r.relay.kill()
		r.startRelay()
	}
	holds(t, filepath.Join(r.dir, "data"), "secret of round", false)
}

// TestSendersComeAndGo: a SIGHUP adds a sender and takes one away; then one
// with a fault changes nothing.
func TestSendersComeAndGo(t *testing.T) {
	r := newRotating(t)
	whatsapp := func(from string) answered {
		return request(t, "POST", r.api+"/api/v1/messages/send", r.key, `{"to":"+919876512345","channel":"whatsapp","from":"`+from+`","content":"to and fro"}`)
	}
	if a := whatsapp("other"); a.status != http.StatusBadRequest || a.code(t) != "unknown_sender" {
		t.Errorf("before it is there: %d %s", a.status, a.body)
	}
	source := r.source()
	r.write(strings.Replace(source, "name: spare", "name: other", 1))
	r.hangup(r.relay, "relay.log", "configuration reloaded", 1)
	if a := whatsapp("other"); a.status != http.StatusAccepted {
		t.Errorf("once it is there: %d %s", a.status, a.body)
	}
	if a := whatsapp("spare"); a.status != http.StatusBadRequest {
		t.Errorf("once it is gone: %d %s", a.status, a.body)
	}
	r.write(strings.Replace(source, "weight: 0", "weight: all", 1))
	r.hangup(r.relay, "relay.log", "weight must be a whole number", 1)
	if a := whatsapp("other"); a.status != http.StatusAccepted {
		t.Errorf("after a faulty file: %d %s", a.status, a.body)
	}
	data := filepath.Join(r.dir, "data")
	for _, row := range []struct {
		args string
		want string
	}{
		{"list whatsapp", "other"},
		{"test whatsapp/other", "Sandbox"},
		{"pause whatsapp/other", "paused"},
		{"resume whatsapp/other", "ok"},
	} {
		if code, out, errText := cli(t, append(append([]string{"channels"}, strings.Fields(row.args)...), "--data", data)...); code != 0 || !strings.Contains(out, row.want) {
			t.Errorf("channels %s: exit %d, %s%s", row.args, code, out, errText)
		}
	}
}

// rotating is a relay and simulators that know its accounts' secrets from the
// same file.
type rotating struct {
	*crash
	simulator *child
}

func newRotating(t *testing.T) *rotating {
	c := &crash{t: t, binary: buildBinary(t), dir: t.TempDir(), promised: map[string]string{}}
	c.http = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: crashClients}}
	t.Cleanup(c.http.CloseIdleConnections)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	var err error
	if c.ledger, err = os.Create(filepath.Join(c.dir, "clients.ledger")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.ledger.Close() })
	c.api, c.sim = "http://"+freeAddress(t), "http://"+freeAddress(t)
	r := &rotating{crash: c}
	r.write(r.source())
	r.rotate(0)
	r.simulator = spawn(t, c.binary, filepath.Join(c.dir, "sim.log"), "sim", "--json", "-c", filepath.Join(c.dir, "relay.yaml"),
		"--listen", strings.TrimPrefix(c.sim, "http://"), "--callback", c.api, "--latency", "20ms", "--receipt-delay", "500ms")
	c.startRelay()
	c.key = c.liveKey()
	return r
}

// source is the configuration: main takes its secrets from files.
func (r *rotating) source() string {
	base := crashConfig(strings.TrimPrefix(r.api, "http://"), filepath.Join(r.dir, "data"), r.sim)
	base = strings.Replace(base, "attempts: false", "attempts: true", 1)
	base = strings.Replace(base, "accessToken: sandbox-access-token", "accessToken: {file: token}", 1)
	base = strings.Replace(base, "appSecret: sandbox-app-secret", "appSecret: {file: secret}", 1)
	return strings.Replace(base, "  telegram:\n", fmt.Sprintf(`    - {name: spare, baseURL: "%s/spare", phoneNumberId: "206540352242922", accessToken: sandbox-access-token,
       appSecret: sandbox-app-secret, verifyToken: sandbox-verify-token, messagesPerSecond: 0, weight: 0}
  telegram:
`, r.sim), 1)
}

// rotate writes other secrets into main's files.
func (r *rotating) rotate(round int) {
	r.t.Helper()
	for _, name := range []string{"token", "secret"} {
		if err := os.WriteFile(filepath.Join(r.dir, name), fmt.Appendf(nil, "%s of round %d", name, round), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rotating) write(source string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "relay.yaml"), []byte(source), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// hangup sends SIGHUP and waits for the line in the log that answers it.
func (r *rotating) hangup(c *child, log, line string, n int) {
	r.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		r.t.Fatal(err)
	}
	r.untilLogged(log, line, n)
}

// untilLogged waits until the log holds a line n times.
func (r *rotating) untilLogged(log, line string, n int) {
	r.t.Helper()
	deadline := time.Now().Add(patience)
	for r.logged(log, line) < n {
		if time.Now().After(deadline) {
			r.t.Fatalf("%d times %q in %s, want %d", r.logged(log, line), line, log, n)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (r *rotating) logged(log, line string) int {
	r.t.Helper()
	b, err := os.ReadFile(filepath.Join(r.dir, log))
	if err != nil {
		r.t.Fatal(err)
	}
	return bytes.Count(b, []byte(line))
}
