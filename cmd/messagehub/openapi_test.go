package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"messagehub/store/message"
)

// grounds is a hub with something of every kind that paths name. It makes them
// anew for every use: what is canceled or revoked is of no use to the next one.
type grounds struct {
	*testHub
	consumer *httptest.Server
	boss     string // a test key that may do everything
	n        int
}

func newGrounds(t *testing.T) *grounds {
	g := &grounds{consumer: httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))}
	t.Cleanup(g.consumer.Close)
	dir := t.TempDir()
	g.testHub = startHub(t, dir, func(o *hubOptions) { o.config.Webhooks.HTTP, o.config.Webhooks.Allow = true, loopback() })
	g.boss = mustAdminister[createdKey](t, dir, "keys.create", newKey{Workspace: "demo", Test: true, Scopes: message.ScopeAll.Names()}).Key
	return g
}

// make makes one thing by the API and returns its id.
func (g *grounds) make(path, body string) string {
	g.t.Helper()
	g.n++
	a := request(g.t, "POST", g.URL()+path, g.boss, strings.ReplaceAll(body, "%", fmt.Sprint(g.n)))
	var made struct{ ID, MessageID, BatchID, EventID, DistributionID string }
	a.data(g.t, &made)
	return made.ID + made.MessageID + made.BatchID + made.EventID + made.DistributionID
}

// fresh returns an id for a parameter of a path.
func (g *grounds) fresh(parameter, operation string) string {
	g.t.Helper()
	switch parameter {
	case "messageId":
		id := g.make("/api/v1/messages/send", `{"to": "+14155550100", "channel": "sms", "content": "Later", "scheduledAt": "`+inAnHour()+`"}`)
		if operation == "resendMessage" {
			request(g.t, "POST", g.URL()+"/api/v1/messages/"+id+"/cancel", g.boss, "")
		}
		return id
	case "batchId":
		return g.make("/api/v1/messages/batch", `{"messages": [{"to": "+14155550100", "channel": "sms", "content": "Hello"}]}`)
	case "distributionId": // one that waits: it can be paused, resumed and canceled
		return g.make("/api/v1/content/distribute", `{"content": {"sms": {"content": "Hello"}}, "recipients": [{"to": {"sms": "+14155550100"}}],
			"routing": {"mode": "all"}, "scheduledAt": "`+inAnHour()+`"}`)
	case "contactId":
		id := g.make("/api/v1/contacts", `{"externalId": "c%", "identities": {"sms": "+14155550100"}}`)
		if operation == "getErasure" {
			request(g.t, "DELETE", g.URL()+"/api/v1/contacts/"+id, g.boss, "")
		}
		return id
	case "endpointId":
		return g.make("/api/v1/webhooks/endpoints", `{"url": "`+g.consumer.URL+`", "eventTypes": ["channel.degraded"]}`)
	case "keyId":
		return g.make("/api/v1/keys", `{"scopes": ["keys:manage"]}`)
	case "inboundId": // of nobody whose contact is erased meanwhile
		w, err := g.store.WorkspaceByName("demo")
		g.n++
		m := message.Inbound{
			Owner: message.Owner{Workspace: w.ID, Test: true}, Test: true, Channel: "sms", Sender: "sandbox", ProviderID: fmt.Sprint(g.n),
			From: "+14155550111", Kind: "text", Text: "Thank you", ReceivedAt: now(),
		}
		id, receiveErr := g.store.Receive(m, message.NoChoice, uint64(g.n))
		if err != nil || receiveErr != nil {
			g.t.Fatal(err, receiveErr)
		}
		return string(message.AppendID(nil, message.PrefixInbound, id))
	}
	return "quickstart" // a page
}

func inAnHour() string { return time.Now().Add(time.Hour).UTC().Format(time.RFC3339) }

// ground puts what there is in the place of an example's names.
func (g *grounds) ground(text string) string {
	g.t.Helper()
	for name, there := range map[string]func() string{
		"con_01jq3t5v8k0000000000000000": func() string { return g.fresh("contactId", "") },
		"evt_01jq3t5v8k0000000000000000": g.event,
		"https://example.com":            func() string { return g.consumer.URL },
		"2026-02-17T12:00:00Z":           inAnHour,
		"crm-99":                         func() string { g.n++; return fmt.Sprint("crm-", 100+g.n) },
		"order-1234":                     func() string { g.n++; return fmt.Sprint("order-", g.n) },
	} {
		if strings.Contains(text, name) {
			text = strings.ReplaceAll(text, name, there())
		}
	}
	return text
}

// event returns the id of one in the feed.
func (g *grounds) event() string {
	id := g.make("/api/v1/messages/send", `{"to": "+14155550177", "channel": "whatsapp", "content": "Hello"}`)
	g.await(id, "message.delivered")
	_, order := readFeed(g.t, g.URL(), g.boss)
	return order[len(order)-1]
}

// Every example of a request is made, bare and with all its parameters, and
// every operation for clients succeeds.
func TestEveryExampleWorks(t *testing.T) {
	g := newGrounds(t)
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	c.operations(func(method, path string, operation any) {
		if tags := c.at(operation, "tags").([]any); tags[0] == "Receipts" {
			return
		}
		for _, e := range c.requests(operation) {
			for _, whole := range []bool{false, true} {
				count++
				name := c.at(operation, "operationId").(string)
				address, header := g.address(c, path, name, operation, whole)
				header = append(header, "Content-Type", e.media)
				a := request(t, method, address, g.boss, g.ground(e.body), header...)
				if a.status < 200 || a.status > 299 {
					t.Errorf("%s %s %s: %d %s", method, address, e.body, a.status, a.body)
				}
			}
		}
	})
	if count < 70 {
		t.Errorf("only %d examples", count)
	}
	t.Logf("%d examples", count)
	g.stop()
	if log := g.log.String(); strings.Contains(log, "panicked") {
		t.Error(log)
	}
}

type example struct{ media, body string }

// requests returns the examples of an operation's bodies; one without a body is
// one, too.
func (c *contract) requests(operation any) (out []example) {
	content, _ := c.at(operation, "requestBody", "content").(map[string]any)
	for media := range content {
		examples, _ := c.at(content, media, "examples").(map[string]any)
		for name := range examples {
			value := c.at(examples, name, "value")
			text, ok := value.(string)
			if !ok {
				b, _ := json.Marshal(value)
				text = string(b)
			}
			out = append(out, example{media, text})
		}
	}
	if content == nil {
		out = []example{{"application/json", ""}}
	}
	return out
}

// address fills in a path, and with whole the other parameters that have an
// example.
func (g *grounds) address(c *contract, path, name string, operation any, whole bool) (address string, header []string) {
	g.t.Helper()
	query := url.Values{}
	list, _ := c.at(operation, "parameters").([]any)
	for _, p := range list {
		p := c.at(map[string]any{"p": p}, "p")
		parameter := c.at(p, "name").(string)
		value := c.at(p, "example")
		switch in := c.at(p, "in"); {
		case in == "path":
			path = strings.ReplaceAll(path, "{"+parameter+"}", g.fresh(parameter, name))
		case !whole || value == nil:
		case in == "query":
			query.Set(parameter, fmt.Sprint(value))
		case in == "header":
			header = append(header, parameter, g.ground(fmt.Sprint(value)))
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return g.URL() + path, header
}

// The document that is served is the one that answers are held against, with
// the channels of this binary; and what is not in it is noticed.
func TestDescriptionIsServed(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	c, err := theContract()
	a := request(t, "GET", th.URL()+"/openapi.json", "", "")
	var doc struct {
		Openapi string
		Paths   map[string]any
	}
	if jsonErr := json.Unmarshal([]byte(a.body), &doc); jsonErr != nil || err != nil || doc.Openapi != "3.1.1" || len(doc.Paths) != len(c.doc["paths"].(map[string]any)) {
		t.Fatalf("%v, %v: %d", jsonErr, err, a.status)
	}
	schema := []string{"paths", "/api/v1/workspace", "get", "responses", "200", "content", "application/json", "schema"}
	good := `{"data":{"name":"a","tier":null,"createdAt":"2026-02-17T12:00:00.000Z","limits":{"requestsPerMinute":1,"bodyBytes":1,"batchMessages":1,"batchLines":1,"webhookEndpoints":1}}}`
	for body, ok := range map[string]bool{
		good: true, strings.Replace(good, `"tier":null,`, "", 1): false, strings.Replace(good, `"tier":null`, `"tier":1`, 1): false,
		strings.Replace(good, `"tier"`, `"new":1,"tier"`, 1): false,
	} {
		var value any
		if err := json.Unmarshal([]byte(body), &value); err != nil {
			t.Fatal(err)
		}
		if err := c.validate(value, schema...); (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
	}
}
