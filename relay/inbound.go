package relay

import (
	"strconv"

	"messagehub/relay/webhook"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// Inbounds knows what recipients have written.
type Inbounds interface {
	Inbound(o message.Owner, id message.ID) (message.Inbound, error)
	// Inbounds returns those before a position (0: the newest), newest first,
	// and where the next page begins; 0: there is none.
	Inbounds(o message.Owner, before message.Position, limit int) ([]message.Inbound, message.Position, error)
}

const receivedPath = "/api/v1/messages/received"

// inbound is GET /api/v1/messages/received/{inboundId}.
func (s *Server) inbound(c *call) {
	id, err := message.ParseID(message.PrefixInbound, c.param("inboundId"))
	if err != nil || s.o.Inbounds == nil {
		c.fail(NotFound)
		return
	}
	c.inLog = true
	m, err := s.o.Inbounds.Inbound(c.owner(), id)
	c.inLog = false
	out := append(c.buf[:0], `{"data":`...)
	if err == nil {
		out, err = appendReceived(out, &m)
	}
	if err != nil {
		c.failLog(err)
		return
	}
	c.buf = append(out, '}')
	c.write(200, c.buf)
}

// inbounds is GET /api/v1/messages/received, newest first.
func (s *Server) inbounds(c *call) {
	if s.o.Inbounds == nil {
		c.fail(NotFound)
		return
	}
	q, faults := s.pageQuery(c)
	if len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.inLog = true
	page, next, err := s.o.Inbounds.Inbounds(c.owner(), q.After, q.Limit)
	c.inLog = false
	out := append(c.buf[:0], `{"data":[`...)
	for i := 0; i < len(page) && err == nil; i++ {
		if i > 0 {
			out = append(out, ',')
		}
		out, err = appendReceived(out, &page[i])
	}
	if err != nil {
		c.failLog(err)
		return
	}
	c.buf = appendNext(append(out, ']'), next)
	c.write(200, c.buf)
}

// pageQuery reads a query that holds a page alone.
func (s *Server) pageQuery(c *call) (q message.Query, faults []Fault) {
	q.Limit = defaultLimit
	for key, value := range c.http.QueryArgs().All() {
		var fault *Fault
		switch string(key) {
		case "limit":
			fault = readLimit(s, string(value), &q)
		case "after":
			fault = readAfter(s, string(value), &q)
		default:
			fault = &Fault{Code: UnknownParameter, Message: "There is no query parameter " + strconv.Quote(shorten(string(key))) + "; there are limit and after."}
		}
		if fault != nil && len(faults) < maxQueryFaults {
			fault.Param = shorten(string(key))
			faults = append(faults, *fault)
		}
	}
	return q, faults
}

// appendNext appends the end of a page.
func appendNext(dst []byte, next message.Position) []byte {
	dst = append(dst, `,"page":{"next":`...)
	if next == 0 {
		return append(dst, "null}}"...)
	}
	return append(appendCursor(append(dst, '"'), next), `"}}`...)
}

// receivedAnswer is a message that came in as the API shows it.
type receivedAnswer struct {
	ID string `json:"id"`
	webhook.Received
}

// appendReceived appends a message that came in, as one JSON object.
func appendReceived(dst []byte, m *message.Inbound) ([]byte, error) {
	id := string(message.AppendID(nil, message.PrefixInbound, m.ID))
	b, err := json.Marshal(receivedAnswer{id, webhook.ReceivedOf(m)})
	return append(dst, b...), err
}
