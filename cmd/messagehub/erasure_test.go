package main

import (
	"bytes"
	"context"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"messagehub/relay/client"
)

// personal is what no file may hold once its contact is erased.
var personal = []string{"+15558675310", "15558675310", "Kim Minseo", "crm-kim", "555-867-5310", "secret greeting", "secret answer", "secret-meta", "secret param"}

// personalIn returns what of it the files below a directory hold. A file that the
// engine removes meanwhile is none.
func personalIn(t *testing.T, dir string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		b, _ := os.ReadFile(path)
		for _, text := range personal {
			if bytes.Contains(b, []byte(text)) {
				found = append(found, filepath.Base(path)+": "+text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// An erasure reaches whatever the relay has written about a contact: messages
// with their idempotency keys and references, batches and why they were refused,
// recipients of distributions, what came in, and webhooks that wait for an
// endpoint which is down.
func TestErasureReachesEverything(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, func(o *hubOptions) { o.config.Webhooks.HTTP, o.config.Webhooks.Allow = true, loopback() })
	c := &client.Client{URL: th.URL(), Key: th.key}
	ctx := t.Context()
	endpoint, err := c.CreateEndpoint(ctx, "http://"+freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	kim := writesOf(t, th, c)
	for tried := 0; tried == 0; { // at an endpoint that is not there
		for _, err := range c.Deliveries(ctx, endpoint.ID) {
			if tried++; err != nil {
				t.Fatal(err)
			}
		}
	}
	if found := personalIn(t, dir); len(found) < len(personal)/2 {
		t.Fatalf("the files hold only %v", found)
	}
	e, err := c.EraseContact(ctx, kim)
	for deadline := time.Now().Add(patience); err == nil && e.State != "done"; e, err = c.Erasure(ctx, kim) {
		if time.Now().After(deadline) {
			t.Fatalf("the erasure does not end: %+v", e)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil || e.Messages != 4 {
		t.Fatalf("%+v, %v", e, err)
	}
	if found := personalIn(t, dir); len(found) > 0 {
		t.Errorf("still there: %s", strings.Join(found, "\n"))
	}
	for m, err := range c.Received(ctx) {
		t.Errorf("received %+v, %v", m, err)
	}
	for m, err := range c.Messages(ctx, client.Filter{}) {
		if err != nil || m.To != "" || m.Reference != "" && m.Reference != "order-1" {
			t.Errorf("%+v, %v", m, err)
		}
	}
	for d, err := range c.Distributions(ctx) {
		if err != nil || d.Reference != "" && d.Reference != "order-1" {
			t.Errorf("%+v, %v", d, err)
		}
	}
	for e, err := range c.Events(ctx, client.Feed{}) {
		if err != nil || strings.Contains(string(e.Raw), "secret") || strings.Contains(string(e.Raw), "5558675310") {
			t.Errorf("%s, %v", e.Raw, err)
		}
	}
	th.stop()
	if found := personalIn(t, dir); len(found) > 0 {
		t.Errorf("after a stop: %s", strings.Join(found, "\n"))
	}
	if bytes.Contains(th.log.Bytes(), []byte("5558675310")) {
		t.Error("the log holds the number")
	}
	if code, out, errText := run("store", "check", "--data", dir); code != exitOK {
		t.Errorf("%d %s%s", code, out, errText)
	}
}

// writesOf has the relay write about a contact in all ways, and returns its id.
func writesOf(t *testing.T, th *testHub, c *client.Client) string {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	name, crm, tags := "Kim Minseo", "crm-kim", []string{"vip"}
	kim, err := c.CreateContact(ctx, client.ContactChange{
		Name: &name, ExternalID: &crm, Tags: &tags, Identities: client.Identities{"sms": "+15558675310"}, Metadata: map[string]any{"note": "secret-meta"},
	})
	must(err)
	m := client.Message{
		To: "+15558675310", Channel: "sms", Content: "secret greeting", Metadata: map[string]any{"k": "secret-meta"}, Reference: "call (1) 555-867-5310",
		Fallback: &client.Fallback{Channels: []client.Step{{Channel: "whatsapp", Content: "secret greeting"}}},
	}
	sent, err := c.SendWith(ctx, m, client.SendOptions{IdempotencyKey: "to +15558675310"})
	must(err)
	th.await(sent.MessageID, "message.delivered")
	result, err := c.SendBatch(ctx, client.Batch{DedupeReference: true, Messages: []client.Message{
		{To: "+15558675310", Channel: "sms", Content: "secret greeting", Reference: "batch for 15558675310"},
		{To: "+15558675310 is no number", Channel: "sms", Content: "secret greeting"},
	}}, "")
	if must(err); result.Rejected != 1 {
		t.Fatalf("%+v", result)
	}
	_, err = c.Send(ctx, client.Message{ContactID: kim.ID, Channel: "sms", Content: "secret greeting", Reference: "order-1"})
	must(err)
	d := client.Distribution{
		Content: map[string]client.Content{"sms": {Content: "Hi {{name}}"}}, Routing: client.Routing{Mode: "fallback"}, Reference: "order-1",
		Recipients: []client.Recipient{{To: map[string]string{"sms": "+15558675310"}, Params: map[string]any{"name": "secret param"}}},
	}
	done, err := c.Distribute(ctx, d, "")
	must(err)
	th.untilDistribution(done.DistributionID, "completed")
	at := time.Now().Add(time.Hour)
	d.ScheduledAt, d.Reference = &at, "for +15558675310"
	_, err = c.Distribute(ctx, d, "")
	must(err)
	if a := th.twilio(url.Values{"MessageSid": {"SM00000000000000000000000000000001"}, "From": {"+15558675310"}, "To": {"+15005550006"}, "Body": {"secret answer"}, "NumMedia": {"0"}}); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return kim.ID
}
