package relay

import (
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/store/message"
)

// refusal is a whole answer that the HTTP server has no part in: a row of the
// error table for a request that it never sees.
type refusal struct {
	row   *problemRow
	fault Fault    // what it says beside its row; may be empty
	id    [16]byte // of the request
	quota quota
	after int64 // Retry-After, seconds; 0: none
	close bool
}

// append appends the answer, as the HTTP server would write it.
func (r *refusal) append(b []byte, now time.Time) []byte {
	b = strconv.AppendInt(append(b, "HTTP/1.1 "...), int64(r.row.Status), 10)
	b = append(append(b, ' '), fasthttp.StatusMessage(r.row.Status)...)
	b = fasthttp.AppendHTTPDate(append(b, "\r\nDate: "...), now)
	b = append(b, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(r.length()), 10)
	if r.close {
		b = append(b, "\r\nConnection: close"...)
	}
	b = message.AppendID(append(b, "\r\nRequest-Id: "...), message.PrefixRequest, r.id)
	b = r.quota.append(b)
	if r.after > 0 {
		b = strconv.AppendInt(append(b, "\r\nRetry-After: "...), r.after, 10)
	}
	return r.appendBody(append(b, "\r\n\r\n"...))
}

func (r *refusal) appendBody(b []byte) []byte {
	if r.fault == (Fault{}) {
		return r.row.appendPlain(b, r.id)
	}
	return r.row.appendBody(b, r.id, r.fault, nil)
}

// length is that of the body.
func (r *refusal) length() int {
	if r.fault == (Fault{}) {
		return len(r.row.before) + requestIDLength + len(r.row.after)
	}
	return len(r.appendBody(nil))
}

// requestIDLength is how long a request id is as clients see it.
const requestIDLength = len("req_00000000000000000000000000")

// append appends the X-RateLimit lines, each after a line's end.
func (q *quota) append(b []byte) []byte {
	if q.limit == 0 {
		return b
	}
	b = strconv.AppendInt(append(b, "\r\nX-RateLimit-Limit: "...), q.limit, 10)
	b = strconv.AppendInt(append(b, "\r\nX-RateLimit-Remaining: "...), q.remaining, 10)
	return strconv.AppendInt(append(b, "\r\nX-RateLimit-Reset: "...), q.reset, 10)
}

// lastWord is the refusal that ends a connection.
func (s *Server) lastWord(code Code) []byte {
	row, at := s.problem(code), s.o.Now()
	r := refusal{row: row, id: requestID(at), after: int64(row.RetryAfter), close: true}
	return r.append(nil, time.Now())
}
