package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"messagehub/store/message"
)

const (
	dialTime      = 5 * time.Second
	handshakeTime = 5 * time.Second
	idleTime      = time.Minute
	// maxAnswer is how much of an answer's body is read, and of its header.
	maxAnswer = 64 << 10
)

// Rules say where events may be delivered to, and how.
type Rules struct {
	Guard *Guard
	// HTTP: an endpoint may do without TLS.
	HTTP bool
	// Timeout bounds one delivery, from the look-up of the name to the end of
	// the answer.
	Timeout time.Duration
}

// NewTransport makes the connections to endpoints. It asks the guard about
// each one, takes no proxy, and follows no redirect. resolver may be nil.
func NewTransport(g *Guard, resolver *net.Resolver) *http.Transport {
	d := net.Dialer{Timeout: dialTime, Control: g.Control, Resolver: resolver}
	return &http.Transport{
		DialContext: d.DialContext, TLSHandshakeTimeout: handshakeTime, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: maxWindow, MaxIdleConns: 1024, IdleConnTimeout: idleTime,
		DisableCompression: true, MaxResponseHeaderBytes: maxAnswer,
	}
}

// result is what an attempt came to.
type result struct {
	outcome message.DeliveryOutcome
	kind    message.EntryType // of the event
	status  int               // 0: no answer
	after   time.Duration     // that the endpoint asks to be left alone; 0: nothing said
	took    time.Duration
}

// letter is what is posted.
type letter struct {
	url       string
	id        string
	at        message.Time
	signature string
	body      []byte
}

// post delivers one letter.
func post(ctx context.Context, via http.RoundTripper, l *letter) result {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(l.body))
	if err != nil {
		return result{outcome: message.ConnectionFailed}
	}
	for _, h := range [...][2]string{
		{"Content-Type", "application/json"},
		{"User-Agent", "MessageHub"},
		{"Webhook-Id", l.id},
		{"Webhook-Timestamp", unixSeconds(l.at)},
		{"Webhook-Signature", l.signature},
	} {
		req.Header.Set(h[0], h[1])
	}
	// Not sent, but the transport may repeat the request on a new connection if
	// an idle one turns out to be closed: the id tells repeats.
	req.Header["Idempotency-Key"] = nil
	// A transport follows no redirects; a client would.
	resp, err := via.RoundTrip(req)
	if err != nil {
		return result{outcome: failure(err)}
	}
	defer resp.Body.Close()
	// What is read lets the connection be used again. An answer that is larger
	// costs its endpoint the connection.
	if _, err := io.CopyN(io.Discard, resp.Body, maxAnswer); err != nil && !errors.Is(err, io.EOF) {
		return result{outcome: failure(err), status: resp.StatusCode}
	}
	r := result{outcome: outcomeOf(resp.StatusCode), status: resp.StatusCode}
	if r.outcome != message.DeliveryDone {
		r.after = retryAfter(resp.Header.Get("Retry-After"), l.at)
	}
	return r
}

func outcomeOf(status int) message.DeliveryOutcome {
	switch {
	case status >= 200 && status < 300:
		return message.DeliveryDone
	case status >= 300 && status < 400:
		return message.RefusedRedirect
	case status == http.StatusGone:
		return message.EndpointGone
	}
	return message.RefusedStatus
}

// failure tells the ways apart in which there can be no answer.
func failure(err error) message.DeliveryOutcome {
	var name *net.DNSError
	var slow interface{ Timeout() bool }
	switch {
	case errors.Is(err, ErrForbidden):
		return message.AddressForbidden
	case errors.As(err, &name) && !name.IsTimeout:
		return message.AddressNotFound
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return message.DeliveryTimeout
	}
	return message.ConnectionFailed
}

// retryAfter reads a Retry-After: seconds, or a date; 0 if it is neither.
func retryAfter(text string, now message.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longestAfter)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(message.TimeOf(at).Sub(now), 0), longestAfter)
}
