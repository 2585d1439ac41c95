package channeltest

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"messagehub/actors/channel"
)

// sends compares each request with its golden file, and what is made of the
// provider's documented yes.
func (c *Case) sends(t *testing.T) {
	for i := range c.Sends {
		s := &c.Sends[i]
		t.Run(s.Name, func(t *testing.T) { c.send(t, s) })
	}
}

func (c *Case) send(t *testing.T, s *Send) {
	p := newProvider(t, c, c.Success)
	acceptance, err := c.adapter(t, p.address).Send(t.Context(), s.request())
	got := p.requests()
	if s.Refused != "" {
		if e := failure(t, err); e.Code != s.Refused || len(got) != 0 {
			t.Errorf("code %s after %d requests, want %s after none", e.Code, len(got), s.Refused)
		}
		return
	}
	if err != nil {
		t.Fatalf("send: %v (%+v)", err, err)
	}
	id := s.ProviderID
	if id == "" {
		id = c.ProviderID
	}
	if acceptance.ProviderID != id || acceptance.Segments != s.Segments {
		t.Errorf("acceptance %+v, want provider id %q and %d segments", acceptance, id, s.Segments)
	}
	if c.Stream != nil {
		compareText(t, filepath.Join("testdata", s.Name+".txt"), got)
		return
	}
	if len(got) != 1 {
		t.Fatalf("%d requests, want one", len(got))
	}
	compare(t, filepath.Join("testdata", s.Name+".http"), got[0])
}

// failure returns err as the contract's error.
func failure(t testing.TB, err error) *channel.Error {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	e, ok := err.(*channel.Error)
	if !ok {
		t.Fatalf("error %v is a %T, not a *channel.Error", err, err)
	}
	if _, ok := channel.Rules()[e.Code]; !ok {
		t.Fatalf("code %q is not in the table", e.Code)
	}
	return e
}

// compare fails unless got is the request in the file.
func compare(t *testing.T, file string, got captured) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\nthe request was:\n%s %s\n%v\n\n%s", err, got.method, got.uri, got.header, got.body)
	}
	head, body, _ := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n\n")
	lines := strings.Split(head, "\n")
	if first := got.method + " " + got.uri; lines[0] != first && lines[0] != first+" HTTP/1.1" {
		t.Errorf("request line %q, want %q", first, lines[0])
	}
	for _, line := range lines[1:] {
		name, want, _ := strings.Cut(line, ":")
		if have := got.header.Get(name); have != strings.TrimSpace(want) {
			t.Errorf("header %s is %q, want %q", name, have, strings.TrimSpace(want))
		}
	}
	kind := got.header.Get("Content-Type")
	if diff := cmp.Diff(parse(t, kind, strings.TrimSuffix(body, "\n")), parse(t, kind, got.body)); diff != "" {
		t.Errorf("body differs (-golden +sent):\n%s\nsent: %s", diff, got.body)
	}
}

// compareText fails unless got are the requests in the file.
func compareText(t *testing.T, file string, got []captured) {
	t.Helper()
	var all strings.Builder
	for _, g := range got {
		all.WriteString(g.body)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\nthe requests were:\n%s", err, all.String())
	}
	if diff := cmp.Diff(string(want), all.String()); diff != "" {
		t.Errorf("requests differ (-golden +sent):\n%s", diff)
	}
}

// parse makes what is compared of a body.
func parse(t *testing.T, kind, body string) any {
	t.Helper()
	switch {
	case strings.HasPrefix(kind, "application/json"):
		var v any
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			t.Fatalf("body is not JSON: %v\n%s", err, body)
		}
		return v
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded"):
		v, err := url.ParseQuery(strings.TrimSpace(body))
		if err != nil {
			t.Fatalf("body is no form: %v\n%s", err, body)
		}
		return v
	}
	return body
}
