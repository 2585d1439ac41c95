package relay

import (
	"net/netip"
	"strings"
	"testing"
)

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

func netipFrom(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return out
}

func TestClientIP(t *testing.T) {
	trusted := plainPrefixes(prefixes("10.0.0.0/8", "fd00::/8", "::ffff:172.16.0.0/108"))
	for _, row := range []struct {
		name, peer, want string
		lines            []string
	}{
		{name: "no proxy", peer: "203.0.113.9", want: "203.0.113.9"},
		{name: "not believed", peer: "203.0.113.9", lines: []string{"198.51.100.1"}, want: "203.0.113.9"},
		{name: "one proxy", peer: "10.0.0.1", lines: []string{"198.51.100.1"}, want: "198.51.100.1"},
		{name: "spoofed on the left", peer: "10.0.0.1", lines: []string{"10.9.9.9, 1.1.1.1, 198.51.100.1"}, want: "198.51.100.1"},
		{name: "two proxies", peer: "10.0.0.1", lines: []string{"1.1.1.1, 198.51.100.1, 10.0.0.2"}, want: "198.51.100.1"},
		{name: "over several lines", peer: "10.0.0.1", lines: []string{"1.1.1.1", "198.51.100.1", "10.0.0.2"}, want: "198.51.100.1"},
		{name: "only proxies", peer: "10.0.0.1", lines: []string{"10.0.0.3, 10.0.0.2"}, want: "10.0.0.3"},
		{name: "no line", peer: "10.0.0.1", want: "10.0.0.1"},
		{name: "with a port", peer: "10.0.0.1", lines: []string{"198.51.100.1:4711"}, want: "198.51.100.1"},
		{name: "IPv6 with a port", peer: "10.0.0.1", lines: []string{"[2001:db8::1]:4711"}, want: "2001:db8::1"},
		{name: "IPv6", peer: "fd00::1", lines: []string{"2001:db8::1"}, want: "2001:db8::1"},
		{name: "mapped peer", peer: "::ffff:10.0.0.1", lines: []string{"198.51.100.1"}, want: "198.51.100.1"},
		{name: "mapped client", peer: "10.0.0.1", lines: []string{"::ffff:198.51.100.1"}, want: "198.51.100.1"},
		{name: "mapped prefix", peer: "172.16.0.1", lines: []string{"198.51.100.1"}, want: "198.51.100.1"},
		{name: "zone", peer: "fe80::1%eth0", want: "fe80::1"},
		{name: "zone of a client", peer: "10.0.0.1", lines: []string{"fe80::1%eth0"}, want: "fe80::1"},
		{name: "unreadable", peer: "10.0.0.1", lines: []string{"198.51.100.1, unknown"}, want: ""},
		{name: "unreadable further left", peer: "10.0.0.1", lines: []string{"junk, 198.51.100.1"}, want: "198.51.100.1"},
		{name: "empty", peer: "10.0.0.1", lines: []string{""}, want: ""},
		{name: "comma only", peer: "10.0.0.1", lines: []string{","}, want: ""},
		{name: "a name", peer: "10.0.0.1", lines: []string{"localhost"}, want: ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			var lines [][]byte
			for _, line := range row.lines {
				lines = append(lines, []byte(line))
			}
			got := clientIP(addr(row.peer), lines, trusted)
			if row.want == "" && got.IsValid() || row.want != "" && got != addr(row.want) {
				t.Errorf("got %v, want %q", got, row.want)
			}
		})
	}
}

func TestForwardedLines(t *testing.T) {
	var lines [maxForwarded][]byte
	n, ok := forwardedLines([]byte("Host: a\r\nx-forwarded-FOR: 1.1.1.1\r\nX-Forwarded-For:2.2.2.2 \r\nX-Forwarded-Fox: 3\r\n\r\n"), &lines)
	if !ok || n != 2 || string(lines[0]) != "1.1.1.1" || string(lines[1]) != "2.2.2.2" {
		t.Errorf("%t %d %q", ok, n, lines[:n])
	}
	if _, ok := forwardedLines([]byte(strings.Repeat("X-Forwarded-For: 1.1.1.1\r\n", maxForwarded+1)), &lines); ok {
		t.Error("too many lines were taken")
	}
}

func FuzzClientIP(f *testing.F) {
	trusted := prefixes("10.0.0.0/8")
	fuzzStrings(f, []string{"1.1.1.1, 10.0.0.2", "[::1]:80", "::ffff:1.2.3.4%x", ",,", "fe80::1%eth0, 10.0.0.1:1"}, func(t testing.TB, line string) {
		got := clientIP(addr("10.0.0.1"), [][]byte{[]byte(line)}, trusted)
		if got.IsValid() && (got.Zone() != "" || got.Is4In6()) {
			t.Fatalf("%q gives %v, which no prefix would match", line, got)
		}
		if peer := clientIP(addr("192.0.2.1"), [][]byte{[]byte(line)}, trusted); peer != addr("192.0.2.1") {
			t.Fatalf("%q moved an untrusted peer to %v", line, peer)
		}
	})
}
