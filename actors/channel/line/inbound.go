package line

import (
	"cmp"
	"strings"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// inboundEvent is what a user does towards the account. Source: Messaging API
// reference, "Message event", "Postback event", "Follow event" and "Unfollow
// event".
type inboundEvent struct {
	Type   string `json:"type"`
	ID     string `json:"webhookEventId"`
	Mode   string `json:"mode"`
	At     int64  `json:"timestamp"` // milliseconds
	Source struct {
		Type   string `json:"type"`
		UserID string `json:"userId"`
	} `json:"source"`
	Message  json.RawMessage `json:"message"`
	Postback struct {
		Data string `json:"data"`
	} `json:"postback"`
}

// userMessage is a message of a user.
type userMessage struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Text     string `json:"text"`
	Quoted   string `json:"quotedMessageId"`
	Filename string `json:"fileName"`
	Provider struct {
		Type string `json:"type"`
		URL  string `json:"originalContentUrl"`
	} `json:"contentProvider"`
	Title     string   `json:"title"`
	Address   string   `json:"address"`
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
	Sticker   string   `json:"stickerId"`
	Keywords  []string `json:"keywords"`
}

// maxInboundID bounds LINE's ids.
const maxInboundID = 128

// Inbound implements [channel.Inbox]. What happens in groups is left out: there,
// nobody writes to us alone.
func (a *adapter) Inbound(cb *message.Callback) (out []message.Inbound) {
	var in callback
	if json.Unmarshal(cb.Body, &in) != nil || in.Events == nil {
		return nil
	}
	for _, raw := range *in.Events {
		var e inboundEvent
		if json.Unmarshal(raw, &e) != nil || e.Mode == "standby" || e.Source.Type != "user" {
			continue
		}
		m := message.Inbound{ProviderID: strings.Clone(e.ID), From: strings.Clone(e.Source.UserID)}
		if e.read(&m) && bounded(m.ProviderID) && bounded(m.From) {
			out = append(out, m)
		}
	}
	return out
}

func bounded(id string) bool { return id != "" && len(id) <= maxInboundID }

// read reads the event, if it is something that a user says.
func (e *inboundEvent) read(m *message.Inbound) bool {
	if e.At > 0 && e.At <= maxMoment {
		m.At = message.Time(e.At)
	}
	switch e.Type {
	case "message":
		var written userMessage
		if json.Unmarshal(e.Message, &written) != nil || len(written.Type) > maxInboundID || len(written.Quoted) > maxInboundID {
			return false
		}
		written.read(m)
	case "postback":
		m.Kind, m.Text = message.KindButton, strings.Clone(e.Postback.Data)
	case "follow":
		m.Kind = message.KindOptIn
	case "unfollow":
		m.Kind = message.KindOptOut
	default:
		return false
	}
	return true
}

// read reads a message. What LINE keeps is fetched with the message's own id.
func (w *userMessage) read(m *message.Inbound) {
	m.ProviderID, m.Kind, m.Text, m.ReplyTo = strings.Clone(w.ID), strings.Clone(w.Type), strings.Clone(w.Text), strings.Clone(w.Quoted)
	switch w.Type {
	case "image", "video", "audio", "file":
		if w.Type == "file" {
			m.Kind = message.KindDocument
		}
		medium := message.Medium{ID: w.ID, Filename: w.Filename}
		if w.Provider.Type == "external" {
			medium = message.Medium{URL: w.Provider.URL, Filename: w.Filename}
		}
		m.Attach(medium)
	case "sticker": // which has no content to fetch
		m.Text = strings.Clone(cmp.Or(w.Text, strings.Join(w.Keywords, ", ")))
		m.Attach(message.Medium{ID: w.Sticker})
	case "location":
		if w.Latitude != nil && w.Longitude != nil {
			m.Locate(message.Place{Latitude: *w.Latitude, Longitude: *w.Longitude, Name: w.Title, Address: w.Address})
		}
	}
}
