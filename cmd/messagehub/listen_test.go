package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"messagehub/relay/client"
)

// Every event that can be triggered comes.
func TestTrigger(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	th.use()
	var all sync.WaitGroup
	for _, name := range happeningNames() {
		all.Go(func() {
			code, out, errText := run("trigger", name)
			if lines := strings.Split(strings.TrimSpace(out), "\n"); code != 0 || !strings.Contains(lines[len(lines)-1], "message."+name+" ") {
				t.Errorf("%s: %d %s%s", name, code, out, errText)
			}
		})
	}
	all.Wait()
	if out := mustRun(t, "trigger", "message.failed", "--channel", "sms", "-o", "json"); !strings.Contains(out, `"type":"message.failed"`) {
		t.Error(out)
	}
	if code, _, errText := run("trigger", "read", "--channel", "sms", "--timeout", "1s"); code != exitFailure || !strings.Contains(errText, "had no message.read") {
		t.Errorf("SMS has no read receipts: %d %s", code, errText)
	}
	if code, _, errText := run("trigger", "nonsense"); code != exitUsage || !strings.Contains(errText, "duplicate") {
		t.Errorf("%d %s", code, errText)
	}
	t.Setenv(envKey, "cpk_live_x")
	if code, _, errText := run("trigger", "read"); code != exitUsage || !strings.Contains(errText, "test key") {
		t.Errorf("%d %s", code, errText)
	}
}

// lockedBuffer is a stream that a test reads while a command writes.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// listening is "listen" in the background.
type listening struct {
	t      *testing.T
	out    lockedBuffer
	cancel context.CancelFunc
	ended  chan int
}

func startListen(t *testing.T, args ...string) *listening {
	l := &listening{t: t, ended: make(chan int, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	go func() {
		l.ended <- execute(ctx, append([]string{"listen"}, args...), streams{strings.NewReader(""), &l.out, &l.out})
	}()
	t.Cleanup(cancel)
	return l
}

// until waits for a text in what it has printed.
func (l *listening) until(text string) {
	l.t.Helper()
	for deadline := time.Now().Add(patience); !strings.Contains(l.out.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("no %q in %s", text, l.out.String())
		}
	}
}

func (l *listening) stop() string {
	l.t.Helper()
	l.cancel()
	if code := <-l.ended; code != exitOK {
		l.t.Errorf("exit %d: %s", code, l.out.String())
	}
	return l.out.String()
}

var printedSecret = regexp.MustCompile(`whsec_\S+`)

func TestListenForwardsAndGoesOn(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	th.use()
	var mu sync.Mutex
	var requests []*http.Request
	var bodies []string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r.Body)
		mu.Lock()
		requests, bodies = append(requests, r), append(bodies, b.String())
		mu.Unlock()
		w.WriteHeader(http.StatusTeapot)
	}))
	defer server.Close()
	th.await(th.send(`{"to": "sim:delivered", "channel": "sms", "content": "Before"}`), "message.delivered")
	url := server.Listener.Addr().String() // nothing answers there yet
	args := []string{"--forward-to", url, "--state", filepath.Join(t.TempDir(), "state", "listen.json"), "--events", "message.delivered,message.failed"}
	first := startListen(t, args...)
	first.until("Ctrl-C")
	one := th.send(`{"to": "sim:delivered", "channel": "sms", "content": "Hello"}`)
	th.await(one, "message.delivered")
	server.Start()
	first.until(one + "  sms  -> 418")
	out := first.stop()

	two := th.send(`{"to": "sim:failed", "channel": "sms", "content": "Hello"}`)
	th.await(two, "message.failed")
	second := startListen(t, args...)
	second.until(two)
	again := second.stop()
	if secret := printedSecret.FindString(out); secret == "" || secret != printedSecret.FindString(again) || strings.Contains(again, one) {
		t.Errorf("first run\n%s\nsecond run\n%s", out, again)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(requests) != 2 || !strings.Contains(bodies[0], one) || !strings.Contains(bodies[1], two) {
		t.Fatalf("%d requests: %v", len(requests), bodies)
	}
	v := client.Verifier{Secrets: []string{printedSecret.FindString(out)}}
	for i, r := range requests {
		if err := v.Verify(r.Header, []byte(bodies[i]), time.Now()); err != nil {
			t.Error(err)
		}
	}
}

func TestListenIsRefused(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	th.use()
	state := filepath.Join(t.TempDir(), "listen.json")
	if code, _, errText := run("listen", "--forward-to", "ftp://x", "--state", state); code != exitUsage || !strings.Contains(errText, "http://localhost:3000") {
		t.Errorf("%d %s", code, errText)
	}
	if code, _, errText := run("listen", "--forward-to", "localhost:1", "--state", state, "--events", "message.sendt"); code != exitFailure || !strings.Contains(errText, "message.sendt") {
		t.Errorf("%d %s", code, errText)
	}
	t.Setenv(envKey, "cpk_test_nonsense")
	if code, _, errText := run("listen", "--forward-to", "localhost:1", "--state", state); code != exitDenied {
		t.Errorf("%d %s", code, errText)
	}
}
