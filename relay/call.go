package relay

import (
	"github.com/valyala/fasthttp"

	"messagehub/store/message"
)

// call is one request on its way through the front door.
//
// Ownership: pooled. It, and all that it gives out, is valid until the
// handler returns.
type call struct {
	server *Server
	http   *fasthttp.RequestCtx
	route  *route
	// key is nil on public routes.
	key *Key
	// id is the request id, shown as req_….
	id [16]byte
	at message.Time
}

// param returns a path parameter, such as the id of "/messages/{id}".
func (c *call) param(name string) string {
	v, _ := c.http.UserValue(name).(string)
	return v
}

// query returns the raw query arguments.
func (c *call) query() *fasthttp.Args { return c.http.QueryArgs() }

// header returns a request header, or "". It borrows the request's memory.
func (c *call) header(name string) string { return string(c.http.Request.Header.Peek(name)) }

// data answers {"data": v}; v is encoded by the json package.
func (c *call) data(status int, v any) {}

// page answers {"data": items, "page": {"next": next or null}}.
func (c *call) page(items any, next string) {}

// raw answers with a body as it is. The body is copied.
func (c *call) raw(status int, contentType string, body []byte) {}

// fail answers with a row of the error table.
func (c *call) fail(code Code) { c.failAs(code, "", "") }

// failAs is fail with a parameter and a message of its own, where not empty.
func (c *call) failAs(code Code, param, message string) {}

// refuse answers 400 with every fault; the first gives the headline.
func (c *call) refuse(faults []Fault) {}
