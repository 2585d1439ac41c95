package channeltest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// FuzzAnswer feeds the adapter arbitrary answers, from the case's own on.
func FuzzAnswer(f *testing.F, c Case) {
	f.Add(c.Success.Status, "", []byte(c.Success.Body))
	for _, r := range c.Refusals {
		f.Add(r.Status, r.Header["Retry-After"], []byte(r.Body))
	}
	for _, body := range []string{"", "null", "{}", "[]", page, "\xff", `{"error":null}`} {
		f.Add(200, "1", []byte(body))
	}
	var answer canned
	adapter := c.adapterOf(f, c.sender(f, "http://127.0.0.1:1", channel.NewClientOver(&answer)))
	request, values := c.first(f), c.values(f, "")
	f.Fuzz(func(t *testing.T, status int, retryAfter string, body []byte) {
		answer = canned{200 + (status%400+600)%400, retryAfter, body} // 200 to 599
		acceptance, err := adapter.Send(context.Background(), request)
		if err == nil {
			if acceptance.ProviderID == "" || len(acceptance.ProviderID) > 512 || answer.status >= 300 {
				t.Errorf("status %d is taken for a yes with provider id %q", answer.status, acceptance.ProviderID)
			}
			return
		}
		e := failure(t, err)
		c.discreetOf(t, e, values)
		if e.RetryAfter < 0 {
			t.Errorf("retry after %v", e.RetryAfter)
		}
	})
}

// canned is a transport that answers by itself. It is for one goroutine.
type canned struct {
	status     int
	retryAfter string
	body       []byte
}

// RoundTrip implements [http.RoundTripper].
func (a *canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Retry-After": {a.retryAfter}, "Content-Type": {"application/json"}},
		Body:   io.NopCloser(bytes.NewReader(a.body)),
	}, nil
}

// FuzzReceipts feeds the adapter arbitrary callbacks, signed and not, from the
// case's own on.
func FuzzReceipts(f *testing.F, c Case) {
	for _, cb := range c.Callbacks {
		f.Add([]byte(cb.Body))
	}
	for _, body := range []string{"", "null", "{}", "[]", "a=b&c", "%", "\xff"} {
		f.Add([]byte(body))
	}
	values := c.values(f, "")
	adapter := c.adapterOf(f, c.sender(f, "http://127.0.0.1:1", channel.NewClient(nil, 1)))
	receiver, ok := adapter.(channel.Receiver)
	if !ok {
		f.Skip("the channel has no callbacks")
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		cb := Callback{URL: publicURL, Body: string(body), Header: make(map[string]string)}
		if _, _, err := receiver.Receipts(cb.callback("main", c.Spec.Name, body)); !errors.Is(err, message.ErrUnsigned) {
			t.Errorf("unsigned: %v", err)
		}
		c.Sign(t, values, &cb)
		got, _, err := receiver.Receipts(cb.callback("main", c.Spec.Name, body))
		if err != nil && !errors.Is(err, message.ErrBadCallback) {
			t.Errorf("signed: %v", err)
		}
		c.sound(t, got)
	})
}
