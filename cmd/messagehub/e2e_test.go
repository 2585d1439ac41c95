package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestQuickStart(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	a := request(t, "POST", th.URL()+"/api/v1/messages/send", th.key,
		`{"to": "+14155550100", "channel": "whatsapp", "content": "Your order has shipped"}`)
	var sent struct {
		MessageID, Channel, Status string
		Test                       bool
	}
	a.data(t, &sent)
	if a.status != 202 || sent.Channel != "whatsapp" || sent.Status != "queued" || !sent.Test {
		t.Fatalf("%d %s", a.status, a.body)
	}
	th.await(sent.MessageID, "message.delivered")
	m := th.look(sent.MessageID)
	if m.Status != "delivered" || m.Channel != "whatsapp" || m.path() != "whatsapp delivered" || !m.Test {
		t.Errorf("%+v", m)
	}
}

// Every channel takes the same way to its own simulator and back.
func TestEveryChannelDelivers(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	for _, c := range []struct{ channel, to, event, status string }{
		{"whatsapp", "+14155550100", "message.delivered", "delivered"},
		{"telegram", "123456789", "message.sent", "sent"}, // bots get no receipts
		{"sms", "+14155550100", "message.delivered", "delivered"},
		{"whatsapp", "sim:read", "message.read", "read"},
		{"whatsapp", "sim:sent_only", "message.sent", "sent"},
		{"sms", "sim:failed", "message.failed", "failed"},
		{"telegram", "sim:opted_out", "message.failed", "failed"},
		{"sms", "sim:duplicate_receipt", "message.delivered", "delivered"},
		{"whatsapp", "sim:out_of_order", "message.read", "read"},
	} {
		id := th.send(fmt.Sprintf(`{"to": %q, "channel": %q, "content": "Hello"}`, c.to, c.channel))
		th.await(id, c.event)
		if m := th.look(id); m.Status != c.status {
			t.Errorf("%s to %s: %s, %s; want %s", c.channel, c.to, m.Status, m.path(), c.status)
		}
	}
}

func TestFallbackChain(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	id := th.send(`{"to": "sim:not_on_channel", "channel": "whatsapp", "content": "Your order has shipped",
		"fallback": {"timeout": 60, "channels": [{"channel": "telegram", "to": "sim:opted_out"}, {"channel": "sms", "to": "+919876543210"}]}}`)
	th.await(id, "message.delivered")
	m := th.look(id)
	if want := "whatsapp failed not_on_channel, telegram failed recipient_blocked, sms delivered"; m.path() != want || m.Channel != "sms" || m.Status != "delivered" {
		t.Errorf("%s over %s: %s; want %s", m.Status, m.Channel, m.path(), want)
	}
}

func TestFallbackByTimeout(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	id := th.send(`{"to": "sim:no_receipt", "channel": "whatsapp", "content": "Hello",
		"fallback": {"timeout": 5, "successStatus": "delivered", "channels": [{"channel": "sms", "to": "+919876543210"}]}}`)
	th.await(id, "message.delivered")
	m := th.look(id)
	if want := "whatsapp sent success_timeout, sms delivered"; m.path() != want || m.Channel != "sms" {
		t.Errorf("%s over %s: %s; want %s", m.Status, m.Channel, m.path(), want)
	}
}

func TestIdempotency(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	body := `{"to": "+14155550100", "channel": "sms", "content": "Once"}`
	first := th.send(body, "Idempotency-Key", "order-1")
	again := func(when string) {
		t.Helper()
		a := request(t, "POST", th.URL()+"/api/v1/messages/send", th.key, body, "Idempotency-Key", "order-1")
		var m struct{ MessageID string }
		a.data(t, &m)
		if a.status != 202 || m.MessageID != first || a.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s: %d %v %s", when, a.status, a.header, a.body)
		}
		other := request(t, "POST", th.URL()+"/api/v1/messages/send", th.key, strings.Replace(body, "Once", "Twice", 1), "Idempotency-Key", "order-1")
		if other.status != 422 || other.code(t) != "idempotency_key_reused" {
			t.Errorf("%s, other body: %d %s", when, other.status, other.body)
		}
	}
	again("at once")
	th.await(first, "message.delivered")
	th.stop()
	th = startHub(t, dir, nil)
	again("after a restart")
}

func TestCancel(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	at := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	id := th.send(fmt.Sprintf(`{"to": "+14155550100", "channel": "sms", "content": "Later", "scheduledAt": %q}`, at))
	if m := th.look(id); m.Status != "scheduled" {
		t.Fatalf("status %s, want scheduled", m.Status)
	}
	if a := request(t, "POST", th.URL()+"/api/v1/messages/"+id+"/cancel", th.key, ""); a.status != 200 {
		t.Fatalf("cancel: %d %s", a.status, a.body)
	}
	if m := th.look(id); m.Status != "canceled" || m.path() != "sms canceled" {
		t.Errorf("after cancel: %s, %s", m.Status, m.path())
	}
	done := th.send(`{"to": "+14155550100", "channel": "sms", "content": "Now"}`)
	th.await(done, "message.delivered")
	if a := request(t, "POST", th.URL()+"/api/v1/messages/"+done+"/cancel", th.key, ""); a.status < 400 {
		t.Errorf("a delivered message was canceled: %d %s", a.status, a.body)
	}
}

func TestPreferWaitAnswersWithTheOutcome(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	a := request(t, "POST", th.URL()+"/api/v1/messages/send", th.key,
		`{"to": "sim:not_on_channel", "channel": "whatsapp", "content": "Hello"}`, "Prefer", "wait=10")
	var m struct {
		Status string
		Error  struct{ Code string }
	}
	a.data(t, &m)
	if a.status != 200 || m.Status != "failed" || m.Error.Code != "not_on_channel" || a.header.Get("Preference-Applied") == "" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}

// An outcome that nobody knows is one, though there is no event of it.
func TestPreferWaitAnswersWhenNobodyKnows(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	begun := time.Now()
	a := request(t, "POST", th.URL()+"/api/v1/messages/send", th.key,
		`{"to": "sim:timeout", "channel": "whatsapp", "content": "Hello"}`, "Prefer", "wait=30")
	var m struct {
		Status string
		Error  struct{ Code string }
	}
	a.data(t, &m)
	if a.status != 200 || m.Status != "sending" || m.Error.Code != "outcome_unknown" || time.Since(begun) > 20*time.Second {
		t.Errorf("%d %s after %s", a.status, a.body, time.Since(begun))
	}
}

// A restart keeps keys, messages and what waits.
func TestRestartGoesOn(t *testing.T) {
	dir := t.TempDir()
	paused := startHub(t, dir, func(o *hubOptions) { o.acceptOnly = true })
	id := paused.send(`{"to": "+14155550100", "channel": "whatsapp", "content": "Hello"}`)
	key := paused.key
	paused.stop()
	th := startHub(t, dir, nil)
	if th.key != key {
		t.Error("the key has changed")
	}
	th.await(id, "message.delivered")
	if m := th.look(id); m.Status != "delivered" {
		t.Errorf("status %s", m.Status)
	}
}

func TestSecondHubOnADirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	o := th.hubOptions
	o.log = newLogging(io.Discard, th.config.Log)
	defer o.log.Close()
	if _, err := newHub(o); exitCode(err) != exitLocked {
		t.Errorf("second hub: %v, exit %d", err, exitCode(err))
	}
	th.await(th.send(`{"to": "+14155550100", "channel": "sms", "content": "Unharmed"}`), "message.delivered")
}

func TestOperations(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	th.await(th.send(`{"to": "+14155550100", "channel": "sms", "content": "Counted"}`), "message.delivered")
	untilReady(t, th.OpsURL())
	for path, want := range map[string]string{
		"/livez": "ok", "/readyz": "ok", "/readyz?verbose": `{"name":"delivery","ok":true,"error":null}`, "/debug/pprof/": "goroutine",
		"/metrics?lost":   "messagehub_log_lines_dropped_total 0\n",
		"/metrics?behind": `messagehub_shards_behind{channel="sms",test="true"} 0`,
		"/metrics":        `messagehub_sends_total{channel="sms",test="true",outcome="accepted",code="",class=""} 1`,
	} {
		if a := request(t, "GET", th.OpsURL()+path, "", ""); a.status != 200 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d, no %q", path, a.status, want)
		}
	}
	th.ops.Drain()
	if a := request(t, "GET", th.OpsURL()+"/readyz", "", ""); a.status != 503 {
		t.Errorf("/readyz while draining: %d %s", a.status, a.body)
	}
}

// untilReady waits until the server takes requests, which is soon after its
// ready line: the shards read what waited before.
func untilReady(t *testing.T, ops string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for request(t, "GET", ops+"/readyz", "", "").status != 200 {
		if time.Now().After(deadline) {
			t.Fatal("the server does not become ready")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// The log has one line for each attempt, and nothing in it that a client or a
// provider wrote.
func TestLogHasOutcomesAndNoContent(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	th.await(th.send(`{"to": "+14155550177", "channel": "sms", "content": "s3cret content", "reference": "s3cret-ref"}`), "message.delivered")
	request(t, "GET", th.URL()+"/api/v1/messages", "cpk_test_s3cret", "")
	th.stop()
	log := th.log.String()
	if !strings.Contains(log, " attempt=0 channel=sms test=true sender=sandbox outcome=accepted") {
		t.Errorf("no line of the attempt in\n%s", log)
	}
	for _, secret := range []string{"s3cret", "14155550177", th.key} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
