package store

import (
	"encoding/binary"

	"messagehub/store/message"
)

const (
	planVersion       = 1
	progressVersion   = 1
	recipientsVersion = 1
	spanVersion       = 1
	// maxPlanSteps and maxSpan bound what is read back.
	maxPlanSteps = 64
	maxSpan      = message.MaxIndex
)

// appendPlan appends the value of a distribution's plan.
func appendPlan(dst []byte, test bool, at message.Time, p *message.DistributionPlan) []byte {
	dst = appendTime(append(dst, planVersion, bit(test), byte(p.Mode), bit(p.Fixed)), at)
	dst = appendInt(dst, len(p.Contents))
	for i := range p.Contents {
		dst = appendStep(dst, &p.Contents[i])
	}
	dst = appendInt(appendStrings(dst, p.Tags), p.PerSecond)
	dst = appendInt(appendInt(dst, p.Window.From), p.Window.To)
	dst = appendString(appendString(dst, p.Window.Zone), p.Window.Default)
	dst = appendDuration(appendTime(dst, p.ScheduledAt), p.ExpiresIn)
	dst = appendString(dst, p.Reference)
	dst = appendInt(appendInt(dst, p.Chunks), p.Segments)
	return appendCounts(appendInt(dst, p.Listed), &p.Forecast)
}

// decodePlan reads what appendPlan wrote. The strings are parts of text.
func decodePlan(d *message.Distribution, text string) error {
	r := openValue(text, planVersion)
	d.Owner.Test = r.enum(1) == 1
	p := &d.Plan
	p.Mode = message.RoutingMode(r.enum(byte(message.RouteFirst)))
	p.Fixed = r.enum(1) == 1
	d.CreatedAt = r.time()
	if n := r.count(maxPlanSteps); n > 0 {
		p.Contents = make([]message.Step, n)
	}
	for i := range p.Contents {
		r.step(&p.Contents[i])
	}
	p.Tags, p.PerSecond = r.strings(), r.int(maxCount)
	p.Window = message.Window{From: r.int(24 * 60), To: r.int(24 * 60), Zone: r.string(), Default: r.string()}
	p.ScheduledAt, p.ExpiresIn = r.time(), r.duration()
	p.Reference = r.string()
	p.Chunks, p.Segments, p.Listed = r.int(maxCount), r.int(maxCount), r.int(message.MaxInvalidListed)
	p.Forecast = r.counts()
	return r.done("distribution")
}

// appendProgress appends how far a distribution has come. It begins with the
// position that wrote it.
func appendProgress(dst []byte, written message.Position, p *message.DistributionProgress) []byte {
	dst = binary.AppendUvarint(append(dst, progressVersion), uint64(written))
	dst = append(dst, byte(p.State))
	c := &p.Cursor
	dst = binary.AppendUvarint(appendInt(appendInt(appendInt(dst, c.Chunk), c.Offset), c.Tag), uint64(c.After))
	dst = appendInt(appendInt(appendCounts(dst, &p.Counts), p.Spans), p.Swept)
	dst = appendTime(appendTime(dst, p.NextAt), p.UpdatedAt)
	dst = appendInt(dst, len(p.Invalid))
	for i := range p.Invalid {
		v := &p.Invalid[i]
		dst = append(appendInt(dst, v.Index+1), v.Contact[:]...)
		dst = appendString(appendString(dst, v.Code), v.Param)
	}
	if p.Held == 0 && len(p.Booked) == 0 {
		return dst
	}
	dst = appendInt(appendInt(dst, p.Held), len(p.Booked))
	for _, b := range p.Booked {
		dst = appendInt(appendTime(dst, b.From), b.N)
	}
	return dst
}

func decodeProgress(d *message.Distribution, text string) error {
	r := openValue(text, progressVersion)
	d.Version = message.Position(r.uint64())
	p := &d.Progress
	p.State = message.DistributionState(r.enum(byte(message.LastDistributionState)))
	p.Cursor = message.DistributionCursor{Chunk: r.int(maxCount), Offset: r.int(maxCount), Tag: r.int(maxCount), After: message.Position(r.uint64())}
	p.Counts = r.counts()
	p.Spans, p.Swept = r.int(maxCount), r.int(maxCount)
	p.NextAt, p.UpdatedAt = r.time(), r.time()
	if n := r.count(message.MaxInvalidListed); n > 0 {
		p.Invalid = make([]message.InvalidRecipient, n)
	}
	for i := range p.Invalid {
		v := &p.Invalid[i]
		v.Index = r.int(maxCount) - 1
		r.bytes(v.Contact[:])
		v.Code, v.Param = r.string(), r.string()
	}
	if r.text != "" { // a rare member follows
		p.Held = r.int(maxCount)
		for range r.count(message.MaxBookings) {
			p.Booked = append(p.Booked, message.Booking{From: r.time(), N: r.int(maxCount)})
		}
	}
	return r.done("progress of a distribution")
}

// decodeDistributionState reads of a progress the state alone.
func decodeDistributionState(value []byte) (message.DistributionState, error) {
	if len(value) == 0 || value[0] != progressVersion {
		return 0, ErrBadRow
	}
	_, n := binary.Uvarint(value[1:])
	if n <= 0 || len(value) <= 1+n || message.DistributionState(value[1+n]) > message.LastDistributionState {
		return 0, ErrBadRow
	}
	return message.DistributionState(value[1+n]), nil
}

func appendCounts(dst []byte, n *message.DistributionCounts) []byte {
	for _, count := range [...]int{n.Recipients, n.Messages, n.Invalid, n.Duplicates, n.OptedOut} {
		dst = appendInt(dst, count)
	}
	return dst
}

func (r *reader) counts() (n message.DistributionCounts) {
	for _, count := range [...]*int{&n.Recipients, &n.Messages, &n.Invalid, &n.Duplicates, &n.OptedOut} {
		*count = r.int(maxCount)
	}
	return n
}

// appendRecipients appends a chunk of a distribution's own recipients.
func appendRecipients(dst []byte, c *message.RecipientChunk) []byte {
	dst = binary.AppendUvarint(append(dst, recipientsVersion), c.Revision)
	dst = appendInt(dst, len(c.Recipients))
	for i := range c.Recipients {
		p := &c.Recipients[i]
		dst = append(appendInt(dst, p.Index), p.Contact[:]...)
		dst = appendInt(dst, len(p.To))
		for _, to := range p.To {
			dst = appendString(appendString(dst, to.Channel), to.Address)
		}
		dst = appendInt(dst, len(p.Params))
		for _, param := range p.Params {
			dst = appendString(appendString(dst, param.Name), param.Value)
		}
	}
	return dst
}

func decodeRecipients(c *message.RecipientChunk, text string) error {
	r := openValue(text, recipientsVersion)
	c.Revision = r.uint64()
	if n := r.count(message.RecipientChunkSize); n > 0 {
		c.Recipients = make([]message.Addressee, n)
	}
	for i := range c.Recipients {
		p := &c.Recipients[i]
		p.Index = r.int(maxCount)
		r.bytes(p.Contact[:])
		if n := r.count(maxContactList); n > 0 {
			p.To = make([]message.Identity, n)
		}
		for k := range p.To {
			p.To[k] = message.Identity{Channel: r.string(), Address: r.string()}
		}
		p.Params = r.params()
	}
	return r.done("recipients of a distribution")
}

func appendSpan(dst []byte, s message.Span) []byte {
	return appendInt(binary.AppendUvarint(append(dst, spanVersion), uint64(s.First)), s.Count)
}

func decodeSpan(text string) (message.Span, error) {
	r := openValue(text, spanVersion)
	s := message.Span{First: message.Position(r.uint64()), Count: r.int(maxSpan)}
	return s, r.done("run of messages of a distribution")
}
