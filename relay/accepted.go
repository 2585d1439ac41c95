package relay

import "messagehub/store/message"

// writeAccepted answers 202 for a message that the log has.
func (c *call) writeAccepted(d *draft, a message.Acceptance, status message.Status) {
	c.buf = append(c.appendResult(d, a, d.steps[0].Channel, status), "}}"...)
	c.write(202, c.buf)
}

// writeSettled answers 200 for a message whose first attempt is settled.
func (c *call) writeSettled(d *draft, a message.Acceptance, o *message.Outbound, s *message.State) {
	channel := o.Steps[s.Attempts[s.Shown(o)].Step].Channel
	c.buf = c.appendResult(d, a, channel, s.Status)
	c.buf = appendFailure(appendMember(c.buf, "error"), reason(o, s))
	c.buf = append(c.buf, "}}"...)
	c.write(200, c.buf)
}

// appendResult appends the answer to a send, but for its closing brackets.
func (c *call) appendResult(d *draft, a message.Acceptance, channel string, status message.Status) []byte {
	b := append(c.buf[:0], `{"data":{"messageId":"`...)
	b = message.AppendID(b, message.PrefixMessage, a.ID)
	b = append(b, '"')
	b = appendStringMember(b, "channel", channel)
	b = appendStringMember(b, "status", status.String())
	if a.Replayed {
		c.set("Idempotency-Replayed", bytesOf("true"))
	}
	return d.appendNotes(b)
}

// writeDry answers 200 for a message that would have been accepted.
func (c *call) writeDry(d *draft) {
	b := append(c.buf[:0], `{"data":{"dryRun":true`...)
	b = appendStringMember(b, "channel", d.steps[0].Channel)
	c.buf = append(d.appendNotes(b), "}}"...)
	c.write(200, c.buf)
}

// appendNotes appends what every answer to a send says beside its result.
func (d *draft) appendNotes(b []byte) []byte {
	if d.out.Test {
		b = appendBoolMember(b, "test", true)
	}
	step := &d.steps[0]
	if ch := d.plans[0].channel; ch != nil && ch.Segments != nil && step.ContentType == message.Text {
		n, encoding := ch.Segments(step.Content)
		b = appendIntMember(b, "segments", n)
		b = appendStringMember(b, "encoding", encoding)
	}
	if len(d.warnings) == 0 {
		return b
	}
	b = append(appendMember(b, "warnings"), '[')
	for i := range d.warnings {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFault(b, &d.warnings[i])
	}
	return append(b, ']')
}
