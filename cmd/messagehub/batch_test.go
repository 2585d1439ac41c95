package main

import (
	"fmt"
	"strings"
	"testing"
)

// A batch of the largest kind comes in by one request and is delivered; its
// counts say so, before and after a restart, and its repeat changes nothing.
func TestBatchEndToEnd(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	var lines strings.Builder
	const n = 10_000
	for i := range n {
		fmt.Fprintf(&lines, `{"to":"+1415555%04d","channel":"whatsapp","content":"Order %d shipped","reference":"order-%d"}`+"\n", i, i, i)
	}
	post := func(body string) answered {
		return request(t, "POST", th.URL()+"/api/v1/messages/batch?dedupeReference=true", th.key, body,
			"Content-Type", "application/x-ndjson", "Idempotency-Key", "batch-1")
	}
	type result struct {
		BatchID                        string
		Accepted, Rejected, Duplicates int
		Results                        []struct{ MessageID, Status string }
		Counts                         map[string]int
	}
	first := post(lines.String())
	var got result
	first.data(t, &got)
	if first.status != 202 || got.Accepted != n || len(got.Results) != n {
		t.Fatalf("%d: %d accepted, %d rejected", first.status, got.Accepted, got.Rejected)
	}
	if again := post(lines.String()); again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the repeat is answered %d with %d bytes", again.status, len(again.body))
	}
	if other := post("{}\n" + lines.String()[:1000]); other.status != 422 {
		t.Errorf("another body: %d %s", other.status, other.body)
	}
	for _, i := range []int{0, n / 2, n - 1} {
		th.await(got.Results[i].MessageID, "message.delivered")
	}
	th.stop()
	th = startHub(t, dir, nil)
	if again := post(lines.String()); again.body != first.body {
		t.Error("after a restart the repeat is answered otherwise")
	}
	look := func() result {
		var r result
		request(t, "GET", th.URL()+"/api/v1/batches/"+got.BatchID, th.key, "").data(t, &r)
		return r
	}
	r := look()
	total := 0
	for _, count := range r.Counts {
		total += count
	}
	if r.Accepted != n || total != n || r.Counts["delivered"] == 0 {
		t.Errorf("%+v", r)
	}
	single := request(t, "POST", th.URL()+"/api/v1/messages/batch", th.key,
		`{"dedupeReference": true, "defaults": {"channel": "sms"}, "messages": [{"to": "+14155550100", "content": "x", "reference": "order-7"}]}`)
	var dup result
	if single.data(t, &dup); dup.Duplicates != 1 || dup.Results[0].MessageID != got.Results[7].MessageID {
		t.Errorf("the same reference again: %s", single.body)
	}
}
