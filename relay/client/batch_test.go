package client

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestBatchOfNothingButFaultsIsAResult(t *testing.T) {
	all := `{"data":{"batchId":null,"accepted":0,"rejected":1,"duplicates":0,"results":[{"index":0,"error":{"code":"invalid_recipient","message":"No.","param":"to","errors":[]}}]}}`
	c, s := scripted(t, answer{400, "", all})
	r, err := c.SendBatch(t.Context(), Batch{Messages: []Message{{To: "x"}}, Defaults: &Message{Channel: "sms"}, Atomic: true}, "")
	if err != nil || r.Rejected != 1 || r.Results[0].Error.Code != "invalid_recipient" || len(s.asked) != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	if want := `{"messages":[{"to":"x"}],"defaults":{"channel":"sms"},"atomic":true}`; s.asked[0].body != want {
		t.Errorf("%s\nwant %s", s.asked[0].body, want)
	}
	for _, a := range []answer{{400, "", fault}, {400, "", "<html>"}, {202, "", "{}"}} {
		c, _ := scripted(t, a)
		if r, err := c.SendBatch(t.Context(), Batch{}, ""); err == nil || r != nil {
			t.Errorf("%d %s: %+v, %v", a.status, a.body, r, err)
		}
	}
}

// A stream goes out in chunks whose keys follow from its own, and its results
// are counted through.
func TestStreamIsCutIntoChunks(t *testing.T) {
	result := func(n int) answer {
		var items []string
		for i := range n {
			items = append(items, fmt.Sprintf(`{"index":%d,"messageId":"msg_%d","status":"queued"}`, i, i))
		}
		return answer{202, "", fmt.Sprintf(`{"data":{"batchId":"bat_1","accepted":%d,"results":[%s]}}`, n, strings.Join(items, ","))}
	}
	c, s := scripted(t, result(MaxLines), result(2), answer{400, "", fault})
	messages := slices.Repeat([]Message{{To: "+14155550100", Channel: "sms", Content: "Hello"}}, MaxLines+2)
	n := 0
	for item, err := range c.SendStream(t.Context(), slices.Values(messages), LineOptions{IdempotencyKey: "file", DedupeReference: true}) {
		if err != nil || item.Index != n {
			t.Fatalf("%+v, %v; want index %d", item, err, n)
		}
		n++
	}
	if n != len(messages) || len(s.asked) != 2 || s.asked[0].line != "POST /api/v1/messages/batch?dedupeReference=true" {
		t.Fatalf("%d results of %s", n, s.lines())
	}
	for i, lines := range []int{MaxLines, 2} {
		a := s.asked[i]
		if strings.Count(a.body, "\n") != lines || a.header.Get("Idempotency-Key") != fmt.Sprintf("file-%d", i) || a.header.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("chunk %d: %d bytes, %v", i, len(a.body), a.header)
		}
	}
	// large messages make smaller chunks, and an error is the end
	large := slices.Repeat([]Message{{Content: strings.Repeat("x", 1<<20)}}, 9)
	errs := 0
	for _, err := range c.SendStream(t.Context(), slices.Values(large), LineOptions{}) {
		if errs++; err == nil {
			t.Error("a refused chunk has results")
		}
	}
	if errs != 1 || len(s.asked) != 3 || len(s.asked[2].body) > chunkBytes {
		t.Errorf("%d errors, %d requests", errs, len(s.asked))
	}
}
