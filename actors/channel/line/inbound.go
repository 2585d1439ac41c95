package line

import (
	"strings"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// inboundEvent is a message of a user. Source: Messaging API reference, "Message
// event".
type inboundEvent struct {
	Type   string `json:"type"`
	Mode   string `json:"mode"`
	At     int64  `json:"timestamp"` // milliseconds
	Source struct {
		Type   string `json:"type"`
		UserID string `json:"userId"`
	} `json:"source"`
	Message struct {
		ID     string `json:"id"`
		Type   string `json:"type"`
		Text   string `json:"text"`
		Quoted string `json:"quotedMessageId"`
	} `json:"message"`
}

// maxInboundID bounds LINE's ids.
const maxInboundID = 128

// Inbound implements [channel.Inbox]. Messages of groups are left out: there,
// nobody writes to us alone.
func (a *adapter) Inbound(cb *message.Callback) (out []message.Inbound) {
	var in callback
	if json.Unmarshal(cb.Body, &in) != nil || in.Events == nil {
		return nil
	}
	for _, raw := range *in.Events {
		var e inboundEvent
		if json.Unmarshal(raw, &e) != nil || e.Type != "message" || e.Mode == "standby" || e.Source.Type != "user" {
			continue
		}
		id, from, kind := e.Message.ID, e.Source.UserID, e.Message.Type
		if id == "" || from == "" || len(id) > maxInboundID || len(from) > maxInboundID || len(kind) > maxInboundID || len(e.Message.Quoted) > maxInboundID {
			continue
		}
		m := message.Inbound{
			ProviderID: strings.Clone(id), From: strings.Clone(from), Kind: strings.Clone(kind), Text: strings.Clone(e.Message.Text),
			ReplyTo: strings.Clone(e.Message.Quoted),
		}
		if e.At > 0 && e.At <= maxMoment {
			m.At = message.Time(e.At)
		}
		out = append(out, m)
	}
	return out
}
