package relay

import (
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/store/message"
)

// heading is the head of an answer with a JSON body that the HTTP server has no
// part in.
type heading struct {
	status int
	length int      // of the body
	id     [16]byte // of the request
	quota  quota
	after  int64 // Retry-After, seconds; 0: none
	close  bool
}

// append appends the head, as the HTTP server would write it.
func (h *heading) append(b []byte, now time.Time) []byte {
	b = strconv.AppendInt(append(b, "HTTP/1.1 "...), int64(h.status), 10)
	b = append(append(b, ' '), fasthttp.StatusMessage(h.status)...)
	b = fasthttp.AppendHTTPDate(append(b, "\r\nDate: "...), now)
	b = append(b, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(h.length), 10)
	if h.close {
		b = append(b, "\r\nConnection: close"...)
	}
	b = message.AppendID(append(b, "\r\nRequest-Id: "...), message.PrefixRequest, h.id)
	b = h.quota.append(b)
	if h.after > 0 {
		b = strconv.AppendInt(append(b, "\r\nRetry-After: "...), h.after, 10)
	}
	return append(b, "\r\n\r\n"...)
}

// append appends the X-RateLimit lines, each after a line's end.
func (q *quota) append(b []byte) []byte {
	if q.limit == 0 {
		return b
	}
	b = strconv.AppendInt(append(b, "\r\nX-RateLimit-Limit: "...), q.limit, 10)
	b = strconv.AppendInt(append(b, "\r\nX-RateLimit-Remaining: "...), q.remaining, 10)
	return strconv.AppendInt(append(b, "\r\nX-RateLimit-Reset: "...), q.reset, 10)
}
