package channel

import (
	"bufio"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"messagehub/store/message/mutate"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serveEach serves each connection of a loopback listener with serve.
func serveEach(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return "http://" + l.Addr().String()
}

func newTestClient(t *testing.T, dial Dialer) *Client {
	c := NewClient(dial, 4)
	t.Cleanup(c.Close)
	return c
}

func takeRequest(conn net.Conn) {
	if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
		_, _ = io.Copy(io.Discard, req.Body)
	}
}

func say(conn net.Conn, text string) { _, _ = io.WriteString(conn, text) }

// codeOfCall makes a call and returns its error's code, or "" without one.
func codeOfCall(t *testing.T, c *Client, url string) (Code, *Answer) {
	t.Helper()
	a, err := c.Do(t.Context(), Call{URL: url, ContentType: "text/plain", Body: []byte("hello")})
	if err == nil {
		return "", a
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error is a %T", err)
	}
	return e.Code, nil
}

// TestNotSentOrUnknown is the line between the two: a connection.
func TestNotSentOrUnknown(t *testing.T) {
	ok := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
	rows := map[string]struct {
		serve func(net.Conn)
		want  Code
	}{
		"answered":              {func(c net.Conn) { takeRequest(c); say(c, ok+"ok") }, ""},
		"closed before request": {func(net.Conn) {}, OutcomeUnknown},
		"reset after request":   {func(c net.Conn) { takeRequest(c); _ = c.(*net.TCPConn).SetLinger(0) }, OutcomeUnknown},
		"closed after request":  {takeRequest, OutcomeUnknown},
		"closed after header":   {func(c net.Conn) { takeRequest(c); say(c, ok) }, OutcomeUnknown},
		"truncated body":        {func(c net.Conn) { takeRequest(c); say(c, ok+"o") }, OutcomeUnknown},
		"truncated chunk": {func(c net.Conn) {
			takeRequest(c)
			say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
		}, OutcomeUnknown},
		"garbage":                   {func(c net.Conn) { takeRequest(c); say(c, "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n") }, OutcomeUnknown},
		"negative length":           {func(c net.Conn) { takeRequest(c); say(c, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n") }, OutcomeUnknown},
		"truncated refusal":         {func(c net.Conn) { takeRequest(c); say(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 9\r\n\r\n{") }, ""},
		"interim answers, then 200": {func(c net.Conn) { takeRequest(c); say(c, "HTTP/1.1 103 Early Hints\r\n\r\n"+ok+"ok") }, ""},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if code, _ := codeOfCall(t, newTestClient(t, nil), serveEach(t, row.serve)); code != row.want {
				t.Errorf("got %q, want %q", code, row.want)
			}
		})
	}
}

// TestResetBeforeRequest: whether the connection was had is a race, but either
// way it is never taken for an answer.
func TestResetBeforeRequest(t *testing.T) {
	url := serveEach(t, func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) })
	for range 20 {
		if code, _ := codeOfCall(t, newTestClient(t, nil), url); code != OutcomeUnknown && code != ConnectionFailed {
			t.Errorf("got %q", code)
		}
	}
}

func TestNoConnectionIsNotSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + l.Addr().String()
	_ = l.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := serveEach(t, func(c net.Conn) { say(c, "no TLS here") })
	noHost := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "secret-token.example", IsNotFound: true}
	}
	rows := map[string]struct {
		dial Dialer
		url  string
		text string
	}{
		"refused":             {nil, refused, "connection refused"},
		"unknown host":        {noHost, "http://secret-token.example/", "host not found"},
		"certificate":         {nil, secure.URL, "TLS certificate not accepted"},
		"TLS to a plain port": {nil, strings.Replace(plain, "http:", "https:", 1), "connection failed"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			_, err := newTestClient(t, row.dial).Do(t.Context(), Call{URL: row.url, Body: []byte("x")})
			var e *Error
			if !errors.As(err, &e) || e.Code != ConnectionFailed || e.ProviderMessage != row.text {
				t.Errorf("error %#v, want %s: %s", err, ConnectionFailed, row.text)
			}
		})
	}
}

func TestHalfOpenIsUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := serveEach(t, func(c net.Conn) {
		takeRequest(c)
		cancel()
		_, _ = io.Copy(io.Discard, c)
	})
	_, err := newTestClient(t, nil).Do(ctx, Call{URL: url, Body: []byte("x")})
	var e *Error
	if !errors.As(err, &e) || e.Code != OutcomeUnknown {
		t.Errorf("error %#v, want %s", err, OutcomeUnknown)
	}
}

// TestUnwrittenIsRepeated checks that a kept connection that takes no byte
// costs nothing: the request goes out on another one.
func TestUnwrittenIsRepeated(t *testing.T) {
	var served atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served.Add(1) }))
	t.Cleanup(server.Close)
	var broken atomic.Bool
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return &fragile{Conn: conn, broken: &broken, first: !broken.Load()}, err
	}
	c := newTestClient(t, dial)
	for range 2 {
		if code, _ := codeOfCall(t, c, server.URL); code != "" {
			t.Errorf("got %s", code)
		}
		broken.Store(true)
	}
	if n := served.Load(); n != 2 {
		t.Errorf("%d requests served, want 2", n)
	}
}

// TestWrittenIsNotRepeated checks that a request that a kept connection took
// is not sent again by the transport when the answer is missing.
func TestWrittenIsNotRepeated(t *testing.T) {
	var requests atomic.Int32
	url := serveEach(t, func(c net.Conn) {
		in := bufio.NewReader(c)
		for {
			req, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			if requests.Add(1)%2 == 0 {
				return
			}
			say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	c := newTestClient(t, nil)
	if code, _ := codeOfCall(t, c, url); code != "" {
		t.Errorf("first: %s", code)
	}
	if code, _ := codeOfCall(t, c, url); code != OutcomeUnknown || requests.Load() != 2 {
		t.Errorf("second: %q after %d requests, want %s after 2", code, requests.Load(), OutcomeUnknown)
	}
}

// fragile is a connection that, if it is the first, stops taking bytes.
type fragile struct {
	net.Conn
	broken *atomic.Bool
	first  bool
}

func (f *fragile) Write(b []byte) (int, error) {
	if f.first && f.broken.Load() {
		return 0, os.ErrClosed
	}
	return f.Conn.Write(b)
}

func TestHTTP2(t *testing.T) {
	var mu sync.Mutex
	var protos []string
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		protos = append(protos, r.Proto)
		mu.Unlock()
		if r.URL.Path == "/abort" {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "ok")
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	c := NewClientOver(server.Client().Transport)
	if code, a := codeOfCall(t, c, server.URL); code != "" || string(a.Body) != "ok" {
		t.Errorf("got %q, %+v", code, a)
	}
	if code, _ := codeOfCall(t, c, server.URL+"/abort"); code != OutcomeUnknown {
		t.Errorf("a stream that was reset: got %q, want %s", code, OutcomeUnknown)
	}
	if len(protos) != 2 || protos[1] != "HTTP/2.0" {
		t.Errorf("requests came as %v", protos)
	}
}

func TestAnswerIsBounded(t *testing.T) {
	for _, size := range []int{maxResponse, maxResponse + 1, 4 * maxResponse} {
		for _, status := range []int{200, 400, 500} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = w.Write(make([]byte, size))
			}))
			code, a := codeOfCall(t, newTestClient(t, nil), server.URL)
			server.Close()
			switch {
			case size <= maxResponse:
				if code != "" || a.Status != status || len(a.Body) != size {
					t.Errorf("%d bytes with status %d: %q", size, status, code)
				}
			case status < 300:
				if code != OutcomeUnknown {
					t.Errorf("%d bytes with status %d: %q, want %s", size, status, code, OutcomeUnknown)
				}
			case code != "" || a.Status != status || len(a.Body) != 0:
				t.Errorf("%d bytes with status %d: %q, want an answer without a body", size, status, code)
			}
		}
	}
}

func TestCallSaysHowLargeItsAnswerMayBe(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 2*maxResponse))
	}))
	defer server.Close()
	for most, want := range map[int]int{2 * maxResponse: 2 * maxResponse, 2*maxResponse - 1: 0} {
		a, err := newTestClient(t, nil).Do(t.Context(), Call{URL: server.URL, MaxAnswer: most})
		if (err == nil) != (want > 0) || err == nil && len(a.Body) != want {
			t.Errorf("at most %d bytes: %v", most, err)
		}
	}
}

func TestHeaderIsBounded(t *testing.T) {
	url := serveEach(t, func(c net.Conn) {
		takeRequest(c)
		say(c, "HTTP/1.1 200 OK\r\n")
		for range 2 * maxHeader / 100 {
			if _, err := io.WriteString(c, "X-Flood: "+strings.Repeat("x", 100)+"\r\n"); err != nil {
				return
			}
		}
		say(c, "Content-Length: 0\r\n\r\n")
	})
	if code, _ := codeOfCall(t, newTestClient(t, nil), url); code != OutcomeUnknown {
		t.Errorf("got %q, want %s", code, OutcomeUnknown)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var hits atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(other.URL, status))
		code, a := codeOfCall(t, newTestClient(t, nil), server.URL)
		server.Close()
		if code != "" || a.Status != status {
			t.Errorf("status %d: %q %+v", status, code, a)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d requests went to where the redirects point", hits.Load())
	}
}

func TestRequestIsAsAsked(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, r.Method, " ", r.URL, " ", user, ":", password, " ", r.Header.Get("Content-Type"), " ", r.Header.Get("X-A"), " ", string(body), r.Header["Accept-Encoding"])
	}))
	t.Cleanup(server.Close)
	call := Call{
		Method: http.MethodPut, URL: server.URL + "/a?b=c", ContentType: "text/x", Header: map[string]string{"x-a": "1"},
		Basic: [2]string{"u", "p"}, Body: []byte("body"),
	}
	a, err := newTestClient(t, nil).Do(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(a.Body); got != "PUT /a?b=c u:p text/x 1 body[]" {
		t.Errorf("the request was %q", got)
	}
}

func TestSettingsThatMakeNoRequest(t *testing.T) {
	for _, call := range []Call{{URL: "http://bad host/"}, {URL: "://"}, {Method: "A B", URL: "http://127.0.0.1:1/"}} {
		_, err := newTestClient(t, nil).Do(t.Context(), call)
		var e *Error
		if !errors.As(err, &e) || e.Code != SenderMisconfigured {
			t.Errorf("%+v: error %#v, want %s", call, err, SenderMisconfigured)
		}
	}
}

type timeout struct{ error }

func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

func TestDescribeTellsNoSecret(t *testing.T) {
	secret := errors.New("Post \"https://api.example.com/bot123:SECRET/send\": it went wrong")
	rows := map[string]error{
		"no answer in time":            timeout{secret},
		"host not found":               fmt.Errorf("%w %w", secret, &net.DNSError{Name: "SECRET"}),
		"TLS certificate not accepted": fmt.Errorf("%w %w", secret, x509.UnknownAuthorityError{}),
		"connection refused":           fmt.Errorf("%w %w", secret, syscall.ECONNREFUSED),
		"connection closed":            fmt.Errorf("%w %w", secret, io.ErrUnexpectedEOF),
		"the answer is too large":      fmt.Errorf("%w %w", secret, errTooLarge),
		"stopped":                      fmt.Errorf("%w %w", secret, context.Canceled),
		"connection failed":            secret,
	}
	for want, err := range rows {
		if got := Describe(err); got != want {
			t.Errorf("%v is told as %q, want %q", err, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "-1": 0, "+7": 0, "1.5": 0, "soon": 0, " 7": 0, "99999999999999999999": 0,
		"2147483647": maxRetryAfter, "86400": maxRetryAfter,
		"Sun, 22 Nov 2026 12:01:00 GMT": time.Minute, "Sun, 22 Nov 2026 11:00:00 GMT": 0, "Fri, 22 Nov 2126 12:00:00 GMT": maxRetryAfter,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	mutate.Strings(f, []string{"7", "Sun, 22 Nov 2026 12:01:00 GMT"}, func(t testing.TB, text string) {
		if d := retryAfter(text, time.Unix(1_800_000_000, 0)); d < 0 || d > maxRetryAfter {
			t.Errorf("%q is %v", text, d)
		}
	})
}
