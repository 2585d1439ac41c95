package store

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"messagehub/store/message"
)

const (
	outboundVersion = 1
	maxSteps        = 6
	maxParams       = 1 << 16
)

// The bits of an Outbound's flags.
const (
	flagTest = 1 << iota
	flagKeepLate
	flagScheduled
	flagContact
	flagErased
	flagResend
	flagDistribution
	outboundFlags = flagTest | flagKeepLate | flagScheduled | flagContact | flagErased | flagResend | flagDistribution
)

// appendOutbound appends the value of an Outbound's row. The id and the
// workspace are in the key; the salt is in the id.
func appendOutbound(dst []byte, o *message.Outbound) []byte {
	dst = append(dst, outboundVersion, outboundBits(o))
	dst = appendTime(dst, o.CreatedAt)
	if o.ScheduledAt != 0 {
		dst = appendTime(dst, o.ScheduledAt)
	}
	dst = appendDuration(dst, o.ExpiresIn)
	dst = append(dst, byte(o.On), byte(o.OnUnknown), byte(o.Priority))
	dst = appendString(dst, o.Reference)
	dst = appendString(dst, o.Metadata)
	dst = appendString(dst, o.TraceParent)
	dst = appendString(dst, o.ClientRequestID)
	dst = appendInt(dst, len(o.Steps))
	for i := range o.Steps {
		dst = appendStep(dst, &o.Steps[i])
	}
	if !o.Contact.IsZero() {
		dst = append(dst, o.Contact[:]...)
	}
	if !o.ResendOf.IsZero() {
		dst = append(dst, o.ResendOf[:]...)
	}
	if !o.Distribution.IsZero() {
		dst = append(dst, o.Distribution[:]...)
	}
	return dst
}

func outboundBits(o *message.Outbound) byte {
	bits := byte(0)
	if o.Test {
		bits |= flagTest
	}
	if o.KeepLate {
		bits |= flagKeepLate
	}
	if o.ScheduledAt != 0 {
		bits |= flagScheduled
	}
	if !o.Contact.IsZero() {
		bits |= flagContact
	}
	if o.Erased {
		bits |= flagErased
	}
	if !o.ResendOf.IsZero() {
		bits |= flagResend
	}
	if !o.Distribution.IsZero() {
		bits |= flagDistribution
	}
	return bits
}

// The bits that say which rare members of a Step follow.
const (
	stepTemplate = 1 << iota
	stepMedia
	stepUnroutable
	stepBits = stepTemplate | stepMedia | stepUnroutable
)

func appendStep(dst []byte, s *message.Step) []byte {
	bits := byte(0)
	if s.TemplateID != "" || s.TemplateLanguage != "" || len(s.Params) > 0 {
		bits |= stepTemplate
	}
	if s.MediaURL != "" || s.MediaType != "" || s.Filename != "" {
		bits |= stepMedia
	}
	if s.Unroutable != "" {
		bits |= stepUnroutable
	}
	dst = append(dst, bits, byte(s.ContentType), byte(s.Success))
	dst = appendDuration(dst, s.Timeout)
	dst = appendString(dst, s.Channel)
	dst = appendString(dst, s.To)
	dst = appendString(dst, s.From)
	dst = appendString(dst, s.Content)
	if bits&stepTemplate != 0 {
		dst = appendString(dst, s.TemplateID)
		dst = appendString(dst, s.TemplateLanguage)
		dst = appendInt(dst, len(s.Params))
		for _, p := range s.Params {
			dst = appendString(appendString(dst, p.Name), p.Value)
		}
	}
	if bits&stepMedia != 0 {
		dst = appendString(dst, s.MediaURL)
		dst = appendString(dst, s.MediaType)
		dst = appendString(dst, s.Filename)
	}
	if bits&stepUnroutable != 0 {
		dst = appendString(dst, s.Unroutable)
	}
	return dst
}

// decodeOutbound reads what appendOutbound wrote. The strings of o are parts
// of text.
func decodeOutbound(o *message.Outbound, ws message.WorkspaceID, id message.ID, text string) error {
	r := openValue(text, outboundVersion)
	bits, steps := r.byte(), o.Steps[:0]
	*o = message.Outbound{
		ID: id, Workspace: ws, Test: bits&flagTest != 0, KeepLate: bits&flagKeepLate != 0, Erased: bits&flagErased != 0,
		Salt: binary.BigEndian.Uint64(id[8:]) & saltMask,
	}
	o.CreatedAt = r.time()
	if bits&flagScheduled != 0 {
		o.ScheduledAt = r.time()
	}
	o.ExpiresIn = r.duration()
	o.On = message.Causes(r.enum(byte(message.OnAll)))
	o.OnUnknown = message.UnknownPolicy(r.enum(byte(message.Retry)))
	o.Priority = message.Priority(r.enum(byte(message.Bulk)))
	o.Reference = r.string()
	o.Metadata = r.string()
	o.TraceParent = r.string()
	o.ClientRequestID = r.string()
	n := r.count(maxSteps)
	if bits&^outboundFlags != 0 || n == 0 {
		r.fail()
	}
	if !r.fault {
		o.Steps = slices.Grow(steps, n)[:n]
		clear(o.Steps)
	}
	for i := range o.Steps {
		r.step(&o.Steps[i])
	}
	if bits&flagContact != 0 {
		r.bytes(o.Contact[:])
	}
	if bits&flagResend != 0 {
		r.bytes(o.ResendOf[:])
	}
	if bits&flagDistribution != 0 {
		r.bytes(o.Distribution[:])
	}
	return r.done("message")
}

// saltMask is the part of an id that the front door drew.
const saltMask = 1<<44 - 1

func (r *reader) step(s *message.Step) {
	bits := r.byte()
	if bits&^stepBits != 0 {
		r.fail()
	}
	s.ContentType = message.ContentType(r.enum(byte(message.BrandMessage)))
	s.Success = message.Status(r.enum(byte(message.Unknown)))
	s.Timeout = r.duration()
	s.Channel = r.string()
	s.To = r.string()
	s.From = r.string()
	s.Content = r.string()
	if bits&stepTemplate != 0 {
		s.TemplateID = r.string()
		s.TemplateLanguage = r.string()
		s.Params = r.params()
	}
	if bits&stepMedia != 0 {
		s.MediaURL = r.string()
		s.MediaType = r.string()
		s.Filename = r.string()
	}
	if bits&stepUnroutable != 0 {
		s.Unroutable = r.string()
	}
}

func (r *reader) params() []message.Param {
	n := r.count(maxParams)
	if n == 0 {
		return nil
	}
	params := make([]message.Param, n)
	for i := range params {
		params[i] = message.Param{Name: r.string(), Value: r.string()}
	}
	return params
}

// appendDuration appends d in milliseconds, the log's unit of time.
func appendDuration(dst []byte, d time.Duration) []byte {
	return binary.AppendVarint(dst, int64(d/time.Millisecond))
}

func (r *reader) duration() time.Duration {
	ms := r.int64()
	if ms > math.MaxInt64/int64(time.Millisecond) || ms < math.MinInt64/int64(time.Millisecond) {
		r.fail()
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}
