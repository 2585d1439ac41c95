package relay

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

// startOps serves an Ops on loopback and returns its address.
func startOps(t *testing.T, checks ...Check) (*Ops, string) {
	t.Helper()
	ops := NewOps(OpsOptions{Metrics: testMetrics(), Checks: checks})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- ops.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		ops.Shutdown(ctx)
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return ops, "http://" + ln.Addr().String()
}

func get(t *testing.T, url string) (int, string, http.Header) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body), resp.Header
}

func TestReadyzTellsTheFirstFault(t *testing.T) {
	var broken atomic.Bool
	ops, url := startOps(t,
		Check{"store", func() error {
			if broken.Load() {
				return errors.New("no space is left")
			}
			return nil
		}},
		Check{"caught up", func() error { return nil }},
	)
	if status, body, _ := get(t, url+"/readyz"); status != 200 || body != "ok\n" {
		t.Errorf("ready: %d %q", status, body)
	}
	broken.Store(true)
	if status, body, _ := get(t, url+"/readyz"); status != 503 || body != "not ready: store: no space is left\n" {
		t.Errorf("broken: %d %q", status, body)
	}
	broken.Store(false)
	ops.Drain()
	if status, body, _ := get(t, url+"/readyz"); status != 503 || !strings.Contains(body, "shutting down") {
		t.Errorf("draining: %d %q", status, body)
	}
	if status, _, _ := get(t, url+"/livez"); status != 200 {
		t.Errorf("livez while draining: %d", status)
	}
}

func TestReadyzVerboseListsEveryCheck(t *testing.T) {
	_, url := startOps(t,
		Check{"store", func() error { return errors.New("poisoned") }},
		Check{"caught up", func() error { return nil }},
	)
	status, body, header := get(t, url+"/readyz?verbose")
	if status != 503 || header.Get("Content-Type") != "application/json" {
		t.Errorf("%d, %s", status, header.Get("Content-Type"))
	}
	var got struct {
		Ready  bool
		Checks []struct {
			Name  string
			OK    bool
			Error *string
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if got.Ready || len(got.Checks) != 3 {
		t.Fatalf("got %s", body)
	}
	if c := got.Checks[1]; c.Name != "store" || c.OK || *c.Error != "poisoned" {
		t.Errorf("store: %+v", c)
	}
	if c := got.Checks[2]; c.Name != "caught up" || !c.OK || c.Error != nil {
		t.Errorf("caught up: %+v", c)
	}
}

func TestOpsServesMetricsAndProfiles(t *testing.T) {
	ops, url := startOps(t)
	ops.o.Metrics.ObserveCommit(1, 1)
	status, body, header := get(t, url+"/metrics")
	if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Errorf("metrics: %d %s", status, header.Get("Content-Type"))
	}
	for _, want := range []string{"# TYPE messagehub_commit_seconds histogram\n", "messagehub_commit_seconds_count 1\n", "go_goroutines ", "process_"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in the metrics", want)
		}
	}
	if status, body, _ := get(t, url+"/debug/pprof/goroutine?debug=1"); status != 200 || !strings.Contains(body, "goroutine profile") {
		t.Errorf("pprof: %d", status)
	}
	for _, name := range []string{"mutex", "block"} { // recorded only while it is asked for
		if status, body, _ := get(t, url+"/debug/pprof/"+name+"?seconds=1"); status != 200 || body == "" {
			t.Errorf("%s: %d", name, status)
		}
	}
	if rate := runtime.SetMutexProfileFraction(-1); rate != 0 {
		t.Errorf("mutexes are still recorded: %d", rate)
	}
	if status, _, _ := get(t, url+"/api/v1/messages"); status != 404 {
		t.Errorf("the API is reachable on the operations listener: %d", status)
	}
}

// A scraper that stops reading must not hold up the next one (F47).
func TestStuckScraperHoldsUpNobody(t *testing.T) {
	_, url := startOps(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for range 1000 { // pipelined, never read: fills every buffer on the way
		if _, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: ops\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	if status, _, _ := get(t, url+"/metrics"); status != 200 {
		t.Errorf("second scraper: %d", status)
	}
}

func TestOpsLeavesNoGoroutine(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("serve", func(t *testing.T) {
		_, url := startOps(t)
		get(t, url+"/livez")
	})
}
