package relay

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

// v2 makes a version 2 header.
func v2(command, family byte, body string) string {
	head := []byte(proxyV2Sign)
	head = append(head, 0x20|command, family<<4|1)
	head = binary.BigEndian.AppendUint16(head, uint16(len(body)))
	return string(head) + body
}

func TestParseProxy(t *testing.T) {
	four := "\x01\x02\x03\x04\x0a\x00\x00\x01\x12\x67\x00\x50"
	six := strings.Repeat("\x00", 15) + "\x01" + strings.Repeat("\x00", 16) + "\x00\x07\x00\x50"
	for _, row := range []struct {
		name, text, want string
		rest             string
		err              error
	}{
		{name: "v1", text: "PROXY TCP4 1.2.3.4 10.0.0.1 4711 80\r\nGET", want: "1.2.3.4:4711", rest: "GET"},
		{name: "v1 IPv6", text: "PROXY TCP6 2001:db8::1 ::1 4711 80\r\n", want: "[2001:db8::1]:4711"},
		{name: "v1 unknown", text: "PROXY UNKNOWN\r\nGET", rest: "GET"},
		{name: "v1 unknown with more", text: "PROXY UNKNOWN a b c\r\n"},
		{name: "v1 cut", text: "PROXY TCP4 1.2.3.4 10.0", err: io.ErrUnexpectedEOF},
		{name: "v1 start", text: "PRO", err: io.ErrUnexpectedEOF},
		{name: "nothing", text: "", err: io.ErrUnexpectedEOF},
		{name: "v1 too long", text: "PROXY TCP4 " + strings.Repeat("1", 100), err: errProxyForm},
		{name: "v1 family", text: "PROXY TCP4 ::1 ::1 1 2\r\n", err: errProxyForm},
		{name: "v1 port", text: "PROXY TCP4 1.2.3.4 1.2.3.4 70000 2\r\n", err: errProxyForm},
		{name: "v1 words", text: "PROXY TCP4 1.2.3.4\r\n", err: errProxyForm},
		{name: "HTTP", text: "GET / HTTP/1.1\r\n", err: errProxyForm},
		{name: "v2", text: v2(1, 1, four) + "GET", want: "1.2.3.4:4711", rest: "GET"},
		{name: "v2 with extensions", text: v2(1, 1, four+"\x03\x00\x01x"), want: "1.2.3.4:4711"},
		{name: "v2 IPv6", text: v2(1, 2, six), want: "[::1]:7"},
		{name: "v2 local", text: v2(0, 0, "") + "GET", rest: "GET"},
		{name: "v2 unspecified", text: v2(1, 0, "")},
		{name: "v2 cut", text: v2(1, 1, four)[:20], err: io.ErrUnexpectedEOF},
		{name: "v2 too short", text: v2(1, 1, four[:8]), err: errProxyForm},
		{name: "v2 Unix", text: v2(1, 3, strings.Repeat("x", 216)), err: errProxyForm},
		{name: "v2 command", text: v2(2, 1, four), err: errProxyForm},
		{name: "v2 huge", text: v2(1, 1, strings.Repeat("x", 5000)), err: errProxyForm},
		{name: "v2 version", text: proxyV2Sign + "\x11\x11\x00\x0c" + four, err: errProxyForm},
	} {
		t.Run(row.name, func(t *testing.T) {
			client, n, err := parseProxy([]byte(row.text))
			if !errors.Is(err, row.err) {
				t.Fatalf("error %v, want %v", err, row.err)
			}
			if err != nil {
				return
			}
			got := ""
			if client != nil {
				got = client.String()
			}
			if got != row.want || row.text[n:] != row.rest {
				t.Errorf("client %q, rest %q; want %q, %q", got, row.text[n:], row.want, row.rest)
			}
		})
	}
}

func FuzzParseProxy(f *testing.F) {
	fuzzStrings(f, []string{"PROXY TCP4 1.2.3.4 10.0.0.1 4711 80\r\n", v2(1, 1, "\x01\x02\x03\x04\x0a\x00\x00\x01\x12\x67\x00\x50"), v2(0, 0, "")},
		func(t testing.TB, text string) {
			_, n, err := parseProxy([]byte(text))
			if n < 0 || n > len(text) || n > proxyV2Max || err == nil && n == 0 {
				t.Fatalf("%q: %d bytes, %v", text, n, err)
			}
		})
}
