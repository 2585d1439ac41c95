package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"messagehub/bench"
	"messagehub/store/message/json"
)

const (
	// crashClients is how many clients send at once, one message after another.
	crashClients = 16
	// crashSettle bounds the wait for every message to come to its end. It is
	// more than message.UnknownHold.
	crashSettle = 4 * time.Minute
)

// TestKillUnderLoad kills a relay at random moments while clients send through
// it to a simulator process that throttles, fails, swallows answers and
// repeats receipts; then it compares what clients were promised, what the
// relay says and what the providers received. MESSAGEHUB_CRASH_CYCLES sets
// the number of kills.
func TestKillUnderLoad(t *testing.T) {
	cycles := 3
	if n, err := strconv.Atoi(os.Getenv("MESSAGEHUB_CRASH_CYCLES")); err == nil {
		cycles = n
	}
	c := newCrash(t)
	ctx, stop := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for i := range crashClients {
		clients.Go(func() { c.client(ctx, i) })
	}
	for i := range cycles {
		time.Sleep(time.Duration(50+rand.IntN(1200)) * time.Millisecond)
		c.relay.kill()
		c.startRelay()
		if (i+1)%25 == 0 {
			t.Logf("%d kills, %d messages promised", i+1, c.count())
		}
	}
	stop()
	clients.Wait()
	c.knobs(`{"dropAnswer":0,"throttle":0,"fail":0}`)
	audit := c.settle()
	t.Logf("%d kills: %s", cycles, audit)
	if err := audit.Err(); err != nil {
		t.Error(err)
	}
	if audit.Messages < 10*cycles {
		t.Errorf("only %d messages: the run proves little", audit.Messages)
	}
}

// crash is one run: a simulator, a relay that comes and goes, and the
// clients' own ledger.
type crash struct {
	t      *testing.T
	binary string
	dir    string
	sim    string // URL
	api    string // URL
	key    string
	relay  *child
	http   *http.Client
	ledger *os.File

	mu       sync.Mutex
	promised map[string]string // text → id
}

func newCrash(t *testing.T) *crash {
	c := &crash{t: t, binary: buildBinary(t), dir: t.TempDir(), promised: map[string]string{}}
	c.http = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: crashClients}}
	t.Cleanup(c.http.CloseIdleConnections)
	var err error
	if c.ledger, err = os.Create(filepath.Join(c.dir, "clients.ledger")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.ledger.Close() })
	api := freeAddress(t)
	c.api = "http://" + api
	simulator := spawn(t, c.binary, filepath.Join(c.dir, "sim.log"), "sim", "--json", "--listen", "127.0.0.1:0", "--callback", c.api)
	var ready struct{ Sim string }
	simulator.ready(&ready)
	c.sim = ready.Sim
	c.knobs(`{"dropAnswer":0.02,"throttle":0.02,"fail":0.02,"doubleReceipt":0.05,"reorderReceipt":0.05,"latency":"3ms"}`)
	c.configure(api)
	c.startRelay()
	c.key = c.liveKey()
	return c
}

func (c *crash) configure(api string) {
	config := crashConfig(api, filepath.Join(c.dir, "data"), c.sim)
	if err := os.WriteFile(filepath.Join(c.dir, "relay.yaml"), []byte(config), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// liveKey makes a workspace with a key.
func (c *crash) liveKey() string {
	data := filepath.Join(c.dir, "data")
	c.run("workspaces", "create", "crash", "--per-minute", "100000000", "--data", data)
	out := c.run("keys", "create", "--workspace", "crash", "--scopes", "all", "--data", data, "-o", "json")
	var key struct{ Key string }
	if err := json.Unmarshal(out, &key); err != nil || key.Key == "" {
		c.t.Fatalf("no key in %s: %v", out, err)
	}
	return key.Key
}

func (c *crash) knobs(body string) {
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPut, c.sim+"/_sim/knobs", bytes.NewReader([]byte(body)))
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	if answer, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		c.t.Fatalf("set knobs: %d %s", resp.StatusCode, answer)
	}
}

func (c *crash) startRelay() {
	c.relay = spawn(c.t, c.binary, filepath.Join(c.dir, "relay.log"), "serve", "-c", filepath.Join(c.dir, "relay.yaml"), "--json")
	c.relay.ready(&struct{}{})
}

// run runs a command of the binary to its end, and returns its output.
func (c *crash) run(args ...string) []byte {
	c.t.Helper()
	out, err := exec.CommandContext(c.t.Context(), c.binary, args...).Output()
	if err != nil {
		c.t.Fatalf("%v: %v", args, err)
	}
	return out
}

// client sends messages until ctx ends. A request without an answer is sent
// again under the same Idempotency-Key until it has one.
func (c *crash) client(ctx context.Context, who int) {
	for n := 0; ctx.Err() == nil; n++ {
		text := fmt.Sprintf("crash %d-%d", who, n)
		body := crashBody(who, n, text)
		var id string
		for id == "" {
			id = c.send(body, text)
		}
		c.promise(text, id)
	}
}

// crashBody sends over whatsapp with fallback to sms, or over telegram alone.
func crashBody(who, n int, text string) []byte {
	if n%3 == 2 {
		return fmt.Appendf(nil, `{"to":"%d","channel":"telegram","content":%q,"fallback":{"channels":[{"channel":"sms","to":"+4477009%05d"}],"timeout":5,"successStatus":"sent"}}`,
			100000+who*1000+n%1000, text, who*1000+n%1000)
	}
	return fmt.Appendf(nil, `{"to":"+9198765%02d%03d","channel":"whatsapp","content":%q,"fallback":{"channels":["sms"],"timeout":20,"onUnknown":"hold"}}`,
		who, n%1000, text)
}

// send returns the message's id, or "" if there was no answer or the relay
// asked to come back later.
func (c *crash) send(body []byte, idempotency string) string {
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.api+"/api/v1/messages/send", bytes.NewReader(body))
	if err != nil {
		c.t.Error(err)
		return "none"
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", idempotency)
	resp, err := c.http.Do(req)
	if err != nil {
		time.Sleep(5 * time.Millisecond) // the relay is being restarted
		return ""
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode == http.StatusServiceUnavailable {
		return ""
	}
	var accepted struct{ Data struct{ MessageID string } }
	if err := json.Unmarshal(answer, &accepted); err != nil || resp.StatusCode != http.StatusAccepted {
		c.t.Errorf("send: %d %s", resp.StatusCode, answer)
		return "none"
	}
	return accepted.Data.MessageID
}

// promise books an accepted message, on disk as a client would.
func (c *crash) promise(text, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if was, ok := c.promised[text]; ok && was != id {
		c.t.Errorf("one Idempotency-Key made two messages: %s and %s", was, id)
	}
	c.promised[text] = id
	_, err := fmt.Fprintln(c.ledger, text, id)
	if err := errors.Join(err, c.ledger.Sync()); err != nil {
		c.t.Error(err)
	}
}

func (c *crash) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.promised)
}

// settle waits until every message has come to its end, and audits the run.
func (c *crash) settle() bench.Audit {
	deadline := time.Now().Add(crashSettle)
	ended := map[string]bench.Told{}
	for {
		l := bench.Ledgers{Promised: c.promised, Relay: map[string]bench.Told{}, Received: c.received()}
		for _, id := range c.promised {
			if told, ok := ended[id]; ok {
				l.Relay[id] = told
			} else if told, ok := c.look(id); ok {
				l.Relay[id] = told
			}
		}
		audit := l.Compare()
		if len(audit.Stuck) == 0 && len(audit.Unsent) == 0 || time.Now().After(deadline) {
			return audit
		}
		time.Sleep(500 * time.Millisecond)
	}
}

func (c *crash) look(id string) (bench.Told, bool) {
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.api+"/api/v1/messages/"+id, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data struct {
			Status   string
			Attempts []struct{ Channel, Status, ProviderMessageID string }
		}
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return bench.Told{}, false
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		c.t.Fatal(err)
	}
	told := bench.Told{ID: id, Status: answer.Data.Status}
	for _, a := range answer.Data.Attempts {
		told.Attempts = append(told.Attempts, bench.ToldAttempt{Channel: a.Channel, Status: a.Status, ProviderID: a.ProviderMessageID})
	}
	return told, true
}

// received counts the simulators' ledger by text.
func (c *crash) received() map[string]int {
	resp, err := c.http.Get(c.sim + "/_sim/ledger")
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	counts := map[string]int{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		var line struct{ Text string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			c.t.Fatal(err)
		}
		counts[line.Text]++
	}
	return counts
}
