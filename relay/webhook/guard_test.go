package webhook

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

// trap counts the connections that reach it. None may.
type trap struct {
	port string
	hits atomic.Int32
}

// newTrap listens on every address of this machine.
func newTrap(t *testing.T) *trap {
	t.Helper()
	ln, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	tr := &trap{}
	_, tr.port, _ = net.SplitHostPort(ln.Addr().String())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			tr.hits.Add(1)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-done
	})
	return tr
}

// names is a name server in memory: the answers to a name are given in turn,
// the last one for ever.
type names struct {
	mu      sync.Mutex
	answers map[string][]string
}

func (n *names) next(name string) netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.answers[name]
	if len(all) == 0 {
		return netip.Addr{}
	}
	if len(all) > 1 {
		n.answers[name] = all[1:]
	}
	return netip.MustParseAddr(all[0])
}

// resolver asks n over connections in memory.
func (n *names) resolver(t *testing.T) *net.Resolver {
	var work sync.WaitGroup
	t.Cleanup(work.Wait)
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		work.Go(func() {
			defer ours.Close()
			n.serve(ours)
		})
		return theirs, nil
	}}
}

// serve answers questions in the framing of DNS over TCP (RFC 1035).
func (n *names) serve(c net.Conn) {
	const a, aaaa = 1, 28
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, q); err != nil {
			return
		}
		var labels []string
		i := 12
		for ; q[i] != 0; i += 1 + int(q[i]) {
			labels = append(labels, string(q[i+1:i+1+int(q[i])]))
		}
		kind := binary.BigEndian.Uint16(q[i+1:])
		answer := append([]byte(nil), q[:i+5]...)
		answer[2], answer[3] = 0x81, 0x80 // an answer, without error
		clear(answer[6:12])
		// A name has addresses of one kind here; the other question is not counted.
		n.mu.Lock()
		all := n.answers[strings.Join(labels, ".")]
		v6 := len(all) > 0 && strings.Contains(all[0], ":")
		n.mu.Unlock()
		if (kind == a && !v6) || (kind == aaaa && v6) {
			if addr := n.next(strings.Join(labels, ".")); addr.IsValid() {
				answer[7] = 1
				raw := addr.AsSlice()
				answer = append(answer, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(raw)))
				answer = append(answer, raw...)
			}
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

// attackURLs are ways to name an address that a relay must not reach. PORT is
// the trap's.
func attackURLs() []string {
	return []string{
		"http://127.0.0.1:PORT/", "http://127.0.0.2:PORT/", "http://127.255.255.254:PORT/", "http://0.0.0.0:PORT/", "http://0.1.2.3:PORT/",
		"http://localhost:PORT/", "http://LOCALHOST:PORT/", "http://localhost.:PORT/", "http://loop.example:PORT/", "http://loop6.example:PORT/",
		"http://[::1]:PORT/", "http://[::]:PORT/", "http://[0:0:0:0:0:0:0:1]:PORT/", "http://[::127.0.0.1]:PORT/", "http://[::7f00:1]:PORT/",
		"http://[::ffff:127.0.0.1]:PORT/", "http://[::ffff:7f00:1]:PORT/", "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/", "http://mapped.example:PORT/",
		"http://[64:ff9b::127.0.0.1]:PORT/", "http://[64:ff9b::7f00:1]:PORT/", "http://[64:ff9b:1::7f00:1]:PORT/", "http://[2002:7f00:1::]:PORT/",
		"http://[2001::7f00:1]:PORT/", "http://[fe80::1]:PORT/", "http://[fe80::1%25lo]:PORT/", "http://[::1%25lo]:PORT/", "http://[::ffff:127.0.0.1%25lo]:PORT/",
		"http://[fc00::1]:PORT/", "http://[fd00:ec2::254]:PORT/", "http://[fec0::1]:PORT/", "http://[ff02::1]:PORT/", "http://[2001:db8::1]:PORT/",
		"http://[100::1]:PORT/", "http://[5f00::1]:PORT/", "http://[3fff::1]:PORT/", "http://[4000::1]:PORT/",
		"http://10.0.0.1:PORT/", "http://172.16.0.1:PORT/", "http://172.31.255.255:PORT/", "http://192.168.0.1:PORT/", "http://169.254.169.254:PORT/latest/meta-data/",
		"http://100.64.0.1:PORT/", "http://100.100.100.200:PORT/", "http://192.0.0.192:PORT/", "http://198.18.0.1:PORT/", "http://198.19.255.255:PORT/",
		"http://192.0.2.1:PORT/", "http://198.51.100.1:PORT/", "http://203.0.113.1:PORT/", "http://224.0.0.1:PORT/", "http://240.0.0.1:PORT/",
		"http://255.255.255.255:PORT/", "http://168.63.129.16:PORT/", "http://192.88.99.1:PORT/", "http://metadata.example:PORT/",
		"http://2130706433:PORT/", "http://0x7f000001:PORT/", "http://0x7f.1:PORT/", "http://017700000001:PORT/", "http://0177.0.0.1:PORT/", "http://127.1:PORT/",
		"http://127.0.1:PORT/", "http://0:PORT/", "http://127.0.0.1.:PORT/", "http://①②⑦.⓪.⓪.①:PORT/", "http://１２７.0.0.1:PORT/",
		"http://user@127.0.0.1:PORT/", "http://user:pass@loop.example:PORT/", "http://example.com@127.0.0.1:PORT/", "http://example.com:80@127.0.0.1:PORT/",
		"http://127.0.0.1:PORT#@example.com/", "http://127.0.0.1:PORT\\@example.com/", "http://example.com\\@127.0.0.1:PORT/", "http://127.0.0.1:PORT/%0d%0aHost:x",
		"http://rebind.example:PORT/", "http://rebind6.example:PORT/", "http://both.example:PORT/", "http://127.0.0.1:PORT?@example.com/",
		"http:127.0.0.1:PORT/", "http:///127.0.0.1:PORT/", "//127.0.0.1:PORT/", "gopher://127.0.0.1:PORT/", "file:///etc/passwd", "ftp://127.0.0.1:PORT/",
		"http://127.0.0.1:22/", "http://loop.example:25/", "http://loop.example:0/", "http://loop.example:/", "http://loop.example:99999/", "http://:PORT/", "http://",
		"http://127.0.0.1:PORT/ ", "\thttp://127.0.0.1:PORT/", "http://127.0.0.1\n:PORT/", "http://%31%32%37.0.0.1:PORT/", "http://loop%2eexample:PORT/",
	}
}

// Whatever a URL says and a name resolves to, no connection reaches an address
// that is denied: each is refused when it's given, or when it's dialed.
func TestNoConnectionToDeniedAddresses(t *testing.T) {
	tr := newTrap(t)
	dns := &names{answers: map[string][]string{
		"loop.example": {"127.0.0.1"}, "loop6.example": {"::1"}, "mapped.example": {"::ffff:127.0.0.1"}, "metadata.example": {"169.254.169.254"},
		// A name that was public when it was looked at, and is not any more.
		"rebind.example": {"127.0.0.1"}, "rebind6.example": {"::1"}, "both.example": {"10.0.0.1", "127.0.0.1"},
	}}
	g := NewGuard(nil)
	rules := &Rules{Guard: g, HTTP: true}
	transport := NewTransport(g, dns.resolver(t))
	defer transport.CloseIdleConnections()
	urls := attackURLs()
	if len(urls) < 60 {
		t.Fatalf("only %d URLs", len(urls))
	}
	dialed := 0
	for _, text := range urls {
		text = strings.ReplaceAll(text, "PORT", tr.port)
		refused := rules.CheckURL(text)
		// Also one that was refused must not get through, should it ever be stored.
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		r := post(ctx, transport, &letter{url: text, id: "evt_1", body: []byte("{}")})
		cancel()
		if r.outcome == message.DeliveryDone || r.status != 0 {
			t.Errorf("%q was delivered: %+v", text, r)
		}
		if r.outcome == message.AddressForbidden {
			dialed++
		}
		if refused == nil && r.outcome != message.AddressForbidden && r.outcome != message.AddressNotFound {
			t.Errorf("%q was taken, and came to %s", text, r.outcome)
		}
	}
	if hits := tr.hits.Load(); hits != 0 {
		t.Fatalf("%d connections to denied addresses", hits)
	}
	if dialed < 30 {
		t.Errorf("only %d were stopped at the dial", dialed)
	}
	t.Logf("%d URLs, %d stopped at the dial, 0 connections", len(urls), dialed)
}

// A name that is harmless when it's looked at and not when it's dialed: each
// delivery asks anew, and the answer that counts is the one that is dialed.
func TestRebinding(t *testing.T) {
	tr := newTrap(t)
	harmless := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }))
	ln, err := net.Listen("tcp", "127.0.0.77:"+"0")
	if err != nil {
		t.Skip("this machine has one loopback address only")
	}
	harmless.Listener = ln
	harmless.Start()
	defer harmless.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	dns := &names{answers: map[string][]string{"rebind.example": {"127.0.0.77", "127.0.0.1", "10.0.0.1"}}}
	g := NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.77/32")})
	transport := NewTransport(g, dns.resolver(t))
	defer transport.CloseIdleConnections()
	var outcomes []message.DeliveryOutcome
	for _, p := range []string{port, tr.port, tr.port} {
		r := post(context.Background(), transport, &letter{url: "http://rebind.example:" + p, id: "evt_1"})
		outcomes = append(outcomes, r.outcome)
	}
	if outcomes[0] != message.DeliveryDone || outcomes[1] != message.AddressForbidden || outcomes[2] != message.AddressForbidden || tr.hits.Load() != 0 {
		t.Errorf("%v, %d connections", outcomes, tr.hits.Load())
	}
}

// A redirect is an answer, and not followed.
func TestRedirectsAreNotFollowed(t *testing.T) {
	tr := newTrap(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		from := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:"+tr.port+"/", status))
		transport := NewTransport(NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}), nil)
		r := post(context.Background(), transport, &letter{url: from.URL, id: "evt_1"})
		if r.outcome != message.RefusedRedirect || r.status != status || tr.hits.Load() != 0 {
			t.Errorf("%d: %+v, %d connections", status, r, tr.hits.Load())
		}
		transport.CloseIdleConnections()
		from.Close()
	}
}

func TestGuardKnowsPlainAddresses(t *testing.T) {
	g := NewGuard([]netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd00:1::/32")})
	for text, ok := range map[string]bool{
		"8.8.8.8": true, "::ffff:8.8.8.8": true, "2606:4700::1111": true, "2a00:1450::1": true, "172.32.0.1": true, "100.128.0.1": true, "11.0.0.1": true,
		"10.20.3.4": true, "::ffff:10.20.3.4": true, "fd00:1::7": true, "fd00:1::7%eth0": true, "10.21.0.1": false, "fd00:2::1": false,
		"192.0.1.1": true, "198.20.0.1": true, "fe80::1%eth0": false, "::ffff:10.1.2.3": false, "2001:db9::1": true,
	} {
		if err := g.Check(netip.MustParseAddr(text)); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
	if g.Check(netip.Addr{}) == nil || g.Control("udp4", "8.8.8.8:53", nil) == nil || g.Control("tcp4", "8.8.8.8", nil) == nil {
		t.Error("what is no address of a TCP connection passes")
	}
}

func TestGoodURLs(t *testing.T) {
	rules := &Rules{Guard: NewGuard(nil)}
	for _, text := range []string{
		"https://example.com", "https://example.com/", "https://example.com:443/a?b=c", "https://hooks.example.co.kr:8443/x%20y", "https://EXAMPLE.com./",
		"https://8.8.8.8/", "https://[2606:4700::1111]/", "https://xn--9t4b11yi5a.com/", "https://a_b.example.com/",
	} {
		if err := rules.CheckURL(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"http://example.com/", "https://" + strings.Repeat("a.", 130) + "com", "https://example.com/" + strings.Repeat("x", maxURL)} {
		if rules.CheckURL(text) == nil {
			t.Errorf("%.40s is taken", text)
		}
	}
}

// Whatever is taken can be requested, and leads to a plain host.
func FuzzCheckURL(f *testing.F) {
	rules := &Rules{Guard: NewGuard(nil), HTTP: true}
	seeds := append(attackURLs(), "https://example.com:8443/a?b=c#d")
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		if rules.CheckURL(text) != nil {
			return
		}
		req, err := http.NewRequest("POST", text, nil)
		if err != nil || req.URL.User != nil || req.URL.Hostname() == "" {
			t.Fatalf("%q is taken, but: %v", text, err)
		}
		if addr, err := netip.ParseAddr(req.URL.Hostname()); err == nil && rules.Guard.Check(addr) != nil {
			t.Fatalf("%q is taken", text)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	now := message.Time(1_800_000_000_000)
	mutate.Strings(f, []string{"120", "0", "-1", "99999999999", "Wed, 21 Oct 2037 07:28:00 GMT", "1.5"}, func(t testing.TB, text string) {
		if d := retryAfter(text, now); d < 0 || d > longestAfter {
			t.Fatalf("%q is %s", text, d)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	const now = message.Time(1_800_000_000_000)
	for text, want := range map[string]time.Duration{
		"120": 2 * time.Minute, "0": 0, "": 0, "soon": 0, "-5": 0, "999999999": longestAfter,
		now.Add(time.Hour).Std().Format(http.TimeFormat): time.Hour, now.Add(-time.Hour).Std().Format(http.TimeFormat): 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

// A connection that the endpoint has closed in the meantime is not the
// endpoint's failure.
func TestClosedConnectionsAreReplaced(t *testing.T) {
	var requests atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header["Idempotency-Key"] != nil {
			t.Error("a header of ours is sent that is none of Standard Webhooks")
		}
		if requests.Add(1) == 2 {
			panic(http.ErrAbortHandler)
		}
	}))
	defer s.Close()
	transport := NewTransport(NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}), nil)
	defer transport.CloseIdleConnections()
	for range 2 {
		if r := post(context.Background(), transport, &letter{url: s.URL, id: "evt_1", body: []byte("{}")}); r.outcome != message.DeliveryDone {
			t.Errorf("%+v", r)
		}
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests", n)
	}
}

// An answer is read up to a bound, whatever it claims to be.
func TestAnswersAreBounded(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/huge":
			for range 64 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		case "/header":
			w.Header().Set("X", strings.Repeat("x", 1<<20))
		case "/slow":
			<-r.Context().Done()
		}
	}))
	defer s.Close()
	transport := NewTransport(NewGuard([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}), nil)
	defer transport.CloseIdleConnections()
	for path, want := range map[string]message.DeliveryOutcome{
		"/huge": message.DeliveryDone, "/header": message.ConnectionFailed, "/slow": message.DeliveryTimeout,
	} {
		ctx, cancel := context.WithCancel(context.Background())
		if path == "/slow" {
			ctx, cancel = context.WithTimeout(context.Background(), 20*time.Millisecond)
		}
		if r := post(ctx, transport, &letter{url: s.URL + path, id: "evt_1"}); r.outcome != want {
			t.Errorf("%s: %s", path, r.outcome)
		}
		cancel()
	}
	if got := failure(errors.New("x")); got != message.ConnectionFailed {
		t.Errorf("%s", got)
	}
}
