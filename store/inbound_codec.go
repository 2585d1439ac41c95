package store

import (
	"encoding/binary"
	"math"

	"messagehub/store/message"
)

const (
	// inboundVersion 1 had no media and no place.
	inboundVersion    = 2
	inboundVersionOld = 1
)

// appendInbound appends the value of a message that came in. Id and workspace
// are in the key.
func appendInbound(dst []byte, m *message.Inbound) []byte {
	dst = append(dst, inboundVersion, bit(m.Owner.Test), bit(m.Test))
	for _, text := range [...]string{m.Channel, m.Sender, m.ProviderID, m.From, m.Kind, m.Text, m.ReplyTo} {
		dst = appendString(dst, text)
	}
	dst = appendTime(appendTime(dst, m.At), m.ReceivedAt)
	dst = appendInt(dst, len(m.Media))
	for i := range m.Media {
		for _, text := range [...]string{m.Media[i].ID, m.Media[i].URL, m.Media[i].MimeType, m.Media[i].Filename} {
			dst = appendString(dst, text)
		}
	}
	dst = append(dst, bit(m.Place != nil))
	if p := m.Place; p != nil {
		dst = appendFloat(appendFloat(dst, p.Latitude), p.Longitude)
		dst = appendString(appendString(dst, p.Name), p.Address)
	}
	return dst
}

func appendFloat(dst []byte, x float64) []byte {
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(x))
}

func decodeInbound(m *message.Inbound, ws message.WorkspaceID, id message.ID, text string) error {
	r := reader{text: text}
	version := r.byte()
	if version != inboundVersion && version != inboundVersionOld {
		r.fail()
	}
	*m = message.Inbound{ID: id, Owner: message.Owner{Workspace: ws, Test: r.enum(1) == 1}}
	m.Test = r.enum(1) == 1
	for _, text := range [...]*string{&m.Channel, &m.Sender, &m.ProviderID, &m.From, &m.Kind, &m.Text, &m.ReplyTo} {
		*text = r.string()
	}
	m.At, m.ReceivedAt = r.time(), r.time()
	if version != inboundVersionOld {
		r.attached(m)
	}
	return r.done("message that came in")
}

// attached reads the media and the place.
func (r *reader) attached(m *message.Inbound) {
	for range r.count(message.MaxMedia) {
		m.Media = append(m.Media, message.Medium{ID: r.string(), URL: r.string(), MimeType: r.string(), Filename: r.string()})
	}
	if r.enum(1) == 0 {
		return
	}
	p := message.Place{Latitude: r.float(), Longitude: r.float(), Name: r.string(), Address: r.string()}
	if m.Locate(p); m.Place == nil || *m.Place != p {
		r.fail()
	}
}

func (r *reader) float() float64 { return math.Float64frombits(r.fixed64()) }
