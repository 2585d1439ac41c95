package channel

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/store/message/mutate"
)

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// idle returns the one connection that c keeps.
func idle(t *testing.T, c *Client) *conn {
	t.Helper()
	for _, h := range c.direct.hosts {
		if len(h.idle) == 1 {
			return h.idle[0]
		}
	}
	t.Fatal("no connection is kept")
	return nil
}

func TestConnectionIsKept(t *testing.T) {
	var conns atomic.Int32
	url := serveEach(t, func(c net.Conn) {
		conns.Add(1)
		in := bufio.NewReader(c)
		for {
			if req, err := http.ReadRequest(in); err != nil {
				return
			} else if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}
			say(c, okAnswer)
		}
	})
	c := newTestClient(t, nil)
	for range 3 {
		if code, a := codeOfCall(t, c, url); code != "" || string(a.Body) != "ok" {
			t.Fatalf("got %q, %+v", code, a)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections for three calls", n)
	}
	c.Close() // lets the server's loop end
}

// TestWhatEndedIsNotUsed: a connection that its host has closed, or on which
// something came unasked, would make the outcome unknown.
func TestWhatEndedIsNotUsed(t *testing.T) {
	for name, end := range map[string]func(net.Conn){
		"closed": func(net.Conn) {}, "unasked bytes": func(c net.Conn) { say(c, okAnswer) },
	} {
		t.Run(name, func(t *testing.T) {
			answered := make(chan struct{})
			url := serveEach(t, func(c net.Conn) { takeRequest(c); say(c, okAnswer); <-answered; end(c) })
			c := newTestClient(t, nil)
			for range 3 {
				if code, _ := codeOfCall(t, c, url); code != "" {
					t.Fatalf("got %q", code)
				}
				kept := idle(t, c)
				answered <- struct{}{}
				for kept.alive() { // until its end has come
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
}

func TestWhatIsNotKept(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\n\r\nok", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		okAnswer + "more", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
	} {
		c := newTestClient(t, nil)
		code, a := codeOfCall(t, c, serveEach(t, func(c net.Conn) { takeRequest(c); say(c, answer) }))
		if code != "" || string(a.Body) != "ok" {
			t.Errorf("%q: got %q, %+v", answer, code, a)
		}
		for _, h := range c.direct.hosts {
			if len(h.idle) > 0 {
				t.Errorf("%q: the connection is kept", answer)
			}
		}
	}
}

// TestClientWaitsNoLongerThanItMay: an answer that does not come, and a
// connection that is not used.
func TestClientWaitsNoLongerThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, closed := time.Now(), make(chan time.Duration, 1)
		c := NewClient(func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			go func() {
				defer there.Close()
				in := bufio.NewReader(there)
				for {
					req, err := http.ReadRequest(in)
					if err != nil {
						closed <- time.Since(start)
						return
					}
					_, _ = io.Copy(io.Discard, req.Body)
					if req.URL.Path != "/silent" {
						say(there, okAnswer)
					}
				}
			}()
			return here, nil
		}, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := c.Do(ctx, Call{URL: "http://a.example/silent"})
		var e *Error
		if !errors.As(err, &e) || e.Code != OutcomeUnknown || e.ProviderMessage != "no answer in time" || time.Since(start) != 10*time.Second {
			t.Errorf("error %#v after %v", err, time.Since(start))
		}
		if at := <-closed; at != 10*time.Second {
			t.Errorf("the connection was closed after %v", at)
		}
		if _, err := c.Do(t.Context(), Call{URL: "http://a.example/"}); err != nil {
			t.Fatal(err)
		}
		if at := <-closed; at != 10*time.Second+idleFor {
			t.Errorf("the idle connection was closed after %v", at)
		}
	})
}

// secureServer serves with TLS, by the protocols given; the Client trusts it.
func secureServer(t *testing.T, serve http.HandlerFunc, protocols ...string) (*Client, string) {
	server := httptest.NewUnstartedServer(serve)
	server.EnableHTTP2 = true
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP2(true)
	server.Config.Protocols.SetHTTP1(slices.Contains(protocols, "http/1.1"))
	server.TLS = &tls.Config{NextProtos: protocols}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	c := newTestClient(t, nil)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	c.direct.tls.RootCAs = pool
	c.standard.client.Transport.(*http.Transport).TLSClientConfig.RootCAs = pool
	return c, server.URL
}

// TestTheLeanestProtocol: HTTP/1.1 where the host speaks it, else HTTP/2.
func TestTheLeanestProtocol(t *testing.T) {
	for want, protocols := range map[string][]string{"HTTP/1.1": {"h2", "http/1.1"}, "HTTP/2.0": {"h2"}} {
		var conns sync.Map
		c, url := secureServer(t, func(w http.ResponseWriter, r *http.Request) {
			conns.Store(r.RemoteAddr, true)
			_, _ = io.WriteString(w, r.Proto)
		}, protocols...)
		for range 3 {
			if code, a := codeOfCall(t, c, url); code != "" || string(a.Body) != want {
				t.Errorf("%v: got %q, %+v", protocols, code, a)
			}
		}
		n := 0
		conns.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("%v: %d connections", protocols, n)
		}
	}
}

// TestHandshakeThatEndsForTheProtocol leaves the host to net/http.
func TestHandshakeThatEndsForTheProtocol(t *testing.T) {
	certificate := httptest.NewTLSServer(nil)
	t.Cleanup(certificate.Close)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certificate.TLS.Certificates, NextProtos: []string{"other"}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			_ = conn.(*tls.Conn).Handshake()
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	c := newTestClient(t, nil)
	c.direct.tls.RootCAs = certificate.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	if code, _ := codeOfCall(t, c, "https://"+l.Addr().String()); code != ConnectionFailed {
		t.Errorf("got %q", code)
	}
	if h := c.direct.hosts[place{true, l.Addr().String()}]; !h.indirect.Load() {
		t.Error("the host is not left to net/http")
	}
}

// TestProxyIsUsed: what goes through a proxy is net/http's.
func TestProxyIsUsed(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.String()) }))
	t.Cleanup(proxy.Close)
	via := func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL) }
	c := newTestClient(t, nil)
	c.direct.proxy = via
	c.standard.client.Transport.(*http.Transport).Proxy = via
	if code, a := codeOfCall(t, c, "http://provider.example/send"); code != "" || string(a.Body) != "http://provider.example/send" {
		t.Errorf("got %q, %+v", code, a)
	}
}

// TestBothAskAlike: a provider can't tell the direct transport from net/http.
func TestBothAskAlike(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, r.Method, " ", r.RequestURI, " ", r.Host, " ", r.ContentLength, " ", r.TransferEncoding, " ", r.Header, " ", string(body))
	}))
	t.Cleanup(server.Close)
	own := newTestClient(t, nil)
	std := NewClientOver(&http.Transport{DisableCompression: true})
	t.Cleanup(std.Close)
	for _, call := range []Call{
		{Body: []byte("x")},
		{URL: "/a/b%20c?d=e%2B&f=+#g", ContentType: "text/plain", Body: []byte("x"), Basic: [2]string{"user", "påss"}},
		{URL: "?a=b", Method: "GET", Header: map[string]string{"X-A": "1", "x-b": " two\twords "}},
		{URL: "/ä b|{c}", Method: "PUT"},
		{URL: "/x", Method: "DELETE"},
		{URL: "/host", Header: map[string]string{"Host": "other.example", "Content-Length": "7", "Connection": "close", "User-Agent": "me"}},
	} {
		call.URL = server.URL + call.URL
		a, err := own.Do(t.Context(), call)
		b, err2 := std.Do(t.Context(), call)
		if err != nil || err2 != nil || string(a.Body) != string(b.Body) {
			t.Errorf("%+v: %v\n%s\nby net/http: %v\n%s", call, err, a.Body, err2, b.Body)
		}
	}
	for _, value := range []string{"a\r\nX-Forged: b", "a\nb", "a\x00b"} {
		if a, err := own.Do(t.Context(), Call{URL: server.URL, Header: map[string]string{"X-A": value}}); err == nil {
			t.Errorf("a header of %q was sent: %s", value, a.Body)
		}
	}
}

func TestPlaces(t *testing.T) {
	for text, want := range map[string]string{
		"http://a.example":             "a.example:80 /",
		"https://a.example/b?c#d":      "a.example:443 /b?c",
		"https://a.example:8443?c":     "", // net/http makes it /?c
		"http://127.0.0.1:8090/sms/x":  "127.0.0.1:8090 /sms/x",
		"http://user@a.example/":       "",
		"http://[::1]:80/":             "",
		"http://a.example:/":           "",
		"http://a.example:port/":       "",
		"http://a.example/%zz":         "",
		"http://a.example/a b":         "",
		"http://bücher.example/":       "",
		"HTTP://a.example/":            "",
		"ftp://a.example/":             "",
		"http:///a":                    "",
		"http://a.example/\r\nX-A: b/": "",
	} {
		at, path, ok := split(text)
		if got := at.address() + " " + path; ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %t, want %q", text, got, ok, want)
		}
	}
}

func TestHeaderOfAnAnswer(t *testing.T) {
	h := Header{[]byte("A: 1\r\nlong-NAME:  two words \r\nno field\r\nA: 3\nb:\n")}
	for name, want := range map[string]string{"a": "1", "Long-Name": "two words", "B": "", "no field": "", "": "", "c": ""} {
		if got := h.Get(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

// answerTo reads text as an answer, as if it came in pieces.
func answerTo(text []byte) (*Answer, error) {
	c := newConn(&pieces{rest: text}, &counted{})
	c.ctx = context.Background()
	return c.answer(&Call{Method: "POST", MaxAnswer: 1 << 10})
}

// pieces is a connection that brings a few bytes at a time.
type pieces struct {
	net.Conn
	rest []byte
}

func (p *pieces) SetReadDeadline(time.Time) error { return nil }

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 7)], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// FuzzAnswer holds the reader of answers against net/http's: what both take
// is the same, and it takes no 2xx that is not whole.
func FuzzAnswer(f *testing.F) {
	seeds := [][]byte{
		[]byte(okAnswer), []byte("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n5\r\nhello\r\n3;a=b\r\n wo\r\n0\r\nT: x\r\n\r\n"),
		[]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 4\r\n\r\nwait"),
		[]byte("HTTP/1.0 200 OK\n\nuntil the end"), []byte("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
	}
	mutate.Bytes(f, seeds, func(t testing.TB, text []byte) {
		got, err := answerTo(text)
		in := bufio.NewReader(bytes.NewReader(text))
		var want *http.Response
		var wantErr error
		for want, wantErr = http.ReadResponse(in, nil); wantErr == nil && want.StatusCode < 200; want, wantErr = http.ReadResponse(in, nil) {
		}
		if err != nil || wantErr != nil {
			return
		}
		body, wantErr := readAll(want.Body, 1<<10)
		switch {
		case got.Status != want.StatusCode:
			t.Errorf("%q: status %d, net/http reads %d", text, got.Status, want.StatusCode)
		case got.Status < 300 && errors.Is(wantErr, io.ErrUnexpectedEOF):
			t.Errorf("%q: taken for whole, net/http says %v", text, wantErr)
		case wantErr == nil && len(got.Body) > 0 && !bytes.Equal(got.Body, body):
			t.Errorf("%q: body %q, net/http reads %q", text, got.Body, body)
		}
	})
}

func TestAnswersThatAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "HTTP/1.1 200", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 -20 OK\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: x\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("0", 2*maxLine) + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n",
	} {
		if a, err := answerTo([]byte(text)); err == nil {
			t.Errorf("%.80q: %+v", text, a)
		}
	}
}

// TestAllocationsOfACall: the Answer, with its header and body.
func TestAllocationsOfACall(t *testing.T) {
	url := serveEach(t, func(c net.Conn) {
		buffer, answer := make([]byte, 4<<10), []byte("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
		for {
			if _, err := c.Read(buffer); err != nil {
				return
			}
			_, _ = c.Write(answer)
		}
	})
	c := newTestClient(t, nil)
	defer c.Close()
	call := Call{URL: url + "/send", ContentType: "text/plain", Basic: [2]string{"user", "password"}, Body: []byte("hello")}
	ctx := t.Context()
	const want = 1
	n := testing.AllocsPerRun(1000, func() {
		if _, err := c.Do(ctx, call); err != nil {
			t.Fatal(err)
		}
	})
	if n > want {
		t.Errorf("a call makes %.0f allocations, want %d", n, want)
	}
}
