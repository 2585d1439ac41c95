package zalo

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
)

// answering is a transport that answers everything by itself.
type answering func() (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a()
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

func canned(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// gotConnection tells the request's trace that it has a connection, as a real
// transport does before it writes.
func gotConnection(r *http.Request) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
}
