package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// consumer is a client's endpoint. It checks signatures in its own way.
type consumer struct {
	*httptest.Server
	t *testing.T

	mu     sync.Mutex
	secret string
	fails  int               // so many requests are answered 500
	bodies map[string]string // by webhook-id
	times  map[string]int
	news   chan struct{}
}

func newConsumer(t *testing.T) *consumer {
	c := &consumer{t: t, bodies: map[string]string{}, times: map[string]int{}, news: make(chan struct{}, 1)}
	c.Server = httptest.NewServer(http.HandlerFunc(c.receive))
	t.Cleanup(c.Close)
	return c
}

func (c *consumer) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	id, stamp := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	sent, _ := strconv.ParseInt(stamp, 10, 64)
	if !c.signed(r.Header.Get("webhook-signature"), id+"."+stamp+"."+string(body)) || err != nil || time.Since(time.Unix(sent, 0)).Abs() > time.Minute {
		c.t.Errorf("not signed as it should be: %v, %s", r.Header, body)
	}
	if old, ok := c.bodies[id]; ok && old != string(body) {
		c.t.Errorf("two bodies for %s: %s and %s", id, old, body)
	}
	if c.fails > 0 {
		c.fails--
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	c.bodies[id] = string(body)
	c.times[id]++
	select {
	case c.news <- struct{}{}:
	default:
	}
}

func (c *consumer) signed(header, content string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(c.secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(content))
	return err == nil && len(key) == 32 && slices.Contains(strings.Fields(header), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// subscribe makes the endpoint known.
func (c *consumer) subscribe(api, key string) (id string) {
	c.t.Helper()
	a := request(c.t, "POST", api+"/api/v1/webhooks/endpoints", key, `{"url": "`+c.URL+`/in", "description": "test"}`)
	var made struct{ ID, Secret string }
	if a.status != 201 {
		c.t.Fatalf("%d %s", a.status, a.body)
	}
	a.data(c.t, &made)
	c.mu.Lock()
	c.secret = made.Secret
	c.mu.Unlock()
	return made.ID
}

// missing returns the bodies that the consumer does not have.
func (c *consumer) missing(bodies map[string]string) (out []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, body := range bodies {
		if c.bodies[id] != body {
			out = append(out, body)
		}
	}
	return out
}

// await waits until the consumer has all of the bodies.
func (c *consumer) await(bodies map[string]string) {
	c.t.Helper()
	timeout := time.After(patience)
	for {
		left := c.missing(bodies)
		if len(left) == 0 {
			return
		}
		select {
		case <-c.news:
		case <-timeout:
			c.t.Fatalf("%d of %d events never came, such as %s", len(left), len(bodies), left[0])
		}
	}
}

// readFeed reads the whole feed of a key: bodies by id, and the ids in order.
func readFeed(t testing.TB, api, key string) (map[string]string, []string) {
	t.Helper()
	bodies, order := map[string]string{}, []string{}
	for after := ""; ; {
		a := request(t, "GET", api+"/api/v1/events?limit=50"+after, key, "")
		var page struct {
			Data []json.RawMessage
			Page struct {
				Next string
				More bool
			}
		}
		if err := json.Unmarshal([]byte(a.body), &page); err != nil || a.status != 200 {
			t.Fatalf("%v: %d %s", err, a.status, a.body)
		}
		for _, raw := range page.Data {
			var e struct{ ID string }
			if err := json.Unmarshal(raw, &e); err != nil || bodies[e.ID] != "" {
				t.Fatalf("%v, or twice: %s", err, raw)
			}
			bodies[e.ID] = string(raw)
			order = append(order, e.ID)
		}
		if !page.Page.More {
			return bodies, order
		}
		after = "&after=" + page.Page.Next
	}
}

// What the feed shows is what the endpoint gets, byte for byte, signed; and in
// order for each message.
func TestWebhooksCarryTheFeed(t *testing.T) {
	c := newConsumer(t)
	th := startHub(t, t.TempDir(), func(o *hubOptions) {
		o.config.Webhooks.HTTP, o.config.Webhooks.Allow = true, loopback()
	})
	id := c.subscribe(th.URL(), th.key)
	for i := range 20 {
		sent := th.send(fmt.Sprintf(`{"to": "+141555501%02d", "channel": "sms", "content": "Hello", "reference": "order %d"}`, i, i))
		th.await(sent, "message.delivered")
	}
	bodies, order := readFeed(t, th.URL(), th.key)
	if len(bodies) != 60 || !slices.IsSorted(order) || !strings.Contains(bodies[order[0]], `"reference":"order 0"`) {
		t.Fatalf("%d events: %v", len(bodies), order)
	}
	c.await(bodies)
	var test struct {
		Outcome        string
		ResponseStatus int
	}
	request(t, "POST", th.URL()+"/api/v1/webhooks/endpoints/"+id+"/test", th.key, "").data(t, &test)
	if test.Outcome != "delivered" || test.ResponseStatus != 200 {
		t.Errorf("%+v", test)
	}
	again := request(t, "POST", th.URL()+"/api/v1/webhooks/endpoints/"+id+"/replay", th.key, `{"since": "2026-01-01T00:00:00Z"}`)
	if again.status != 202 {
		t.Errorf("%d %s", again.status, again.body)
	}
	var log []struct{ Outcome, EventID string }
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		request(t, "GET", th.URL()+"/api/v1/webhooks/endpoints/"+id+"/deliveries?limit=200", th.key, "").data(t, &log)
		if len(log) == 120 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d deliveries, want 120", len(log))
		}
	}
	metrics := request(t, "GET", th.OpsURL()+"/metrics", "", "")
	for _, want := range []string{
		`messagehub_webhook_deliveries_total{outcome="delivered"} 121`, `messagehub_webhook_endpoints{state="healthy"} 1`, `messagehub_webhook_oldest_seconds 0`,
	} {
		if !strings.Contains(metrics.body, want) {
			t.Errorf("no %q in the metrics", want)
		}
	}
	th.stop()
	if log := th.log.String(); strings.Contains(log, "whsec_") || strings.Contains(log, c.secret[6:]) {
		t.Error("the log holds the secret")
	}
}

// By default nothing on this machine or in its networks can be reached.
func TestWebhooksStayOutside(t *testing.T) {
	c := newConsumer(t)
	th := startHub(t, t.TempDir(), func(o *hubOptions) { o.config.Webhooks.HTTP = true })
	a := request(t, "POST", th.URL()+"/api/v1/webhooks/endpoints", th.key, `{"url": "`+c.URL+`"}`)
	if a.status != 400 || a.code(t) != "invalid_url" {
		t.Errorf("%d %s", a.status, a.body)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(c.URL, "http://"), ":")
	a = request(t, "POST", th.URL()+"/api/v1/webhooks/endpoints", th.key, `{"url": "http://localhost:`+port+`/"}`)
	var made struct{ ID string }
	a.data(t, &made)
	var test struct{ Outcome string }
	request(t, "POST", th.URL()+"/api/v1/webhooks/endpoints/"+made.ID+"/test", th.key, "").data(t, &test)
	if test.Outcome != "address_forbidden" || len(c.bodies) != 0 {
		t.Errorf("%+v, %d requests", test, len(c.bodies))
	}
}

// Killed again and again while events flow, the relay delivers every event of
// its feed, and its store is sound.
func TestWebhooksSurviveKill(t *testing.T) {
	dir := t.TempDir()
	c := newConsumer(t)
	var d *demo
	var sent []string
	for round := range 4 {
		d = startDemo(t, dir)
		if round == 0 {
			c.subscribe(d.API, d.TestKey)
		}
		c.mu.Lock()
		if round == 1 {
			c.fails = 4 // so that there are redeliveries to remember
		}
		c.mu.Unlock()
		sent = sent[:0]
		for i := range 40 {
			sent = append(sent, sendTo(t, d.API, d.TestKey, fmt.Sprintf(`{"to": "+1415555%d0%02d", "channel": "sms", "content": "Hello"}`, round, i)))
		}
		if round < 3 {
			d.kill()
		}
	}
	for _, id := range sent {
		d.until(id, "delivered")
	}
	bodies, _ := readFeed(t, d.API, d.TestKey)
	if len(bodies) < 160+2*len(sent) {
		t.Errorf("only %d events", len(bodies))
	}
	c.await(bodies)
	repeated := 0
	for _, n := range c.times {
		repeated += n - 1
	}
	t.Logf("%d events, 3 kills: 0 missing, %d delivered twice", len(bodies), repeated)
	if code := d.exit(os.Interrupt); code != exitOK {
		t.Errorf("exit %d: %s", code, tail(d.log))
	}
	if code, out, errText := cli(t, "store", "check", "--data", dir); code != exitOK || !strings.Contains(out+errText, "endpoint") {
		t.Errorf("store check: exit %d, %s%s", code, out, errText)
	}
	if log, err := os.ReadFile(filepath.Clean(d.log)); err != nil || strings.Contains(string(log), "whsec_") {
		t.Errorf("%v, or the log holds a secret", err)
	}
}
