package client

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSend(t *testing.T) {
	c, s := scripted(t, answer{202, "", taken})
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	m := Message{
		To: "+14155550100", Channel: "sms", Content: "안녕", ScheduledAt: &at, Metadata: map[string]any{"shop": 7},
		Fallback: &Fallback{Channels: []Step{{Channel: "whatsapp", Timeout: 60}}, OnUnknown: "advance"},
	}
	sent, err := c.SendWith(t.Context(), m, SendOptions{IdempotencyKey: "order-1", Wait: 10})
	want := &Sent{MessageID: "msg_1", Channel: "sms", Status: "queued", Test: true, Segments: 2, Encoding: "UCS-2", Warnings: []Fault{{"fallback", "unroutable", "No."}}}
	if err != nil || !reflect.DeepEqual(sent, want) {
		t.Fatalf("%+v, %v", sent, err)
	}
	got := s.asked[0]
	if got.line != "POST /api/v1/messages/send" || got.header.Get("Idempotency-Key") != "order-1" || got.header.Get("Prefer") != "wait=10" ||
		got.header.Get("Authorization") != "Bearer cpk_test_x" || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("%+v", got)
	}
	body := `{"to":"+14155550100","channel":"sms","content":"안녕","metadata":{"shop":7},"scheduledAt":"2026-01-31T12:00:00Z",` +
		`"fallback":{"channels":[{"channel":"whatsapp","timeout":60}],"onUnknown":"advance"}}`
	if got.body != body {
		t.Errorf("body %s\nwant %s", got.body, body)
	}
}

func TestRefusalIsAnError(t *testing.T) {
	c, s := scripted(t, answer{400, "", fault})
	_, err := c.Send(t.Context(), Message{})
	var e *Error
	if !errors.As(err, &e) || len(s.asked) != 1 {
		t.Fatalf("%v after %d tries", err, len(s.asked))
	}
	want := &Error{
		Status: 400, Code: "invalid_recipient", Message: "Two things are wrong.", Param: "to", Hint: "E.164.", DocURL: "/docs/errors/invalid_recipient",
		RequestID: "req_2", Permanent: true,
		Errors: []Fault{{"to", "invalid_recipient", "to is no number."}, {"", "content_required", "content is missing."}},
	}
	if !reflect.DeepEqual(e, want) {
		t.Errorf("%+v", e)
	}
	if text := err.Error(); text != "Two things are wrong. (400 invalid_recipient, req_2); to is no number.; content is missing." {
		t.Error(text)
	}
}

// What is tried again, how often, and after how long.
func TestRepeats(t *testing.T) {
	send := func(ctx context.Context, c *Client) error { return errOf(c.Send(ctx, Message{})) }
	get := func(ctx context.Context, c *Client) error { return errOf(c.Get(ctx, "msg_1")) }
	create := func(ctx context.Context, c *Client) error { return errOf(c.CreateEndpoint(ctx, "https://example.com")) }
	cut, busy, done := answer{}, answer{503, "Retry-After: 3", refusal}, answer{200, "", taken}
	for _, test := range []struct {
		name    string
		answers []answer
		call    func(context.Context, *Client) error
		tries   int
		least   time.Duration
		fails   bool
	}{
		{"a lost answer to a send", []answer{cut, cut, done}, send, 3, 375 * time.Millisecond, false},
		{"a lost answer to a look-up", []answer{cut, done}, get, 2, 125 * time.Millisecond, false},
		{"a lost answer that nothing makes safe", []answer{cut, done}, create, 1, 0, true},
		{"refused before anything was done", []answer{busy, done}, create, 2, 3 * time.Second, false},
		{"rate limited", []answer{{429, "Retry-After: 59", refusal}, done}, send, 2, 59 * time.Second, false},
		{"asked to wait for too long", []answer{{429, "Retry-After: 61", refusal}, done}, send, 1, 0, true},
		{"a key in use", []answer{{409, "", refusal}, done}, send, 2, 125 * time.Millisecond, false},
		{"a server error", []answer{{500, "", refusal}, done}, create, 1, 0, true},
		{"a proxy's error", []answer{{502, "", "<html>"}, done}, send, 2, 125 * time.Millisecond, false},
		{"not the API", []answer{{404, "", "<html>"}, done}, send, 1, 0, true},
		{"never", []answer{cut}, send, 5, 1875 * time.Millisecond, true},
		{"not JSON", []answer{{200, "", "<html>"}}, get, 1, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, s := scripted(t, test.answers...)
				begun := time.Now()
				err := test.call(t.Context(), c)
				took := time.Since(begun)
				if (err != nil) != test.fails || len(s.asked) != test.tries || took < test.least || took > 2*test.least+time.Second {
					t.Errorf("%v after %d tries and %s", err, len(s.asked), took)
				}
				key := s.asked[0].header.Get("Idempotency-Key")
				for _, a := range s.asked {
					if a.header.Get("Idempotency-Key") != key || a.body != s.asked[0].body || (strings.HasSuffix(a.line, "/send") && len(key) < 20) {
						t.Errorf("another request: %+v", a)
					}
				}
			})
		})
	}
}

func TestEverySendHasAKeyOfItsOwn(t *testing.T) {
	c, s := scripted(t, answer{202, "", taken})
	for range 2 {
		if _, err := c.Send(t.Context(), Message{}); err != nil {
			t.Fatal(err)
		}
	}
	if s.asked[0].header.Get("Idempotency-Key") == s.asked[1].header.Get("Idempotency-Key") {
		t.Error("two sends share a key")
	}
}

func TestContextEndsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := scripted(t, answer{503, "Retry-After: 50", refusal})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		begun := time.Now()
		var e *Error
		if _, err := c.Send(ctx, Message{}); !errors.As(err, &e) || e.RetryAfter != 50*time.Second || time.Since(begun) != 5*time.Second || len(s.asked) != 1 {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
		if _, err := c.Send(ctx, Message{}); !errors.Is(err, context.DeadlineExceeded) || len(s.asked) != 1 {
			t.Errorf("a context that is over: %v", err)
		}
	})
}

// A client whose bucket is empty waits for its next token instead of being
// refused.
func TestRequestsKeepToTheRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := func(n string) answer {
			return answer{202, "X-RateLimit-Limit: 60\nX-RateLimit-Remaining: " + n + "\nX-RateLimit-Reset: 1800000000", taken}
		}
		c, s := scripted(t, left("1"), left("0"), left("0"), left("5"))
		for range 4 {
			if _, err := c.Send(t.Context(), Message{}); err != nil {
				t.Fatal(err)
			}
		}
		for i, want := range []time.Duration{0, 0, time.Second, 2 * time.Second} {
			if got := s.asked[i].at.Sub(s.asked[0].at); got != want {
				t.Errorf("request %d after %s, want %s", i, got, want)
			}
		}
		if got := c.RateLimit(); got != (RateLimit{60, 5, time.Unix(1800000000, 0)}) {
			t.Errorf("%+v", got)
		}
	})
}

func TestMessagesWalksAllPages(t *testing.T) {
	c, s := scripted(t,
		answer{200, "", `{"data":[{"id":"msg_3","status":"failed","error":{"code":"opted_out","class":"recipient","permanent":true,"provider":{"code":"7","message":"no"}}},{"id":"msg_2"}],"page":{"next":"c1"}}`},
		answer{200, "", `{"data":[],"page":{"next":"c2"}}`}, answer{200, "", `{"data":[{"id":"msg_1"}],"page":{"next":null}}`})
	var ids []string
	for m, err := range c.Messages(t.Context(), Filter{Status: "failed", To: "+1", From: time.Unix(0, 0), PageSize: 2}) {
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, m.ID); m.ID == "msg_3" && (m.Failure == nil || m.Failure.Provider.Code != "7") {
			t.Errorf("%+v", m)
		}
	}
	query := "from=1970-01-01T00%3A00%3A00Z&limit=2&status=failed&to=%2B1"
	want := "GET /api/v1/messages?" + query + "\nGET /api/v1/messages?after=c1&" + query + "\nGET /api/v1/messages?after=c2&" + query
	if strings.Join(ids, " ") != "msg_3 msg_2 msg_1" || s.lines() != want {
		t.Errorf("%v\n%s", ids, s.lines())
	}
}

// The methods with nothing special: what they ask for.
func TestRequests(t *testing.T) {
	types, off := []string{"*"}, false
	since := time.Unix(1, 0)
	c, s := scripted(t, answer{200, "", `{"data":{}}`})
	for _, err := range []error{
		errOf(c.Get(t.Context(), "msg/1")), errOf(c.Cancel(t.Context(), "msg_1")), errOf(c.Batch(t.Context(), "bat_1")),
		errOf(c.CreateEndpoint(t.Context(), "https://example.com", "message.read")), errOf(c.Endpoint(t.Context(), "whe_1")),
		errOf(c.UpdateEndpoint(t.Context(), "whe_1", EndpointChange{EventTypes: &types, Enabled: &off})),
		errOf(c.RotateEndpoint(t.Context(), "whe_1", time.Hour)), errOf(c.TestEndpoint(t.Context(), "whe_1")),
		c.ReplayEvent(t.Context(), "whe_1", "evt_1"), c.ReplayRange(t.Context(), "whe_1", since, since), c.DeleteEndpoint(t.Context(), "whe_1"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []string{
		"GET /api/v1/messages/msg%2F1", "POST /api/v1/messages/msg_1/cancel", "GET /api/v1/batches/bat_1",
		`POST /api/v1/webhooks/endpoints {"url":"https://example.com","eventTypes":["message.read"]}`, "GET /api/v1/webhooks/endpoints/whe_1",
		`PATCH /api/v1/webhooks/endpoints/whe_1 {"eventTypes":["*"],"enabled":false}`,
		`POST /api/v1/webhooks/endpoints/whe_1/rotate {"overlap":3600}`, "POST /api/v1/webhooks/endpoints/whe_1/test {}",
		`POST /api/v1/webhooks/endpoints/whe_1/replay {"eventId":"evt_1"}`,
		`POST /api/v1/webhooks/endpoints/whe_1/replay {"since":"1970-01-01T00:00:01Z","until":"1970-01-01T00:00:01Z"}`,
		"DELETE /api/v1/webhooks/endpoints/whe_1",
	}
	for i, a := range s.asked {
		if got := strings.TrimSpace(a.line + " " + a.body); got != want[i] {
			t.Errorf("%s\nwant %s", got, want[i])
		}
	}
}

func errOf(_ any, err error) error { return err }

func TestFollowWaitsAndGoesOn(t *testing.T) { synctest.Test(t, follow) }

func follow(t *testing.T) {
	event := `{"id":"evt_1","type":"message.sent","timestamp":"2026-01-31T12:00:03.120Z","data":{"messageId":"msg_1","status":"sent","code":null,"metadata":null}}`
	c, s := scripted(t, answer{200, "", `{"data":[],"page":{"next":"evt_0","more":false}}`}, answer{},
		answer{200, "", `{"data":[` + event + `],"page":{"next":"evt_2","more":true}}`})
	for e, err := range c.Events(t.Context(), Feed{Types: []string{"message.sent", "message.read"}, Follow: true}) {
		if err != nil {
			t.Fatal(err)
		}
		m, err := e.Message()
		if err != nil || m.MessageID != "msg_1" || string(e.Raw) != event {
			t.Errorf("%+v, %v, %s", m, err, e.Raw)
		}
		if len(s.asked) == 4 {
			break
		}
	}
	want := "GET /api/v1/events?type=message.sent%2Cmessage.read&wait=25\nGET /api/v1/events?after=evt_0&type=message.sent%2Cmessage.read&wait=25\n"
	if !strings.HasPrefix(s.lines(), want) || !strings.Contains(s.asked[3].line, "after=evt_2") {
		t.Errorf("%s", s.lines())
	}
	other := Event{Type: "channel.degraded", Data: json.RawMessage(`{"channel":"sms"}`)}
	if _, err := other.Message(); err == nil {
		t.Error("a message in an event of none")
	}
}
