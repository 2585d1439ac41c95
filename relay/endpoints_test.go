package relay

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"messagehub/relay/webhook"
	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

// fakeBook holds endpoints in memory. Nothing is delivered to them.
type fakeBook struct {
	webhook.Outboxes
	webhook.Feed
	mu     sync.Mutex
	all    map[message.ID]message.Endpoint
	audits []message.AuditEntry
	log    []message.Delivery
}

func (b *fakeBook) Outbox(message.WorkspaceID, message.ID) (message.Outbox, []message.Redelivery, message.Replay, error) {
	return message.Outbox{}, nil, message.Replay{}, message.ErrNotFound
}

func (b *fakeBook) Endpoint(ws message.WorkspaceID, id message.ID) (message.Endpoint, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.all[id]
	if !ok || e.Workspace != ws {
		return message.Endpoint{}, message.ErrNotFound
	}
	return e, nil
}

func (b *fakeBook) Endpoints(ws message.WorkspaceID) (all []message.Endpoint, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.all {
		if e.Workspace == ws {
			all = append(all, e)
		}
	}
	return all, nil
}

func (b *fakeBook) AllEndpoints() ([]message.Endpoint, error) { return nil, nil }

func (b *fakeBook) PutEndpoint(e message.Endpoint, why ...message.AuditEntry) (message.Endpoint, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.Revision++
	b.all[e.ID] = e
	b.audits = append(b.audits, why...)
	return e, nil
}

func (b *fakeBook) DeleteEndpoint(_ message.WorkspaceID, id message.ID, why ...message.AuditEntry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.all, id)
	b.audits = append(b.audits, why...)
	return nil
}

func (b *fakeBook) Deliveries(_ message.WorkspaceID, _ message.ID, before uint64, limit int) (out []message.Delivery, err error) {
	for _, d := range b.log {
		if (before == 0 || d.Number < before) && len(out) < limit {
			out = append(out, d)
		}
	}
	return out, nil
}

func (b *fakeBook) FeedSpan(message.Time) (first, end message.Position, err error) { return 0, 0, nil }

func (b *fakeBook) Seal(_ string, value []byte) ([]byte, error)  { return value, nil }
func (b *fakeBook) Open(_ string, sealed []byte) ([]byte, error) { return sealed, nil }

func openEndpoints(t *testing.T) (*door, *fakeBook) {
	b := &fakeBook{all: map[message.ID]message.Endpoint{}}
	return openDoor(t, func(o *Options) {
		o.Webhooks = webhook.NewDeliverer(webhook.Options{
			Feed: b, Outboxes: b, Book: b, Editor: b, History: b, Sealer: b, Rules: webhook.Rules{Guard: webhook.NewGuard(nil)}, Now: o.Now,
		})
	}), b
}

// hook is an endpoint as the API shows it.
type hook struct {
	ID, URL, Secret, DisabledReason string
	EventTypes                      []string
	Enabled, Test                   bool
}

func (d *door) hook(status int, method, path, key, body string) hook {
	d.t.Helper()
	a := d.ask(method, path, key, body)
	var h struct{ Data hook }
	if err := json.Unmarshal([]byte(a.body), &h); err != nil || a.status != status {
		d.t.Fatalf("%v: %d %s", err, a.status, a.body)
	}
	return h.Data
}

func TestEndpointIsMadeShownChangedAndDeleted(t *testing.T) {
	d, b := openEndpoints(t)
	made := d.hook(201, "POST", endpointsPath, d.live, `{"url": "https://example.com/in", "eventTypes": ["message.sent", "message.sent"], "description": "빵집"}`)
	if !strings.HasPrefix(made.ID, "whe_") || !strings.HasPrefix(made.Secret, "whsec_") || len(made.EventTypes) != 1 || !made.Enabled {
		t.Fatalf("%+v", made)
	}
	at := endpointsPath + "/" + made.ID
	if got := d.hook(200, "GET", at, d.live, ""); got.Secret != "" || got.URL != made.URL {
		t.Errorf("%+v", got)
	}
	if a := d.ask("GET", endpointsPath, d.live, ""); !strings.Contains(a.body, made.ID) || strings.Contains(a.body, "whsec") {
		t.Errorf("%s", a.body)
	}
	got := d.hook(200, "PATCH", at, d.live, `{"enabled": false, "eventTypes": ["*"]}`)
	if got.Enabled || got.DisabledReason != "requested" || got.EventTypes[0] != "*" || got.URL != made.URL {
		t.Errorf("%+v", got)
	}
	if rotated := d.hook(200, "POST", at+"/rotate", d.live, `{"overlap": 60}`); rotated.Secret == "" || rotated.Secret == made.Secret {
		t.Errorf("%+v", rotated)
	}
	if a := d.ask("DELETE", at, d.live, ""); a.status != 200 || a.body != `{"data":{"id":"`+made.ID+`","deleted":true}}` {
		t.Errorf("%d %s", a.status, a.body)
	}
	d.wants(d.ask("GET", at, d.live, ""), 404, NotFound)
	for i, want := range []string{"webhook.create", "webhook.update", "webhook.rotate", "webhook.delete"} {
		if e := b.audits[i]; e.Action != want || !strings.HasPrefix(e.Actor, "key_") || e.Object != made.ID || e.Address == "" || !strings.HasPrefix(e.RequestID, "req_") {
			t.Errorf("%+v", e)
		}
	}
}

// Another workspace's endpoint, the other of live and test, an id that never
// was and one of no form are answered alike, on every route.
func TestForeignEndpointsAreNotFound(t *testing.T) {
	d, _ := openEndpoints(t)
	made := d.hook(201, "POST", endpointsPath, d.live, `{"url": "https://example.com/in"}`)
	nobody := string(message.AppendID(nil, message.PrefixEndpoint, message.NewEndpointID()))
	routesSeen := 0
	for _, r := range routes() {
		if !strings.Contains(r.pattern, "{endpointId}") {
			continue
		}
		routesSeen++
		body := ""
		switch {
		case strings.HasSuffix(r.pattern, "/replay"):
			body = `{"since": "2026-01-01T00:00:00Z"}`
		case r.json:
			body = `{}`
		}
		at := func(id string) string { return strings.ReplaceAll(r.pattern, "{endpointId}", id) }
		unknown := d.ask(r.method, at(nobody), d.live, body)
		d.wants(unknown, 404, NotFound)
		for name, a := range map[string]answer{
			"another workspace": d.ask(r.method, at(made.ID), d.other, body), "a test key": d.ask(r.method, at(made.ID), d.test, body),
			"no form": d.ask(r.method, at("whe_x"), d.live, body), "another prefix": d.ask(r.method, at("msg_"+made.ID[4:]), d.live, body),
		} {
			if !sameButID(t, a, unknown) {
				t.Errorf("%s %s, %s: %d %s", r.method, r.pattern, name, a.status, a.body)
			}
		}
	}
	if routesSeen != 7 {
		t.Errorf("%d routes of endpoints", routesSeen)
	}
	if list := d.ask("GET", endpointsPath, d.other, ""); list.body != `{"data":[],"page":{"next":null}}` {
		t.Errorf("%s", list.body)
	}
}

func TestEndpointBodiesAreRefused(t *testing.T) {
	d, b := openEndpoints(t)
	made := d.hook(201, "POST", endpointsPath, d.live, `{"url": "https://example.com/in"}`)
	at := endpointsPath + "/" + made.ID
	for _, row := range []struct {
		method, path, body string
		code               Code
		param              string
	}{
		{"POST", endpointsPath, ``, MissingParameter, "url"},
		{"POST", endpointsPath, `{"url": 7}`, InvalidType, "url"},
		{"POST", endpointsPath, `{"url": "http://example.com"}`, InvalidURL, "url"},
		{"POST", endpointsPath, `{"url": "https://127.0.0.1/"}`, InvalidURL, "url"},
		{"POST", endpointsPath, `{"url": "https://u:p@example.com/"}`, InvalidURL, "url"},
		{"POST", endpointsPath, `{"url": "https://example.com", "url": "https://example.com"}`, DuplicateMember, "url"},
		{"POST", endpointsPath, `{"url": "https://example.com", "events": []}`, UnknownParameter, "events"},
		{"POST", endpointsPath, `{"url": "https://example.com"`, InvalidJSON, ""},
		{"POST", endpointsPath, `[]`, InvalidType, ""},
		{"PATCH", at, `{"eventTypes": []}`, InvalidParameter, "eventTypes"},
		{"PATCH", at, `{"eventTypes": ["message.sent", 1]}`, InvalidType, "eventTypes"},
		{"PATCH", at, `{"eventTypes": ["message.send"]}`, InvalidParameter, "eventTypes"},
		{"PATCH", at, `{"description": "` + longText(maxDescription+1) + `"}`, InvalidParameter, "description"},
		{"PATCH", at, `{"enabled": "yes"}`, InvalidType, "enabled"},
		{"PATCH", at, `{"enabled": null}`, InvalidType, "enabled"},
		{"POST", at + "/rotate", `{"overlap": -1}`, InvalidParameter, "overlap"},
		{"POST", at + "/rotate", `{"overlap": 1.5}`, InvalidParameter, "overlap"},
		{"POST", at + "/rotate", `{"overlap": 604801}`, InvalidParameter, "overlap"},
		{"POST", at + "/test", `{"x": 1}`, UnknownParameter, "x"},
		{"POST", at + "/replay", `{}`, MissingParameter, "since"},
		{"POST", at + "/replay", `{"eventId": "evt_1"}`, InvalidParameter, "eventId"},
		{"POST", at + "/replay", `{"eventId": "evt_0g000000000000200000000000", "since": "2026-01-01T00:00:00Z"}`, InvalidParameter, "eventId"},
		{"POST", at + "/replay", `{"since": "yesterday"}`, InvalidParameter, "since"},
		{"POST", at + "/replay", `{"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}`, InvalidParameter, "until"},
	} {
		if p := d.wants(d.ask(row.method, row.path, d.live, row.body, "Content-Type: application/json"), 400, row.code); p.Error.Param != row.param {
			t.Errorf("%s: param %q", row.body, p.Error.Param)
		}
	}
	if len(b.audits) != 1 {
		t.Errorf("a refused change changed something: %+v", b.audits)
	}
}

func TestDeliveriesArePaged(t *testing.T) {
	d, b := openEndpoints(t)
	made := d.hook(201, "POST", endpointsPath, d.live, `{"url": "https://example.com/in"}`)
	for n := uint64(5); n > 0; n-- {
		b.log = append(b.log, message.Delivery{
			Number: n, Event: message.EventName{Position: message.At(n, 0)}, Type: message.MessageSent, At: day, Attempt: 1,
			Outcome: message.RefusedStatus, Status: 500, NextAt: day + 5000,
		})
	}
	at := endpointsPath + "/" + made.ID + "/deliveries?limit=2"
	seen := 0
	for next := ""; ; {
		a := d.ask("GET", at+next, d.live, "")
		var page struct {
			Data []struct {
				EventID, EventType, Outcome, NextAttemptAt string
				ResponseStatus                             int
			}
			Page struct{ Next *string }
		}
		if err := json.Unmarshal([]byte(a.body), &page); err != nil || a.status != 200 {
			t.Fatalf("%v: %s", err, a.body)
		}
		for _, line := range page.Data {
			if seen++; line.Outcome != "refused_status" || line.ResponseStatus != 500 || line.EventType != "message.sent" || line.NextAttemptAt == "" {
				t.Errorf("%+v", line)
			}
		}
		if page.Page.Next == nil {
			break
		}
		next = "&after=" + *page.Page.Next
	}
	if seen != 5 {
		t.Errorf("%d deliveries, want 5", seen)
	}
	d.wants(d.ask("GET", at+"&after=x", d.live, ""), 400, InvalidCursor)
}

// Whatever a body is, it's read to its end or refused, and what is kept is
// what JSON says.
func FuzzReadObject(f *testing.F) {
	seeds := []string{
		`{"url": "https://example.com", "eventTypes": ["message.sent"], "description": "x", "enabled": true}`, `{"url": "\u0041", "n": 1}`,
		`{"a": {"b": [1, 2, {"c": null}]}, "url": 7}`, ``, `[]`, `{"url": "a", "url": "b"}`,
	}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		var change webhook.Change
		url := ""
		faults := readObject([]byte(text), []field{
			{name: "url", kind: kindString, read: func(s *scanner) *Fault { url = strings.Clone(s.str()); return nil }},
			{name: "eventTypes", kind: kindArray, read: func(s *scanner) *Fault { return readEventTypes(s, &change) }},
		})
		if len(faults) > 0 || text == "" {
			return
		}
		var want struct {
			URL string `json:"url"`
		}
		if err := json.Unmarshal([]byte(text), &want); err != nil || want.URL != url {
			t.Fatalf("%q: %q, want %q, %v", text, url, want.URL, err)
		}
	})
}
