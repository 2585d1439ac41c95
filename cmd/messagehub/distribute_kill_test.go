package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"messagehub/store/message/json"
)

// TestKillDuringDistribution kills a relay ten times while it makes the messages
// of a distribution to an audience, now and then right after a pause; then each
// contact has one message, and no provider got one twice.
// MESSAGEHUB_DISTRIBUTE_CONTACTS sets how many contacts.
func TestKillDuringDistribution(t *testing.T) {
	const kills = 10
	contacts := 2000
	if n, err := strconv.Atoi(os.Getenv("MESSAGEHUB_DISTRIBUTE_CONTACTS")); err == nil {
		contacts = n
	}
	c := newCrash(t)
	c.knobs(`{"dropAnswer":0,"throttle":0,"fail":0,"doubleReceipt":0,"reorderReceipt":0,"latency":"0s"}`)
	c.importContacts(contacts)
	rate := min(contacts/4, 10_000) // the kills have to find it at work
	began := time.Now()
	status, answer := c.call("POST", "/api/v1/content/distribute", fmt.Sprintf(
		`{"content":{"whatsapp":{"content":"for {{externalId}}"}},"audience":{"tags":["all"]},"routing":{"mode":"fallback"},"rate":{"perSecond":%d},"reference":"kill"}`, rate))
	d := distributionIn(t, answer)
	if status != 202 || d.Recipients != contacts {
		t.Fatalf("%d %s", status, answer)
	}
	working := 0
	turn := func(what string) {
		if status, answer := c.call("POST", "/api/v1/content/distributions/"+d.DistributionID+"/"+what, ""); status != 200 && status != 409 {
			t.Fatalf("%s: %d %s", what, status, answer)
		}
	}
	for i := range kills {
		time.Sleep(time.Duration(50+rand.IntN(200)) * time.Millisecond)
		if _, answer := c.call("GET", "/api/v1/content/distributions/"+d.DistributionID, ""); distributionIn(t, answer).Status == "expanding" {
			working++
		}
		if i%3 == 0 {
			turn("pause")
		}
		c.relay.kill()
		c.startRelay()
		turn("resume") // 409: it is over
	}
	now := d
	for now.Status == "expanding" || now.Statuses["whatsapp"]["queued"] > 0 {
		if time.Since(began) > 20*time.Minute {
			t.Fatalf("the distribution does not end: %+v", now)
		}
		time.Sleep(200 * time.Millisecond)
		_, answer = c.call("GET", "/api/v1/content/distributions/"+d.DistributionID, "")
		now = distributionIn(t, answer)
	}
	took := time.Since(began)
	held := now.Statuses["whatsapp"]["sending"] + now.Statuses["whatsapp"]["failed"]
	listed, received := c.listed("kill"), c.received()
	missing := 0
	for i := range contacts {
		if n := listed[killAddress(i)]; n != 1 {
			t.Errorf("contact %d has %d messages", i, n)
		}
		switch n := received[fmt.Sprint("for crm-", i)]; {
		case n > 1:
			t.Errorf("the provider received the message of contact %d %d times", i, n)
		case n == 0:
			missing++
		}
	}
	if len(listed) != contacts || missing > held || working == 0 {
		t.Errorf("%d contacts have messages; %d were not received, %d are of unknown outcome; %d kills found it at work", len(listed), missing, held, working)
	}
	t.Logf("%d contacts, %d kills (%d while messages were made), %.1f s: %d messages, %d received, %d of unknown outcome",
		contacts, kills, working, took.Seconds(), now.Counts.Messages, contacts-missing, held)
}

func killAddress(i int) string { return fmt.Sprintf("+1415%07d", 2_000_000+i) }

func distributionIn(t *testing.T, answer []byte) distribution {
	t.Helper()
	var body struct{ Data distribution }
	if err := json.Unmarshal(answer, &body); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	return body.Data
}

// call asks the relay, and again while it is down.
func (c *crash) call(method, path, body string, header ...string) (int, []byte) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		req, err := http.NewRequestWithContext(c.t.Context(), method, c.api+path, bytes.NewReader([]byte(body)))
		if err != nil {
			c.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+c.key)
		req.Header.Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := c.http.Do(req)
		if err == nil {
			answer, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if err == nil {
				return resp.StatusCode, answer
			}
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

func (c *crash) importContacts(n int) {
	c.t.Helper()
	var lines bytes.Buffer
	for i := range n {
		fmt.Fprintf(&lines, `{"externalId":"crm-%d","identities":{"whatsapp":%q},"tags":["all"]}`+"\n", i, killAddress(i))
		if i%10_000 < 9_999 && i < n-1 {
			continue
		}
		if status, answer := c.call("POST", "/api/v1/contacts/import", lines.String(), "Content-Type", "application/x-ndjson"); status != 200 {
			c.t.Fatalf("import: %d %s", status, answer)
		}
		lines.Reset()
	}
}

// listed counts the messages with a reference by their recipient.
func (c *crash) listed(reference string) map[string]int {
	c.t.Helper()
	counts := map[string]int{}
	for path := "/api/v1/messages?limit=200&reference=" + reference; ; {
		status, answer := c.call("GET", path, "")
		var page struct {
			Data []struct{ To string }
			Page struct{ Next *string }
		}
		if err := json.Unmarshal(answer, &page); err != nil || status != 200 {
			c.t.Fatalf("%d %s: %v", status, answer, err)
		}
		for _, m := range page.Data {
			counts[m.To]++
		}
		if page.Page.Next == nil {
			return counts
		}
		path = "/api/v1/messages?limit=200&reference=" + reference + "&after=" + *page.Page.Next
	}
}
