package relay

import (
	"strconv"

	"messagehub/store/message"
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
	if err != nil {
		c.failLog(err)
		return
	}
	c.buf = append(AppendInbound(append(c.buf[:0], `{"data":`...), &m), '}')
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
	if err != nil {
		c.failLog(err)
		return
	}
	out := append(c.buf[:0], `{"data":[`...)
	for i := range page {
		if i > 0 {
			out = append(out, ',')
		}
		out = AppendInbound(out, &page[i])
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

// AppendInbound appends a message that came in as clients see it, as one JSON
// object.
func AppendInbound(dst []byte, m *message.Inbound) []byte {
	dst = message.AppendID(append(dst, `{"id":"`...), message.PrefixInbound, m.ID)
	dst = append(dst, '"')
	dst = appendStringMember(dst, "channel", m.Channel)
	dst = appendStringMember(dst, "sender", m.Sender)
	dst = appendBoolMember(dst, "test", m.Owner.Test)
	dst = appendStringMember(dst, "from", m.From)
	dst = appendStringMember(dst, "kind", m.Kind)
	dst = appendOptionalMember(dst, "text", m.Text)
	dst = appendOptionalMember(dst, "providerMessageId", m.ProviderID)
	dst = appendOptionalMember(dst, "replyTo", m.ReplyTo)
	dst = appendTimeMember(dst, "at", m.At)
	dst = appendTimeMember(dst, "receivedAt", m.ReceivedAt)
	return append(dst, '}')
}
