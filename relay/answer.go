package relay

import (
	"strconv"

	"github.com/valyala/fasthttp"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

const jsonType = "application/json"

// data answers {"data": v}.
func (c *call) data(status int, v any) {
	body, err := json.Append(append(c.buf[:0], `{"data":`...), v)
	if err != nil {
		c.fail(Internal)
		return
	}
	c.write(status, append(body, '}'))
}

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
	c.buf = c.appendProblem(c.buf[:0], row, headline, faults)
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

// appendProblem appends the error body of the contract.
func (c *call) appendProblem(dst []byte, row *Problem, headline Fault, faults []Fault) []byte {
	text := headline.Message
	if text == "" {
		text = row.Text
	}
	dst = append(dst, `{"error":{"code":"`...)
	dst = append(dst, row.Code...)
	dst = append(dst, '"')
	dst = appendStringMember(dst, "message", text)
	dst = appendOptionalMember(dst, "param", headline.Param)
	dst = appendStringMember(dst, "hint", row.Hint)
	dst = appendMember(dst, "docUrl")
	dst = append(dst, '"')
	dst = append(dst, c.server.o.PublicURL...)
	dst = append(dst, "/docs/errors/"...)
	dst = append(dst, row.Code...)
	dst = append(dst, `","requestId":"`...)
	dst = message.AppendID(dst, message.PrefixRequest, c.id)
	dst = append(dst, '"')
	dst = appendBoolMember(dst, "permanent", row.Permanent)
	dst = append(dst, `,"errors":[`...)
	for i := range faults {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFault(dst, &faults[i])
	}
	return append(dst, "]}}"...)
}

// appendFault appends one entry of errors or of warnings.
func appendFault(dst []byte, f *Fault) []byte {
	dst = append(dst, `{"param":`...)
	dst = appendOptional(dst, f.Param)
	dst = appendStringMember(dst, "code", string(f.Code))
	dst = appendStringMember(dst, "message", f.Message)
	return append(dst, '}')
}

// problem returns the row of a code; a code of a channel that the table does
// not have is an invalid parameter.
func (s *Server) problem(code Code) *Problem {
	if row := s.problems[code]; row != nil {
		return row
	}
	return s.problems[InvalidParameter]
}
