package channeltest

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// callbacks checks what is made of the provider's reports.
func (c *Case) callbacks(t *testing.T) {
	if c.Sign == nil {
		if len(c.Callbacks) > 0 {
			t.Fatal("the case has callbacks but no Sign")
		}
		return
	}
	receiver := c.receiver(t)
	for i := range c.Callbacks {
		cb := c.signed(t, c.Callbacks[i])
		t.Run(cb.Name, func(t *testing.T) {
			c.received(t, receiver, cb)
			c.received(t, receiver, cb) // again: the same
			if cb.Err == nil && !cb.Unsigned {
				if bare := c.Callbacks[i].address(); cb.URL != bare {
					c.forgedAddress(t, receiver, cb, bare)
				} else {
					c.forged(t, receiver, cb)
				}
				c.cut(t, receiver, c.Callbacks[i])
			}
		})
	}
}

// signed returns cb with the provider's signature.
func (c *Case) signed(t testing.TB, cb Callback) *Callback {
	t.Helper()
	cb.Header = maps.Clone(cb.Header)
	if cb.Header == nil {
		cb.Header = make(map[string]string)
	}
	cb.URL = cb.address()
	if !cb.Unsigned {
		c.Sign(t, c.values(t, ""), &cb)
	}
	return &cb
}

// received checks what the adapter makes of cb, and that it keeps nothing of
// the request's memory.
func (c *Case) received(t *testing.T, receiver channel.Receiver, cb *Callback) {
	t.Helper()
	body := []byte(cb.Body)
	got, reply, err := receiver.Receipts(cb.callback("main", c.Spec.Name, body))
	var written []message.Inbound
	if inbox, ok := receiver.(channel.Inbox); ok && err == nil {
		written = inbox.Inbound(cb.callback("main", c.Spec.Name, body))
	}
	for i := range body {
		body[i] = 'X'
	}
	if cb.Err == nil && err != nil || !errors.Is(err, cb.Err) {
		t.Fatalf("error %v, want %v", err, cb.Err)
	}
	want := append([]message.Receipt(nil), cb.Want...)
	for i := range want {
		want[i].Channel, want[i].Test = c.Spec.Name, true
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("receipts differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(cb.Inbound, written, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("messages of recipients differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(cb.Reply, reply, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("reply differs (-want +got):\n%s", diff)
	}
}

// forged checks that cb without its signature, with another, or with another
// body is refused.
func (c *Case) forged(t *testing.T, receiver channel.Receiver, cb *Callback) {
	t.Helper()
	if cb.Method == "GET" { // a handshake: its token is in the query
		return
	}
	name := c.Spec.SignatureHeader
	signature := cb.Header[name]
	if signature == "" {
		t.Fatalf("Sign sets no %s", name)
	}
	bad := map[string]string{"missing": "", "wrong": wrong(signature), "shorter": signature[:len(signature)-1], "longer": signature + "0", "text": "sha256=é"}
	for what, value := range bad {
		c.refused(t, receiver, cb, what, value, cb.Body)
	}
	if !c.TokenOnly {
		c.refused(t, receiver, cb, "of another body", signature, cb.Body+"&x=1")
	}
}

// forgedAddress checks that cb is refused without the proof in its address, or
// with another.
func (c *Case) forgedAddress(t *testing.T, receiver channel.Receiver, cb *Callback, bare string) {
	t.Helper()
	for _, address := range []string{bare, cb.URL + "0", cb.URL[:len(cb.URL)-1]} {
		forged := *cb
		forged.URL = address
		got, _, err := receiver.Receipts(forged.callback("main", c.Spec.Name, []byte(cb.Body)))
		if !errors.Is(err, message.ErrUnsigned) || len(got) != 0 {
			t.Errorf("proof %s: error %v and %d receipts, want %v", address, err, len(got), message.ErrUnsigned)
		}
	}
}

func (c *Case) refused(t *testing.T, receiver channel.Receiver, cb *Callback, what, signature, body string) {
	t.Helper()
	forged := *cb
	forged.Header = maps.Clone(cb.Header)
	forged.Header[c.Spec.SignatureHeader] = signature
	got, _, err := receiver.Receipts(forged.callback("main", c.Spec.Name, []byte(body)))
	if !errors.Is(err, message.ErrUnsigned) || len(got) != 0 {
		t.Errorf("signature %s: error %v and %d receipts, want %v", what, err, len(got), message.ErrUnsigned)
	}
}

// cut checks that a signed but truncated body does no harm.
func (c *Case) cut(t *testing.T, receiver channel.Receiver, cb Callback) {
	t.Helper()
	if cb.Method == "GET" || len(cb.Body) < 2 {
		return
	}
	json := strings.HasPrefix(cb.Body, "{")
	cb.Body = cb.Body[:len(cb.Body)/2]
	short := c.signed(t, cb)
	got, _, err := receiver.Receipts(short.callback("main", c.Spec.Name, []byte(short.Body)))
	if json && (!errors.Is(err, message.ErrBadCallback) || len(got) != 0) {
		t.Errorf("truncated: error %v and %d receipts, want %v", err, len(got), message.ErrBadCallback)
	}
	if err != nil && !errors.Is(err, message.ErrBadCallback) {
		t.Errorf("truncated: error %v", err)
	}
	c.sound(t, got)
}

// sound checks what holds of all receipts.
func (c *Case) sound(t testing.TB, got []message.Receipt) {
	t.Helper()
	for _, r := range got {
		if r.Channel != c.Spec.Name || !r.Test {
			t.Errorf("receipt is of channel %q, test %v", r.Channel, r.Test)
		}
		if r.ProviderID == "" && r.Ref == "" {
			t.Error("receipt names no message")
		}
		if len(r.ProviderID) > 512 || len(r.Ref) > 512 || r.RetryAfter < 0 {
			t.Errorf("receipt is not bounded: %+v", r)
		}
		switch r.Status {
		case message.Sent, message.Delivered, message.Read:
			if r.Failure != nil {
				t.Errorf("receipt %v has a failure", r.Status)
			}
		case message.Failed:
			c.soundFailure(t, r.Failure)
		default:
			t.Errorf("receipt has status %v", r.Status)
		}
	}
}

// soundInbound checks what every message of a recipient must have.
func (c *Case) soundInbound(t testing.TB, written []message.Inbound) {
	t.Helper()
	for _, m := range written {
		if m.From == "" || m.ProviderID == "" && !c.Unnumbered || len(m.From)+len(m.ProviderID)+len(m.ReplyTo)+len(m.Kind) > 1024 || m.At < 0 {
			t.Errorf("message of a recipient is not bounded: %+v", m)
		}
	}
}

func (c *Case) soundFailure(t testing.TB, f *message.Failure) {
	t.Helper()
	if f == nil {
		t.Error("failed receipt has no failure")
		return
	}
	if _, ok := channel.Rules()[channel.Code(f.Code)]; !ok {
		t.Errorf("code %q is not in the table", f.Code)
	}
	if channel.Clean(f.ProviderCode) != f.ProviderCode || channel.Clean(f.ProviderMessage) != f.ProviderMessage {
		t.Errorf("the provider's text is not clean: %q %q", f.ProviderCode, f.ProviderMessage)
	}
}

// wrong returns text with its middle changed, so that it differs once decoded.
func wrong(text string) string {
	b := []byte(text)
	i := len(b) / 2
	if b[i]++; b[i] != '1' && b[i] != 'B' && b[i] != 'b' {
		b[i] = 'A'
	}
	if string(b) == text {
		b[i] = 'C'
	}
	return string(b)
}
