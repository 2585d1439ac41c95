package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// demo is a running demo process.
type demo struct {
	*child
	API, Ops, TestKey, DataDir string
	log                        string
}

func startDemo(t *testing.T, dir string, args ...string) *demo {
	t.Helper()
	d := &demo{log: filepath.Join(t.TempDir(), "log")}
	args = append([]string{"demo", "--json", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--data", dir}, args...)
	d.child = spawn(t, buildBinary(t), d.log, args...)
	d.ready(d)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return d
}

// exit signals the process and returns its exit code.
func (d *demo) exit(sig os.Signal) int {
	d.t.Helper()
	if err := d.cmd.Process.Signal(sig); err != nil {
		d.t.Fatal(err)
	}
	return exitOf(d.t, d.cmd)
}

// exitOf waits for the end of a process and returns its code.
func exitOf(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// cli runs one command of the binary and returns its code and output.
func cli(t *testing.T, args ...string) (code int, out, errText string) {
	t.Helper()
	var o, e bytes.Buffer
	cmd := exec.Command(buildBinary(t), args...)
	cmd.Stdout, cmd.Stderr = &o, &e
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return exitOf(t, cmd), o.String(), e.String()
}

// until asks again and again until the message has the status: from outside,
// the API has nothing to wait on.
func (d *demo) until(id, status string) {
	d.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		m := lookAt(d.t, d.API, d.TestKey, id)
		if m.Status == status {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("message %s is %s, want %s", id, m.Status, status)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestDemoPrintsOneLineOfJSON(t *testing.T) {
	dir := t.TempDir()
	d := startDemo(t, dir)
	want := regexp.MustCompile(`^\{"api":"http://127\.0\.0\.1:\d+","ops":"http://127\.0\.0\.1:\d+","testKey":"cpk_test_[0-9A-Za-z]{38}","dataDir":"` + regexp.QuoteMeta(dir) + `"\}\n$`)
	if !want.Match(d.first) {
		t.Errorf("ready line %q", d.first)
	}
	id := sendTo(t, d.API, d.TestKey, `{"to": "+14155550100", "channel": "whatsapp", "content": "Hello"}`)
	d.until(id, "delivered")
	untilReady(t, d.Ops)
}

// Killed at any moment, the same command on the same directory goes on with
// the same key, and with what waits.
func TestDemoSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	d := startDemo(t, dir, "--accept-only")
	id := sendTo(t, d.API, d.TestKey, `{"to": "+14155550100", "channel": "sms", "content": "Hello"}`)
	d.kill()
	again := startDemo(t, dir)
	if again.TestKey != d.TestKey {
		t.Error("the key has changed")
	}
	again.until(id, "delivered")
	if code := again.exit(syscall.SIGTERM); code != exitOK {
		t.Errorf("exit %d after SIGTERM: %s", code, tail(again.log))
	}
}

// SIGTERM under way: readiness fails, requests in flight get their answer, and
// the process ends with 0.
func TestTermDrains(t *testing.T) {
	d := startDemo(t, t.TempDir())
	held := make(chan answered, 1)
	go func() {
		held <- request(t, "POST", d.API+"/api/v1/messages/send", d.TestKey,
			`{"to": "sim:slow:3", "channel": "whatsapp", "content": "Hello"}`, "Prefer", "wait=30")
	}()
	d.untilSending()
	if code := d.exit(syscall.SIGTERM); code != exitOK {
		t.Errorf("exit %d: %s", code, tail(d.log))
	}
	if a := <-held; a.status != 202 && a.status != 200 {
		t.Errorf("request in flight: %d %s", a.status, a.body)
	}
}

// untilSending waits until a message is being sent.
func (d *demo) untilSending() {
	d.t.Helper()
	deadline := time.Now().Add(patience)
	for !strings.Contains(request(d.t, "GET", d.API+"/api/v1/messages", d.TestKey, "").body, `"status":"sending"`) {
		if time.Now().After(deadline) {
			d.t.Fatal("no message is being sent")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	d := startDemo(t, t.TempDir())
	sendTo(t, d.API, d.TestKey, `{"to": "sim:slow:60", "channel": "whatsapp", "content": "Hello"}`)
	d.untilSending()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	d.untilDraining()
	if code := d.exit(syscall.SIGTERM); code != exitInterrupted {
		t.Errorf("exit %d: %s", code, tail(d.log))
	}
}

// untilDraining waits for the moment after the first signal.
func (d *demo) untilDraining() {
	d.t.Helper()
	deadline := time.Now().Add(patience)
	for !bytes.Contains(tail(d.log), []byte("msg=draining")) {
		if time.Now().After(deadline) {
			d.t.Fatal("the process does not drain")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestSecondProcessOnADirectory(t *testing.T) {
	dir := t.TempDir()
	d := startDemo(t, dir)
	code, out, errText := cli(t, "demo", "--json", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--data", dir)
	if code != exitLocked || out != "" || !strings.Contains(errText, "another process") {
		t.Errorf("second process: exit %d, %q, %s", code, out, errText)
	}
	d.until(sendTo(t, d.API, d.TestKey, `{"to": "+14155550100", "channel": "sms", "content": "Unharmed"}`), "delivered")
}

func TestKeysThroughTheAdminSocket(t *testing.T) {
	dir := t.TempDir()
	d := startDemo(t, dir)
	code, out, errText := cli(t, "keys", "create", "--workspace", "demo", "--test", "--name", "ci", "-o", "json", "--data", dir)
	var key struct{ Key, ID string }
	if err := json.Unmarshal([]byte(out), &key); code != 0 || err != nil {
		t.Fatalf("create: exit %d, %s%s", code, out, errText)
	}
	list := func() int { return request(t, "GET", d.API+"/api/v1/messages", key.Key, "").status }
	if status := list(); status != 200 {
		t.Errorf("new key: %d", status)
	}
	if code, out, errText = cli(t, "keys", "revoke", key.ID, "--data", dir); code != 0 || !strings.Contains(out, "revoked") {
		t.Errorf("revoke: exit %d, %s%s", code, out, errText)
	}
	if status := list(); status != 403 {
		t.Errorf("revoked key: %d", status)
	}
	if code, out, _ = cli(t, "keys", "list", "--data", dir); code != 0 || !strings.Contains(out, "revoked") || strings.Contains(out, key.Key) {
		t.Errorf("list: exit %d, %s", code, out)
	}
	if code, out, _ = cli(t, "audit", "verify", "--data", dir); code != 0 || !strings.Contains(out, "the audit log holds") {
		t.Errorf("verify: exit %d, %s", code, out)
	}
}

// serve with three senders against a process of simulators: the whole product
// over real sockets, live keys, signed receipts, and a reload.
func TestServeAgainstSim(t *testing.T) {
	dir := t.TempDir()
	api := freeAddress(t)
	simulators := spawn(t, buildBinary(t), filepath.Join(dir, "sim.log"), "sim", "--json", "--listen", "127.0.0.1:0", "--callback", "http://"+api)
	var sim struct{ Sim, Ledger string }
	simulators.ready(&sim)
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "messagehub.yaml")
	if err := os.WriteFile(file, []byte(crashConfig(api, data, sim.Sim)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errText := cli(t, "config", "check", file); code != 0 {
		t.Fatalf("config check: %s%s", out, errText)
	}
	d := &demo{log: filepath.Join(dir, "serve.log")}
	d.child = spawn(t, buildBinary(t), d.log, "serve", "-c", file, "--json")
	d.ready(d)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	if code, _, errText := cli(t, "workspaces", "create", "acme", "--tier", "enterprise", "--data", data); code != 0 {
		t.Fatal(errText)
	}
	_, out, errText := cli(t, "keys", "create", "--workspace", "acme", "-o", "json", "--data", data)
	var key struct{ Key string }
	if err := json.Unmarshal([]byte(out), &key); err != nil {
		t.Fatalf("%v: %s%s", err, out, errText)
	}
	d.TestKey = key.Key
	for channel, c := range map[string][2]string{
		"whatsapp": {"+14155550100", "delivered"}, "sms": {"+14155550101", "delivered"}, "telegram": {"123456789", "sent"},
	} {
		d.until(sendTo(t, d.API, key.Key, `{"to": "`+c[0]+`", "channel": "`+channel+`", "content": "Hello over `+channel+`"}`), c[1])
	}
	ledger := request(t, "GET", sim.Ledger, "", "")
	for _, channel := range []string{"whatsapp", "sms", "telegram"} {
		if n := strings.Count(ledger.body, `"text":"Hello over `+channel+`"`); n != 1 {
			t.Errorf("the simulator of %s received the message %d times", channel, n)
		}
	}
	if a := request(t, "POST", d.API+"/api/v1/messages/send", key.Key, `{"to": "sim:read", "channel": "sms", "content": "Hello"}`); a.status != 400 {
		t.Errorf("a live key and a reserved recipient: %d %s", a.status, a.body)
	}
	if code := d.exit(syscall.SIGTERM); code != exitOK {
		t.Errorf("exit %d: %s", code, tail(d.log))
	}
	if strings.Contains(string(tail(d.log)), "Hello over") {
		t.Error("the log holds content")
	}
}

// SIGHUP with a faulty file: the process goes on and says where the fault is.
func TestHangupReloads(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "messagehub.yaml")
	source := "listen: \"127.0.0.1:0\"\nops: \"127.0.0.1:0\"\ndata: \"" + filepath.Join(dir, "data") + "\"\nstore: {lowWater: 16MiB}\n"
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(source)
	d := &demo{log: filepath.Join(dir, "log")}
	d.child = spawn(t, buildBinary(t), d.log, "serve", "-c", file, "--json")
	d.ready(d)
	hangup := func(text, want string) {
		t.Helper()
		write(text)
		if err := d.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(patience)
		for !bytes.Contains(tail(d.log), []byte(want)) {
			if time.Now().After(deadline) {
				t.Fatalf("no %q in %s", want, tail(d.log))
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	hangup(source+"tiers: {pro: much}\n", "messagehub.yaml:5:14: tiers.pro must be")
	hangup(source+"tiers: {pro: 601}\n", "configuration reloaded")
	if code := d.exit(syscall.SIGTERM); code != exitOK {
		t.Errorf("exit %d: %s", code, tail(d.log))
	}
}

// A disk that fails one sync: nothing is acknowledged after it, and the
// process ends by itself with the code that says so.
func TestFailedSyncEndsTheProcess(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace, which injects the error, is not installed")
	}
	dir := t.TempDir()
	startDemo(t, dir).exit(syscall.SIGTERM)
	log := filepath.Join(t.TempDir(), "log")
	d := &demo{log: log}
	d.child = spawn(t, strace, log, "-f", "-qq", "-o", os.DevNull, "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=3+",
		buildBinary(t), "demo", "--json", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0", "--data", dir)
	d.ready(d)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	var kept []string
	refused := false
	for i := 0; i < 200 && !refused; i++ {
		id, ok := trySend(d)
		if ok {
			kept = append(kept, id)
		}
		refused = !ok
	}
	if !refused {
		t.Fatal("two hundred messages were acknowledged on a disk that fails")
	}
	if code := exitOf(t, d.cmd); code != exitPoisoned {
		t.Errorf("exit %d, want %d: %s", code, exitPoisoned, tail(log))
	}
	after := startDemo(t, dir)
	for _, id := range kept {
		lookAt(t, after.API, after.TestKey, id)
	}
}

// trySend sends a message and reports whether it was acknowledged.
func trySend(d *demo) (id string, ok bool) {
	req, err := http.NewRequest("POST", d.API+"/api/v1/messages/send", strings.NewReader(`{"to": "+14155550100", "channel": "sms", "content": "Hello"}`))
	if err != nil {
		return "", false
	}
	req.Header.Set("Authorization", "Bearer "+d.TestKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", false
	}
	defer resp.Body.Close()
	var body struct{ Data struct{ MessageID string } }
	err = json.NewDecoder(resp.Body).Decode(&body)
	return body.Data.MessageID, err == nil && resp.StatusCode == 202
}

// The clock of the sandbox, over the admin socket of a running server: a
// schedule, the timeout of a chain, and the audit log.
func TestSandboxAdvance(t *testing.T) {
	dir := t.TempDir()
	d := startDemo(t, dir)
	at := time.Now().Add(12 * time.Hour).UTC().Format(time.RFC3339)
	scheduled := sendTo(t, d.API, d.TestKey, `{"to": "sim:delivered", "channel": "sms", "content": "Later", "scheduledAt": "`+at+`"}`)
	chain := sendTo(t, d.API, d.TestKey, `{"to": "sim:no_receipt", "channel": "whatsapp", "content": "Hello",
		"fallback": {"timeout": 7200, "channels": [{"channel": "sms", "to": "sim:delivered"}]}}`)
	d.until(chain, "sent")
	for _, want := range []string{"2 messages are 1h0m0s further\n", "2 messages are 1h0m0s further\n"} {
		if code, out, errText := cli(t, "sandbox", "advance", "1h", "--workspace", "demo", "--data", dir); code != exitOK || out != want {
			t.Fatalf("%d %s%s", code, out, errText)
		}
	}
	d.until(chain, "delivered")
	if m := lookAt(t, d.API, d.TestKey, scheduled); m.Status != "scheduled" {
		t.Errorf("ten hours before its time it is %s", m.Status)
	}
	if m := lookAt(t, d.API, d.TestKey, chain); m.path() != "whatsapp sent success_timeout, sms delivered" {
		t.Error(m.path())
	}
	if code, out, errText := cli(t, "sandbox", "advance", "10h", "--data", dir, "-o", "json"); code != exitOK || out != `{"by":"10h0m0s","messages":1}`+"\n" {
		t.Errorf("%d %s%s", code, out, errText)
	}
	d.until(scheduled, "delivered")
	if _, out, _ := cli(t, "audit", "list", "--data", dir); strings.Count(out, "sandbox.advance") != 3 {
		t.Error(out)
	}
	for _, bad := range [][]string{{"1 day"}, {"--", "-1h"}, {"0s"}, {"800h"}, {"1h", "--workspace", "nobody"}} {
		args := append([]string{"sandbox", "advance", "--data", dir}, bad...)
		if code, _, errText := cli(t, args...); code == exitOK || errText == "" {
			t.Errorf("%v: %d %s", bad, code, errText)
		}
	}
	if code := d.exit(syscall.SIGTERM); code != exitOK {
		t.Errorf("exit %d", code)
	}
	if code, out, errText := cli(t, "store", "check", "--data", dir); code != exitOK {
		t.Errorf("%d %s%s", code, out, errText)
	}
}
