package channel

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// maxResponse bounds a provider's answer, unless the call says otherwise.
	maxResponse = 256 << 10
	// maxHeader bounds the header of a provider's answer.
	maxHeader = 64 << 10
	// maxRetryAfter bounds how long a provider can make us wait.
	maxRetryAfter = 24 * time.Hour
)

// Client makes requests to one provider. It follows no redirect, keeps to the
// bound on the answer, and knows whether a request that failed can have
// reached the provider.
type Client struct {
	http http.Client
}

// Dialer opens a connection; nil means the network.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// NewClient makes a Client that keeps up to conns idle connections.
func NewClient(dial Dialer, conns int) *Client {
	if dial == nil {
		dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	return NewClientOver(&http.Transport{
		DialContext: dial, MaxIdleConnsPerHost: conns, IdleConnTimeout: 30 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, Proxy: http.ProxyFromEnvironment,
		ForceAttemptHTTP2: true,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	})
}

// NewClientOver makes a Client over a transport of the caller's.
func NewClientOver(transport http.RoundTripper) *Client {
	return &Client{http: http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Call is one HTTP request to a provider.
type Call struct {
	Method      string // default POST
	URL         string
	ContentType string
	Header      map[string]string
	Basic       [2]string // user and password, if the user is not empty
	Body        []byte
	MaxAnswer   int // bytes of the answer; default 256 KiB
	// Once gives a GET that causes a delivery a connection of its own: over a
	// kept one that breaks, the transport would make it again.
	Once bool
}

// Answer is a provider's response, bounded. The body of a 2xx is whole; that
// of another answer is empty where it could not be read.
type Answer struct {
	Status     int
	Header     http.Header
	Body       []byte
	RetryAfter time.Duration
}

// Do makes the call. An error is an [*Error]: ConnectionFailed if no
// connection could be had, so that no byte of the request was written; else
// OutcomeUnknown.
func (c *Client) Do(ctx context.Context, call Call) (*Answer, error) {
	var reached atomic.Bool
	req, err := call.request(ctx, &reached)
	if err != nil {
		return nil, &Error{Code: SenderMisconfigured, ProviderMessage: "the sender's settings make no valid request"}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, lost(reached.Load(), err)
	}
	defer resp.Body.Close()
	body, err := read(resp.Body, call.MaxAnswer)
	if err != nil && resp.StatusCode < 300 {
		return nil, lost(true, err)
	}
	return &Answer{resp.StatusCode, resp.Header, body, retryAfter(resp.Header.Get("Retry-After"), time.Now())}, nil
}

// request makes the HTTP request. reached becomes true when a connection is
// handed to it. The transport repeats a POST by itself only where nothing of
// it was written, or where HTTP/2 says that it was not looked at; reached
// then starts again.
func (c *Call) request(ctx context.Context, reached *atomic.Bool) (*http.Request, error) {
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { reached.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { reached.Store(true) },
	}
	method := c.Method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), method, c.URL, bytes.NewReader(c.Body))
	if err != nil {
		return nil, err
	}
	req.Close = c.Once
	if c.ContentType != "" {
		req.Header.Set("Content-Type", c.ContentType)
	}
	for name, value := range c.Header {
		req.Header.Set(name, value)
	}
	if c.Basic[0] != "" {
		req.SetBasicAuth(c.Basic[0], c.Basic[1])
	}
	return req, nil
}

var errTooLarge = errors.New("answer is too large")

// read returns all of r, or nothing and why. most bounds it, by default
// maxResponse.
func read(r io.Reader, most int) ([]byte, error) {
	if most == 0 {
		most = maxResponse
	}
	body, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err == nil && len(body) > most {
		err = errTooLarge
	}
	if err != nil {
		return nil, err
	}
	return body, nil
}

func lost(reached bool, err error) *Error {
	code := ConnectionFailed
	if reached {
		code = OutcomeUnknown
	}
	return &Error{Code: code, ProviderMessage: Describe(err)}
}

// Describe tells why a connection failed, in fixed words: those of err may hold
// the URL, and that a secret.
func Describe(err error) string {
	var dns *net.DNSError
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var timeout net.Error
	switch {
	case errors.Is(err, errTooLarge):
		return "the answer is too large"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &dns):
		return "host not found"
	case errors.As(err, &verify) || errors.As(err, &authority):
		return "TLS certificate not accepted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, context.Canceled):
		return "stopped"
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET):
		return "connection closed"
	}
	return "connection failed"
}

// retryAfter reads the header's two forms, seconds and a date.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return min(at.Sub(now), maxRetryAfter)
	}
	return 0
}
