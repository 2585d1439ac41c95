package relay

import (
	"strconv"

	"github.com/valyala/fasthttp"

	"messagehub/store/message"
)

const jsonType = "application/json"

// write answers with a complete JSON body. The body is copied.
func (c *call) write(status int, body []byte) { c.raw(status, jsonType, body) }

// raw answers with a body of the given type. The body is copied.
func (c *call) raw(status int, contentType string, body []byte) {
	r := &c.http.Response
	r.SetStatusCode(status)
	r.Header.SetContentType(contentType)
	r.SetBody(body)
}

// set gives the answer a header. The name is sent as it is written here.
func (c *call) set(name string, value []byte) {
	c.http.Response.Header.SetCanonical(bytesOf(name), value)
}

// label gives the answer the lines that all have: the id of the request, and what
// its key has left.
func (c *call) label() {
	c.buf = message.AppendID(c.buf[:0], message.PrefixRequest, c.id)
	c.set("Request-Id", c.buf)
	q := &c.quota
	if q.limit == 0 {
		return
	}
	var text [20]byte
	c.set("X-RateLimit-Limit", strconv.AppendInt(text[:0], q.limit, 10))
	c.set("X-RateLimit-Remaining", strconv.AppendInt(text[:0], q.remaining, 10))
	c.set("X-RateLimit-Reset", strconv.AppendInt(text[:0], q.reset, 10))
}

// fail answers with a row of the error table.
func (c *call) fail(code Code) { c.failAs(Fault{Code: code}) }

// failAs is fail with a parameter and a message of its own, where not empty.
func (c *call) failAs(f Fault) { c.answer(f, nil) }

// refuse answers with every fault; the first gives the status and headline.
func (c *call) refuse(faults []Fault) { c.answer(faults[0], faults) }

// failAfter is fail with the seconds after which to try again.
func (c *call) failAfter(code Code, seconds int) {
	c.fail(code)
	c.retryAfter(seconds)
}

func (c *call) answer(headline Fault, faults []Fault) {
	row := c.server.problem(headline.Code)
	c.code = row.Code
	if plain := (Fault{Code: row.Code}); headline == plain && len(faults) == 0 {
		c.buf = row.appendPlain(c.buf[:0], c.id)
	} else {
		c.buf = row.appendBody(c.buf[:0], c.id, headline, faults)
	}
	c.write(row.Status, c.buf)
	if row.Status == fasthttp.StatusUnauthorized {
		c.set("WWW-Authenticate", []byte("Bearer"))
	}
	if row.RetryAfter > 0 {
		c.retryAfter(row.RetryAfter)
	}
	if row.Close {
		c.hangUp()
	}
}

// hangUp closes the connection after the answer, leaving the client time to
// read it.
func (c *call) hangUp() {
	c.http.SetConnectionClose()
	if c.conn != nil {
		c.conn.linger = true
	}
}

func (c *call) retryAfter(seconds int) {
	var text [12]byte
	c.set("Retry-After", strconv.AppendInt(text[:0], int64(seconds), 10))
}

// appendFault appends one entry of errors or of warnings.
func appendFault(dst []byte, f *Fault) []byte {
	dst = append(dst, `{"param":`...)
	dst = appendOptional(dst, f.Param)
	dst = appendStringMember(dst, "code", string(f.Code))
	dst = appendStringMember(dst, "message", f.Message)
	return append(dst, '}')
}
