package relay

import "messagehub/store/message"

// prepareAccepted writes the answer to d but for what only the log knows: the
// id and the status, which belongs at c.gap. It borrows nothing of d.
func (c *call) prepareAccepted(d *draft) {
	b := appendResult(c.buf[:0], message.ID{}, d.steps[0].Channel)
	c.gap = len(b)
	c.buf = append(d.appendNotes(append(b, '"')), "}}"...)
}

// writeAccepted answers 202 for a message that the log has, after
// prepareAccepted.
func (c *call) writeAccepted(a message.Acceptance, status message.Status) {
	message.AppendID(c.buf[:len(resultStart)], message.PrefixMessage, a.ID)
	if c.turn != nil && !a.Replayed && !c.server.drained.Load() {
		c.answered = true
		c.turn.accept(c, status.String())
		return
	}
	c.noteReplay(a)
	c.write(202, c.buf[:c.gap])
	r := &c.http.Response
	r.AppendBodyString(status.String())
	r.AppendBody(c.buf[c.gap:])
}

// writeSettled answers 200 for a message whose first attempt is settled. Where its
// outcome is not known, the error says so, whatever the message still waits for.
func (c *call) writeSettled(d *draft, a message.Acceptance, o *message.Outbound, s *message.State) {
	channel := o.Steps[s.Attempts[s.Shown(o)].Step].Channel
	c.noteReplay(a)
	b := append(appendResult(c.buf[:0], a.ID, channel), s.Status.String()...)
	why := reason(o, s)
	if last := &s.Attempts[len(s.Attempts)-1]; why == nil && last.Status == message.Unknown {
		why = last.Error
	}
	b = appendFailure(appendMember(d.appendNotes(append(b, '"')), "error"), why)
	c.buf = append(b, "}}"...)
	c.write(200, c.buf)
}

const resultStart = `{"data":{"messageId":"`

// appendResult begins the answer to a send, as far as its status.
func appendResult(b []byte, id message.ID, channel string) []byte {
	b = message.AppendID(append(b, resultStart...), message.PrefixMessage, id)
	b = append(b, '"')
	b = appendStringMember(b, "channel", channel)
	return append(b, `,"status":"`...)
}

func (c *call) noteReplay(a message.Acceptance) {
	if a.Replayed {
		c.set("Idempotency-Replayed", bytesOf("true"))
	}
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
	if !d.out.ResendOf.IsZero() {
		b = appendResendOf(b, d.out.ResendOf)
	}
	step := &d.steps[0]
	if ch := d.plans[0].channel; ch != nil && ch.Segments != nil && step.ContentType == message.Text {
		n, encoding := ch.Segments(step.From, d.out.Test, step.Content)
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
