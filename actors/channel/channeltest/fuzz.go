package channeltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

// FuzzAnswer feeds the adapter arbitrary answers, from the case's own on. An
// input is a line with the status, a line with Retry-After, and the body.
func FuzzAnswer(f *testing.F, c Case) {
	seeds := [][]byte{seed(c.Success.Status, "", c.Success.Body)}
	for _, r := range c.Refusals {
		seeds = append(seeds, seed(r.Status, r.Header["Retry-After"], r.Body))
	}
	for _, body := range []string{"", "null", "{}", "[]", page, "\xff", `{"error":null}`} {
		seeds = append(seeds, seed(c.Success.Status, "1", body))
	}
	var answer canned
	adapter := c.adapterOf(f, c.sender(f, "http://127.0.0.1:1", channel.NewClientOver(&answer)))
	request, values := c.first(f), c.values(f, "")
	mutate.Bytes(f, seeds, func(t testing.TB, input []byte) {
		answer = cannedOf(input)
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

func seed(status int, retryAfter, body string) []byte {
	return fmt.Appendf(nil, "%d\n%s\n%s", status, retryAfter, body)
}

// cannedOf reads what seed wrote, or any other bytes; the status is 200 to
// 599.
func cannedOf(input []byte) canned {
	first, rest, _ := bytes.Cut(input, []byte("\n"))
	retryAfter, body, _ := bytes.Cut(rest, []byte("\n"))
	status, _ := strconv.ParseUint(string(first), 10, 32)
	return canned{200 + int(status+200)%400, string(retryAfter), body}
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
	var seeds [][]byte
	for _, cb := range c.Callbacks {
		seeds = append(seeds, []byte(cb.Body))
	}
	for _, body := range []string{"", "null", "{}", "[]", "a=b&c", "%", "\xff"} {
		seeds = append(seeds, []byte(body))
	}
	values := c.values(f, "")
	adapter := c.adapterOf(f, c.sender(f, "http://127.0.0.1:1", channel.NewClient(nil, 1)))
	receiver, ok := adapter.(channel.Receiver)
	if !ok {
		f.Skip("the channel has no callbacks")
	}
	mutate.Bytes(f, seeds, func(t testing.TB, body []byte) {
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
		if inbox, ok := receiver.(channel.Inbox); ok && err == nil {
			c.soundInbound(t, inbox.Inbound(cb.callback("main", c.Spec.Name, body)))
		}
	})
}
