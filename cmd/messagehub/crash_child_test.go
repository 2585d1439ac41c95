package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"messagehub/store/message/json"
)

// child is a process of the product that ends with its test.
type child struct {
	t     *testing.T
	cmd   *exec.Cmd
	first []byte // line of output
	log   *os.File
}

// spawn starts the binary and waits for its ready line. What it logs goes to a
// file that is shown if the test fails.
func spawn(t *testing.T, binary, log string, args ...string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(binary, args...)}
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var err error
	if c.log, err = os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		t.Fatal(err)
	}
	c.cmd.Stderr = c.log
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
		_ = c.log.Close()
	})
	if c.first, err = bufio.NewReader(out).ReadBytes('\n'); err != nil {
		t.Fatalf("%v ended before it was ready: %s", args, tail(log))
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return c
}

// ready reads the child's ready line into v.
func (c *child) ready(v any) {
	c.t.Helper()
	if err := json.Unmarshal(c.first, v); err != nil {
		c.t.Fatalf("ready line %q: %v", c.first, err)
	}
}

// kill ends the child as a power switch would end its process.
func (c *child) kill() {
	_ = c.cmd.Process.Signal(syscall.SIGKILL)
	_ = c.cmd.Wait()
	_ = c.log.Close()
}

// tail returns the end of a log file.
func tail(path string) []byte {
	b, _ := os.ReadFile(path)
	if len(b) > 4<<10 {
		b = b[bytes.IndexByte(b[len(b)-4<<10:], '\n')+len(b)-4<<10+1:]
	}
	return b
}

// freeAddress returns a loopback address that nothing listens on: for a server
// that must come back at the same one.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// crashConfig is a relay's configuration with three senders at the simulator.
func crashConfig(api, data, sim string) string {
	return fmt.Sprintf(`
listen: %q
ops: "127.0.0.1:0"
publicURL: "http://%s"
data: %q
log: {attempts: false}
store: {lowWater: 16MiB}
senders:
  whatsapp:
    - {name: main, baseURL: "%[4]s/whatsapp", phoneNumberId: "106540352242922", accessToken: sandbox-access-token,
       appSecret: sandbox-app-secret, verifyToken: sandbox-verify-token, messagesPerSecond: 0}
  telegram:
    - {name: main, baseURL: "%[4]s/telegram", botToken: "110201543:sandbox-bot-token", messagesPerSecond: 0}
  sms:
    - {name: main, baseURL: "%[4]s/sms", accountSid: AC00000000000000000000000000005a17, authToken: sandbox-auth-token,
       fromNumber: "+15005550006", messagesPerSecond: 0}
`, api, api, data, sim)
}
