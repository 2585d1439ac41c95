package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"messagehub/relay/client"
)

// startDeveloperHub starts a hub as the demo is: endpoints may be on this
// machine.
func startDeveloperHub(t *testing.T) *testHub {
	return startHub(t, t.TempDir(), func(o *hubOptions) {
		o.config.Webhooks.HTTP, o.config.Webhooks.Allow = true, loopback()
	})
}

const samplePath = "../../relay/client/testdata/sample"

func TestPageShowsTheSample(t *testing.T) {
	code, err := os.ReadFile(samplePath + "/main.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../relay/docs/pages/go-client.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, slices.Concat([]byte("```go\n"), code, []byte("```\n"))) {
		t.Error("go-client.md does not show " + samplePath)
	}
	if n := bytes.Count(code, []byte("\n")); n > 40 {
		t.Errorf("the sample has %d lines", n)
	}
}

func TestSampleWorks(t *testing.T) {
	program := filepath.Join(t.TempDir(), "sample")
	if out, err := exec.Command("go", "build", "-o", program, samplePath).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	th := startDeveloperHub(t)
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), envURL+"="+th.URL(), envKey+"="+th.key)
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "true delivered <nil>\n" {
		t.Errorf("%v: %s", err, out)
	}
}

// The client's types against the API itself.
func TestClientOnARealHub(t *testing.T) {
	th := startDeveloperHub(t)
	c := &client.Client{URL: th.URL(), Key: th.key}
	ctx := t.Context()
	latest, err := c.LatestEvent(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m := client.Message{
		To: "sim:not_on_channel", Channel: "whatsapp", Content: "Hello", Reference: "order-1", Metadata: map[string]any{"shop": "7"},
		Fallback: &client.Fallback{Channels: []client.Step{{Channel: "sms", To: "sim:read"}}, SuccessStatus: "delivered", Timeout: 60},
	}
	sent, err := c.SendWith(ctx, m, client.SendOptions{Wait: 10})
	if err != nil || sent.Status == "" || !sent.Test { // the fallback may have come to anything meanwhile
		t.Fatalf("%+v, %v", sent, err)
	}
	var types []string
	for e, err := range c.Events(ctx, client.Feed{After: latest, Follow: true}) {
		if err != nil {
			t.Fatal(err)
		}
		of, err := e.Message()
		if err != nil || of.MessageID != sent.MessageID || of.Reference != "order-1" || of.Metadata["shop"] != "7" {
			t.Fatalf("%+v, %v", of, err)
		}
		if types = append(types, e.Type); e.Type == "message.delivered" {
			break
		}
	}
	if want := "message.queued message.fallback message.sent message.delivered"; strings.Join(types, " ") != want {
		t.Errorf("events %v, want %s", types, want)
	}
	got, err := c.Get(ctx, sent.MessageID)
	if err != nil || got.Status != "delivered" || got.Channel != "sms" || len(got.Attempts) != 2 || got.Attempts[0].Failure.Code != "not_on_channel" || got.Attempts[1].SentAt == nil {
		t.Fatalf("%+v, %v", got, err)
	}
	var refused *client.Error
	if _, err := c.Cancel(ctx, sent.MessageID); !errors.As(err, &refused) || refused.Code != "not_cancelable" || refused.RequestID == "" {
		t.Errorf("cancel: %v", err)
	}
	if _, err := c.Send(ctx, client.Message{To: "12", Channel: "sms"}); !errors.As(err, &refused) || len(refused.Errors) != 2 {
		t.Errorf("a send with two faults: %v", err)
	}
	if c.RateLimit().Limit != 1_000_000 {
		t.Errorf("%+v", c.RateLimit())
	}
	listsAndBatches(t, c, sent.MessageID)
}

func listsAndBatches(t *testing.T, c *client.Client, first string) {
	good, bad := client.Message{To: "+14155550100", Channel: "sms", Content: "Hello"}, client.Message{To: "nobody", Channel: "sms", Content: "Hello"}
	r, err := c.SendBatch(t.Context(), client.Batch{Messages: []client.Message{good, bad}}, "")
	if err != nil || r.Accepted != 1 || r.Results[1].Error.Code != "invalid_recipient" {
		t.Fatalf("%+v, %v", r, err)
	}
	if status, err := c.Batch(t.Context(), r.BatchID); err != nil || status.Accepted != 1 || len(status.Counts) == 0 {
		t.Errorf("%+v, %v", status, err)
	}
	if r, err := c.SendBatch(t.Context(), client.Batch{Messages: []client.Message{bad}}, ""); err != nil || r.Rejected != 1 || strings.Contains(r.Results[0].Error.Error(), "(0") {
		t.Errorf("all bad: %+v, %v", r, err)
	}
	var kinds []bool
	for item, err := range c.SendStream(t.Context(), slices.Values([]client.Message{bad, good}), client.LineOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, item.Error == nil)
	}
	if !slices.Equal(kinds, []bool{false, true}) {
		t.Errorf("%v", kinds)
	}
	var ids []string
	for m, err := range c.Messages(t.Context(), client.Filter{PageSize: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	if len(ids) != 3 || ids[2] != first {
		t.Errorf("listed %v", ids)
	}
}

func TestClientManagesEndpoints(t *testing.T) {
	th := startDeveloperHub(t)
	c := &client.Client{URL: th.URL(), Key: th.key}
	ctx := t.Context()
	e, err := c.CreateEndpoint(ctx, "http://127.0.0.1:1024")
	if err != nil || !strings.HasPrefix(e.Secret, "whsec_") {
		t.Fatalf("%+v, %v", e, err)
	}
	off := false
	if e, err := c.UpdateEndpoint(ctx, e.ID, client.EndpointChange{Enabled: &off}); err != nil || e.Enabled || e.DisabledAt == nil {
		t.Errorf("%+v, %v", e, err)
	}
	if all, err := c.Endpoints(ctx); err != nil || len(all) != 1 || all[0].ID != e.ID || all[0].Secret != "" {
		t.Errorf("%+v, %v", all, err)
	}
	if again, err := c.RotateEndpoint(ctx, e.ID, 0); err != nil || again.Secret == e.Secret || again.Secret == "" {
		t.Errorf("%+v, %v", again, err)
	}
	if r, err := c.TestEndpoint(ctx, e.ID); err != nil || r.EventID == "" || r.ResponseStatus != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	for d, err := range c.Deliveries(ctx, e.ID) {
		if err != nil || d.EventType != "webhook.test" && d.EventType != "" {
			t.Errorf("%+v, %v", d, err)
		}
	}
	var refused *client.Error
	if err := c.DeleteEndpoint(ctx, e.ID); err != nil {
		t.Error(err)
	}
	if _, err := c.Endpoint(ctx, e.ID); !errors.As(err, &refused) || refused.Code != "not_found" {
		t.Errorf("deleted: %v", err)
	}
}
