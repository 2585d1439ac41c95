package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"messagehub/relay/client"
)

// volley is how many equal requests are made at once.
const volley = 100

// TestKillDuringEqualRequests has a hundred clients send the same request at
// once, again and again, to a relay that is killed in the midst; they go on as
// the client library does. Each Idempotency-Key then has one message, over the
// API and at the provider, whatever was answered or lost.
func TestKillDuringEqualRequests(t *testing.T) {
	const keys, kills = 3, 3 // kills of each key
	c := newCrash(t)
	c.knobs(`{"dropAnswer":0,"throttle":0,"fail":0,"doubleReceipt":0,"reorderReceipt":0,"latency":"0s"}`)
	cuts := &cutCounter{next: &http.Transport{MaxIdleConnsPerHost: volley}}
	relay := &client.Client{URL: c.api, Key: c.key, HTTP: &http.Client{Transport: cuts}, Tries: 50, MaxPause: 10 * time.Second}
	t.Cleanup(relay.HTTP.CloseIdleConnections)
	// No kill may fall into a hand-over: whether the provider has the message
	// would be unknown for minutes, which is another test's subject.
	at := time.Now().Add(12 * time.Second)
	for k := range keys {
		key := fmt.Sprint("equal-", k)
		m := client.Message{To: fmt.Sprintf("+9198765%05d", k), Channel: "whatsapp", Content: key, Reference: "equal", ScheduledAt: &at}
		for range kills {
			ids := c.killDuring(func() []string { return sendEqual(t, relay, m, key) })
			for _, id := range ids {
				c.promise(key, id)
			}
			other := m
			other.Content = "another"
			if _, err := relay.SendWith(t.Context(), other, client.SendOptions{IdempotencyKey: key}); !isRefusal(err, 422, "idempotency_key_reused") {
				t.Errorf("the key with another body, after a restart: %v", err)
			}
		}
	}
	audit, received := c.settle(), c.received()
	if err := audit.Err(); err != nil || audit.Messages != keys {
		t.Errorf("%d messages: %v", audit.Messages, err)
	}
	known := 0
	for _, n := range c.listed("equal") {
		known += n
	}
	for key := range c.promised {
		if n := received[key]; n != 1 && audit.Unknown == 0 {
			t.Errorf("%s was received %d times", key, n)
		}
	}
	if known != keys || cuts.n.Load() == 0 {
		t.Errorf("%d keys made %d messages; %d tries were cut off", keys, known, cuts.n.Load())
	}
	t.Logf("%d keys, %d kills, %d requests, %d tries cut off: %d messages, received %v", keys, keys*kills, keys*kills*volley, cuts.n.Load(), known, received)
}

// killDuring kills and restarts the relay while f runs.
func (c *crash) killDuring(f func() []string) []string {
	done := make(chan []string, 1)
	go func() { done <- f() }()
	time.Sleep(rand.N(15 * time.Millisecond))
	c.relay.kill()
	c.startRelay()
	return <-done
}

// sendEqual makes a volley of one request and returns the ids it was answered.
func sendEqual(t *testing.T, relay *client.Client, m client.Message, key string) []string {
	ids := make([]string, volley)
	var clients sync.WaitGroup
	for i := range ids {
		clients.Go(func() {
			sent, err := relay.SendWith(context.WithoutCancel(t.Context()), m, client.SendOptions{IdempotencyKey: key})
			if err != nil {
				t.Errorf("send %s: %v", key, err)
				return
			}
			ids[i] = sent.MessageID
		})
	}
	clients.Wait()
	return ids
}

func isRefusal(err error, status int, code string) bool {
	var refused *client.Error
	return errors.As(err, &refused) && refused.Status == status && refused.Code == code
}

// cutCounter counts the requests that got no answer.
type cutCounter struct {
	next http.RoundTripper
	n    atomic.Int64
}

// RoundTrip implements [http.RoundTripper].
func (c *cutCounter) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	if err != nil {
		c.n.Add(1)
	}
	return resp, err
}

// CloseIdleConnections is called by [http.Client].
func (c *cutCounter) CloseIdleConnections() { c.next.(*http.Transport).CloseIdleConnections() }

// The same in one process, where the race detector looks on: half of the clients
// have their answer held, so others find the key in progress.
func TestEqualRequestsAtOnce(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	relay := &client.Client{URL: th.URL(), Key: th.key, HTTP: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: volley}}, Tries: 50}
	t.Cleanup(relay.HTTP.CloseIdleConnections)
	m := client.Message{To: "+14155550100", Channel: "sms", Content: "Once"}
	ids := make([]string, volley)
	var clients sync.WaitGroup
	for i := range ids {
		clients.Go(func() {
			sent, err := relay.SendWith(t.Context(), m, client.SendOptions{IdempotencyKey: "once", Wait: i % 2})
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = sent.MessageID
		})
	}
	clients.Wait()
	for _, id := range ids {
		if id != ids[0] || id == "" {
			t.Fatalf("ids %q and %q", ids[0], id)
		}
	}
	th.await(ids[0], "message.delivered")
	n := 0
	for _, err := range relay.Messages(t.Context(), client.Filter{}) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 1 {
		t.Errorf("%d messages", n)
	}
}
