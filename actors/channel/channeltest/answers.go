package channeltest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"messagehub/actors/channel"
)

// refusals checks every row of the channel's error table.
func (c *Case) refusals(t *testing.T) {
	if len(c.Refusals) == 0 {
		t.Fatal("the case has no refusals")
	}
	for i, r := range c.Refusals {
		name := r.Name
		if name == "" {
			name = fmt.Sprintf("%d_%s", i, r.ProviderCode)
		}
		t.Run(name, func(t *testing.T) {
			e := c.answered(t, r.Answer)
			if e.Code != r.Code || e.RetryAfter != r.RetryAfter || e.ProviderCode != r.ProviderCode {
				t.Errorf("got %s, provider code %q, retry after %v; want %s, %q, %v",
					e.Code, e.ProviderCode, e.RetryAfter, r.Code, r.ProviderCode, r.RetryAfter)
			}
		})
	}
}

// answered sends once to a provider that answers a, and returns the error.
func (c *Case) answered(t *testing.T, a Answer) *channel.Error {
	t.Helper()
	p := newProvider(t, c, a)
	adapter := c.adapter(t, p.address)
	_, err := adapter.Send(t.Context(), c.first(t))
	e := failure(t, err)
	if n := len(p.requests()); n != 1 && !(n == 2 && c.Renews && (a.Status == 401 || a.Stale)) {
		t.Errorf("%d requests, want one", n)
	}
	c.discreet(t, e)
	return e
}

// discreet checks that e holds no secret and nothing that harms a log.
func (c *Case) discreet(t testing.TB, e *channel.Error) {
	t.Helper()
	c.discreetOf(t, e, c.values(t, ""))
}

func (c *Case) discreetOf(t testing.TB, e *channel.Error, values channel.Values) {
	t.Helper()
	text := e.Error() + " " + e.ProviderCode + " " + e.ProviderMessage
	for _, s := range c.Spec.Settings {
		value := values[s.Name]
		if s.Secret && value != "" && strings.Contains(text, value) {
			t.Errorf("the error tells the secret %s", s.Name)
		}
	}
	if channel.Clean(e.ProviderCode) != e.ProviderCode || channel.Clean(e.ProviderMessage) != e.ProviderMessage {
		t.Errorf("the provider's text is not clean: %q %q", e.ProviderCode, e.ProviderMessage)
	}
}

const page = "<!DOCTYPE html><html><body><h1>Welcome</h1></body></html>"

// garbage checks answers that no provider documents. None may be taken for a
// yes, and what may have been a yes is unknown.
func (c *Case) garbage(t *testing.T) {
	yes := c.Success
	ok := func(body string) Answer { return Answer{Status: yes.Status, Header: yes.Header, Body: body} }
	rows := map[string]Answer{
		"html":         ok(page),
		"empty":        ok(""),
		"truncated":    ok(yes.Body[:len(yes.Body)/2]),
		"no id":        ok("{}"),
		"null":         ok("null"),
		"array":        ok("[]"),
		"number":       ok("1e999"),
		"invalid utf8": ok("\xff\xfe\xfd{"),
		"nested":       ok(strings.Repeat("[", 100_000)),
		"gzip":         {Status: yes.Status, Header: map[string]string{"Content-Encoding": "gzip"}, Body: zipped(yes.Body)},
		"huge":         ok(strings.Repeat(" ", 300<<10) + yes.Body),
		"no content":   {Status: 204},
	}
	if c.Stream != nil { // has other statuses
		delete(rows, "no content")
	}
	for name, a := range rows {
		if c.Bodyless && a.Status == yes.Status && name != "gzip" && name != "huge" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if e := c.answered(t, a); e.Code != channel.OutcomeUnknown {
				t.Errorf("got %s, want %s", e.Code, channel.OutcomeUnknown)
			}
		})
	}
	if c.Stream == nil {
		t.Run("statuses", c.statuses)
	}
	t.Run("echo", c.echo)
}

// statuses checks answers whose status alone says something.
func (c *Case) statuses(t *testing.T) {
	for _, status := range []int{300, 301, 302, 307, 308, 400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504, 599} {
		want, ok := c.Statuses[status]
		if !ok {
			want = (&channel.Answer{Status: status}).ByStatus().Code
		}
		for _, body := range []string{"", page, strings.Repeat("x", 300<<10)} {
			header := map[string]string{"Location": "http://127.0.0.1:1/elsewhere"}
			if e := c.answered(t, Answer{Status: status, Header: header, Body: body}); e.Code != want {
				t.Errorf("status %d with %d bytes: got %s, want %s", status, len(body), e.Code, want)
			}
		}
	}
}

// echo checks that an answer that holds the secrets does not bring them into
// the error.
func (c *Case) echo(t *testing.T) {
	var all strings.Builder
	for _, s := range c.Spec.Settings {
		all.WriteString(c.values(t, "")[s.Name] + "\n")
	}
	statuses := []int{200, 400, 500}
	if c.Stream != nil {
		statuses = []int{c.Success.Status, c.Refusals[0].Status}
	}
	for _, status := range statuses {
		c.answered(t, Answer{Status: status, Body: all.String()})
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}
