//go:build !race

package sms

import (
	"testing"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// TestTwilioAllocations: a form goes into memory that is there, and an answer is
// read where it is; of a receipt,
// the slice and the provider's id are the caller's.
func TestTwilioAllocations(t *testing.T) {
	a := twilioSandbox(t)
	step := text("Your order has shipped")
	order, form := &channel.Request{Step: &step, Expires: 1 << 50}, make([]byte, 0, 1<<10)
	if n := testing.AllocsPerRun(100, func() { _, _ = a.encode(form, order) }); n != 0 {
		t.Errorf("a form makes %.0f allocations", n)
	}
	created := []byte(`{"error_code":null,"num_segments":"1","sid":"SM1234","status":"queued","subresource_uris":{"media":"/x"}}`)
	if n := testing.AllocsPerRun(100, func() {
		if c, ok := readTwilioCreated(created); !ok || string(c.sid) != "SM1234" || c.segments != 1 {
			t.Fatal(c)
		}
	}); n != 0 {
		t.Errorf("an answer makes %.0f allocations", n)
	}
	status := twilioStatus()
	cb := &message.Callback{
		Method: "POST", URL: a.callbackURL, Body: []byte(status.Encode()),
		Header: func(string) string { return "" },
	}
	r := newTwilioReader("sandbox-auth-token")
	r.params.read(cb.Body)
	header := string(r.signature(cb.URL, everyValue))
	cb.Header = func(string) string { return header }
	n := testing.AllocsPerRun(100, func() {
		if got, _, err := a.Receipts(cb); err != nil || len(got) != 1 {
			t.Fatal(err)
		}
		if a.Inbound(cb) != nil {
			t.Fatal("a receipt is taken for a message")
		}
	})
	if n > 2 {
		t.Errorf("a receipt makes %.0f allocations, want 2", n)
	}
}
