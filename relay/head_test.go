package relay

import (
	"strings"
	"testing"

	"messagehub/store/message/mutate"
)

func fuzzStrings(f *testing.F, seeds []string, check func(testing.TB, string)) {
	f.Helper()
	mutate.Strings(f, seeds, check)
}

func TestScanHead(t *testing.T) {
	h := scanHead([]byte("HOST: a\r\nauthorization:Bearer x \r\nContent-Type:\tapplication/json\r\nIdempotency-Key:\r\nContent-Length: 3\r\n" +
		"X-Forwarded-For: 1\r\nX-Forwarded-For: 2\r\nPrefer: wait=1\r\nTraceparent: t\r\nX-Request-ID: r\r\n\r\n"))
	switch {
	case h.fault != "":
		t.Fatalf("fault %s", h.fault)
	case string(h.authorization) != "Bearer x", string(h.contentType) != "application/json", !h.hasKey, len(h.idempotencyKey) != 0,
		!h.length, h.coding, !h.forwarded, string(h.prefer) != "wait=1", string(h.traceParent) != "t", string(h.requestID) != "r":
		t.Errorf("%+v", h)
	}
}

func TestScanHeadFaults(t *testing.T) {
	for _, row := range []struct {
		raw  string
		want Code
	}{
		{"", ""},
		{"\r\n", ""},
		{"Host: a\r\n\r\n", ""},
		{"Host: a\n\r\n", BadRequest},
		{"Host: a\r\n b\r\n\r\n", BadRequest},
		{"Host: a\r\n\tb: c\r\n\r\n", BadRequest},
		{"Host : a\r\n\r\n", BadRequest},
		{"X Y: a\r\n\r\n", BadRequest},
		{": a\r\n\r\n", BadRequest},
		{"nothing\r\n\r\n", BadRequest},
		{"Authorization: a\r\nauthorization: b\r\n\r\n", AmbiguousFraming},
		{"Authorization: a\r\nAuthorization: a\r\n\r\n", AmbiguousFraming},
		{"Content-Type: a\r\nContent-Type: b\r\n\r\n", AmbiguousFraming},
		{"Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n", AmbiguousFraming},
		{"Expect: a\r\nExpect: b\r\n\r\n", AmbiguousFraming},
		{"Host: a\r\nHost: b\r\n\r\n", AmbiguousFraming},
		{"Content-Length: 1\r\nContent-Length: 1\r\n\r\n", AmbiguousFraming},
		{"X: y\r\nX: y\r\n\r\n", ""},
		{strings.Repeat("X: y\r\n", maxHeaderLines) + "\r\n", ""},
		{strings.Repeat("X: y\r\n", maxHeaderLines+1) + "\r\n", TooManyHeaders},
	} {
		if h := scanHead([]byte(row.raw)); h.fault != row.want {
			t.Errorf("%.60q: %q, want %q", row.raw, h.fault, row.want)
		}
	}
}

func TestMedia(t *testing.T) {
	for _, row := range []struct {
		kind, coding string
		ok           bool
	}{
		{"", "", true},
		{"application/json", "", true},
		{"Application/JSON; charset=utf-8", "", true},
		{"application/json;charset=\"UTF-8\"", "", true},
		{"application/json ;", "identity", true},
		{"application/x-www-form-urlencoded", "", false},
		{"application/json; charset=latin1", "", false},
		{"application/json; charset=utf-16", "", false},
		{"application/json; version=1", "", false},
		{"application/jsonp", "", false},
		{"text/json", "", false},
		{"application/x-ndjson", "", false},
		{"application/json", "gzip", false},
		{"", "identity, gzip", false},
	} {
		h := head{contentType: []byte(row.kind), contentEncoding: []byte(row.coding)}
		if got := h.media(); (got == "") != row.ok {
			t.Errorf("%q %q: %q", row.kind, row.coding, got)
		}
	}
}

func FuzzScanHead(f *testing.F) {
	fuzzStrings(f, []string{
		"Host: a\r\nAuthorization: Bearer x\r\n\r\n", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", " \r\n", ":\r\n", "A\n\n",
	}, func(t testing.TB, raw string) {
		if got, want := scanHead([]byte(raw)), plainHead(raw); got.fault != want.fault || want.fault == "" && string(got.authorization) != string(want.authorization) {
			t.Fatalf("%q: %q %q, want %q %q", raw, got.fault, got.authorization, want.fault, want.authorization)
		}
	})
}

// plainHead is scanHead in the plainest way.
func plainHead(raw string) (h head) {
	once := map[string]int{}
	for n, line := range strings.SplitAfter(raw, "\n") {
		if line == "" {
			return h
		}
		text, ok := strings.CutSuffix(line, "\r\n")
		if text == "" && ok {
			return h
		}
		name, value, found := strings.Cut(text, ":")
		name = strings.Map(func(r rune) rune {
			if r >= 'A' && r <= 'Z' {
				r |= 0x20
			}
			return r
		}, name)
		switch {
		case ok && n >= maxHeaderLines:
			return head{fault: TooManyHeaders}
		case !ok || !found || name == "" || strings.Contains(name, " ") || name[0] == '\t':
			return head{fault: BadRequest}
		case name == "authorization":
			h.authorization = []byte(strings.Trim(value, " \t"))
		}
		switch name {
		case "authorization", "content-type", "content-encoding", "expect", "idempotency-key", "content-length", "transfer-encoding", "host":
			if once[name]++; once[name] > 1 {
				return head{fault: AmbiguousFraming}
			}
		}
	}
	return h
}
