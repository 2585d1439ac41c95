package channel

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// standard makes requests with net/http: those that go through a proxy, those
// to hosts that speak nothing but HTTP/2, and those whose URL or header needs
// its care.
type standard struct {
	client http.Client
}

func newStandard(dial Dialer, proxy func(*http.Request) (*url.URL, error), conns int) http.Client {
	return http.Client{CheckRedirect: noRedirect, Transport: &http.Transport{
		DialContext: dial, MaxIdleConnsPerHost: conns, IdleConnTimeout: idleFor,
		TLSHandshakeTimeout: connectFor, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, Proxy: proxy,
		ForceAttemptHTTP2: true,
		HTTP2:             &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	}}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// do is [Client.Do].
func (s *standard) do(ctx context.Context, call *Call) (*Answer, error) {
	var reached atomic.Bool
	req, err := call.request(ctx, &reached)
	if err != nil {
		return nil, &Error{Code: SenderMisconfigured, ProviderMessage: "the sender's settings make no valid request"}
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, lost(reached.Load(), err)
	}
	defer resp.Body.Close()
	body, err := readAll(resp.Body, call.MaxAnswer)
	if err != nil && resp.StatusCode < 300 {
		return nil, lost(true, err)
	}
	var header bytes.Buffer
	_ = resp.Header.Write(&header)
	return newAnswer(resp.StatusCode, Header{header.Bytes()}, body), nil
}

// request makes the HTTP request. reached becomes true when a connection is
// handed to it. The transport repeats a POST by itself only where nothing of
// it was written, or where HTTP/2 says that it was not looked at; reached
// then starts again. The body is copied: it may still be read when Do has
// returned.
func (c *Call) request(ctx context.Context, reached *atomic.Bool) (*http.Request, error) {
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { reached.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { reached.Store(true) },
	}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, trace), c.Method, c.URL, bytes.NewReader(bytes.Clone(c.Body)))
	if err != nil {
		return nil, err
	}
	req.Close = c.Once
	req.Header.Set("User-Agent", userAgent)
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

// readAll returns all of r, or nothing and why.
func readAll(r io.Reader, most int) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err == nil && len(body) > most {
		err = errTooLarge
	}
	if err != nil {
		return nil, err
	}
	return body, nil
}
