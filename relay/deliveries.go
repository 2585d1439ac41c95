package relay

import (
	"strconv"

	"messagehub/relay/webhook"
	"messagehub/store/message"
)

// deliveryQuery asks for a part of an endpoint's log.
type deliveryQuery struct {
	before uint64 // 0: from the newest
	limit  int
}

// deliveries is GET /api/v1/webhooks/endpoints/{endpointId}/deliveries.
func (s *Server) deliveries(c *call) {
	id, ok := c.endpointID()
	if !ok {
		return
	}
	q := deliveryQuery{limit: defaultLimit}
	if faults := readQuery(c, deliveryParameters(), &q); len(faults) > 0 {
		c.refuse(faults)
		return
	}
	c.inLog = true
	log, err := s.o.Webhooks.Deliveries(c.who(), id, q.before, q.limit+1)
	c.inLog = false
	if err != nil {
		c.failWebhook(err)
		return
	}
	more := len(log) > q.limit
	c.buf = append(c.buf[:0], `{"data":[`...)
	for i := range log[:min(len(log), q.limit)] {
		if i > 0 {
			c.buf = append(c.buf, ',')
		}
		c.buf = appendDelivery(c.buf, &log[i])
	}
	c.buf = append(c.buf, `],"page":{"next":`...)
	if more {
		c.buf = append(c.buf, '"')
		c.buf = append(appendCursor(c.buf, message.Position(log[q.limit-1].Number)), '"')
	} else {
		c.buf = append(c.buf, "null"...)
	}
	c.buf = append(c.buf, "}}"...)
	c.write(200, c.buf)
}

func deliveryParameters() []parameter[deliveryQuery] {
	return []parameter[deliveryQuery]{
		{"limit", func(_ *Server, value string, q *deliveryQuery) *Fault { return readCount(value, &q.limit) }},
		{"after", func(_ *Server, value string, q *deliveryQuery) *Fault {
			p, ok := parseCursor(value)
			if !ok {
				return badCursor()
			}
			q.before = uint64(p)
			return nil
		}},
	}
}

func appendDelivery(dst []byte, d *message.Delivery) []byte {
	dst = append(dst, `{"eventId":"`...)
	dst = append(message.AppendID(dst, message.PrefixEvent, d.Event.ID()), '"')
	dst = appendMember(dst, "eventType")
	if d.Type == message.NoEntry {
		dst = append(dst, "null"...)
	} else {
		dst = appendString(dst, d.Type.String())
	}
	dst = appendTimeMember(dst, "at", d.At)
	dst = appendIntMember(dst, "attempt", d.Attempt)
	dst = appendStringMember(dst, "outcome", d.Outcome.String())
	dst = appendStatusMember(dst, d.Status)
	dst = appendIntMember(dst, "latencyMs", int(d.Took.Milliseconds()))
	dst = appendBoolMember(dst, "givenUp", d.GivenUp)
	return append(appendTimeMember(dst, "nextAttemptAt", d.NextAt), '}')
}

// appendStatusMember appends the status of an answer; null: there was none.
func appendStatusMember(dst []byte, status int) []byte {
	if dst = appendMember(dst, "responseStatus"); status == 0 {
		return append(dst, "null"...)
	}
	return strconv.AppendInt(dst, int64(status), 10)
}

// endpoint answers with an endpoint, and the secret that was just drawn.
func (c *call) endpoint(status int, e *message.Endpoint, secret string) {
	c.buf = appendEndpoint(append(c.buf[:0], `{"data":`...), e, secret)
	c.buf = append(c.buf, "}}"...)
	c.write(status, c.buf)
}

// appendEndpoint appends an endpoint as an object that is left open.
func appendEndpoint(dst []byte, e *message.Endpoint, secret string) []byte {
	dst = append(dst, `{"id":"`...)
	dst = append(message.AppendID(dst, message.PrefixEndpoint, e.ID), '"')
	dst = appendStringMember(dst, "url", e.URL)
	dst = append(appendMember(dst, "eventTypes"), '[')
	types := e.Types
	if len(types) == 0 {
		types = []string{webhook.EveryType}
	}
	for i, name := range types {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, name)
	}
	dst = append(dst, ']')
	dst = appendOptionalMember(dst, "description", e.Description)
	dst = appendBoolMember(dst, "enabled", e.Disabled == message.NotDisabled)
	dst = appendOptionalMember(dst, "disabledReason", e.Disabled.String())
	dst = appendTimeMember(dst, "disabledAt", e.DisabledAt)
	dst = appendBoolMember(dst, "test", e.Test)
	dst = appendTimeMember(dst, "createdAt", e.CreatedAt)
	dst = appendTimeMember(dst, "updatedAt", e.UpdatedAt)
	if secret != "" {
		dst = appendStringMember(dst, "secret", secret)
	}
	return dst
}
