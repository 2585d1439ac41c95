package channel

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
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
// reached the provider. It is safe for concurrent use.
type Client struct {
	// direct takes the requests that it can make; nil: none.
	direct   *direct
	standard standard
}

// Dialer opens a connection; nil means the network.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// NewClient makes a Client that keeps up to conns idle connections to a host.
// On the network it goes by the environment's proxies.
func NewClient(dial Dialer, conns int) *Client {
	c := &Client{direct: newDirect(dial, conns)}
	c.standard.client = newStandard(c.direct.dial, c.direct.proxy, conns)
	return c
}

// NewClientOver makes a Client over a transport of the caller's.
func NewClientOver(transport http.RoundTripper) *Client {
	return &Client{standard: standard{http.Client{Transport: transport, CheckRedirect: noRedirect}}}
}

// Close closes idle connections. A request after it makes its own.
func (c *Client) Close() {
	if c.direct != nil {
		c.direct.close()
	}
	c.standard.client.CloseIdleConnections()
}

// Call is one HTTP request to a provider.
type Call struct {
	Method      string // default POST
	URL         string
	ContentType string
	Header      map[string]string
	Basic       [2]string // user and password, if the user is not empty
	Body        []byte    // borrowed until Do returns
	MaxAnswer   int       // bytes of the answer; default 256 KiB
	Into        *Answer   // memory to be used again for the answer; nil: there is none
	// Once gives a GET that causes a delivery a connection of its own where
	// net/http makes it: over a kept one that breaks, that would make it again.
	Once bool
}

// Answer is a provider's response, bounded. The body of a 2xx is whole; that
// of another answer is empty where it could not be read.
type Answer struct {
	Status     int
	Header     Header
	Body       []byte
	RetryAfter time.Duration

	room []byte // memory of header and body
}

// Do makes the call. An error is an [*Error]: ConnectionFailed if no byte of
// the request can have reached the provider; else OutcomeUnknown.
func (c *Client) Do(ctx context.Context, call Call) (*Answer, error) {
	if call.Method == "" {
		call.Method = http.MethodPost
	}
	if call.MaxAnswer == 0 {
		call.MaxAnswer = maxResponse
	}
	if c.direct == nil {
		return c.standard.do(ctx, &call)
	}
	a, err := c.direct.do(ctx, &call)
	if errors.Is(err, errNotDirect) {
		return c.standard.do(ctx, &call)
	}
	return a, err
}

var errTooLarge = errors.New("answer is too large")

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
