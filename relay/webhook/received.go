package webhook

import (
	"errors"

	"messagehub/store/message"
)

// Received is a message that came in, as clients see it.
type Received struct {
	Channel           string   `json:"channel"`
	Sender            string   `json:"sender"`
	Test              bool     `json:"test"`
	From              string   `json:"from"`
	Kind              string   `json:"kind"`
	Text              *string  `json:"text"`
	Media             []medium `json:"media"`
	Location          *place   `json:"location"`
	ProviderMessageID *string  `json:"providerMessageId"`
	ReplyTo           *string  `json:"replyTo"`
	At                *string  `json:"at"`
	ReceivedAt        string   `json:"receivedAt"`
}

type medium struct {
	ID       *string `json:"id"`
	URL      *string `json:"url"`
	MimeType *string `json:"mimeType"`
	Filename *string `json:"filename"`
}

type place struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Name      *string `json:"name"`
	Address   *string `json:"address"`
}

// ReceivedOf returns a message that came in as clients see it.
func ReceivedOf(m *message.Inbound) Received {
	r := Received{
		Channel: m.Channel, Sender: m.Sender, Test: m.Owner.Test, From: m.From, Kind: m.Kind, Text: optional(m.Text),
		Media: make([]medium, len(m.Media)), ProviderMessageID: optional(m.ProviderID), ReplyTo: optional(m.ReplyTo),
		ReceivedAt: stamp(m.ReceivedAt),
	}
	for i, x := range m.Media {
		r.Media[i] = medium{optional(x.ID), optional(x.URL), optional(x.MimeType), optional(x.Filename)}
	}
	if p := m.Place; p != nil {
		r.Location = &place{p.Latitude, p.Longitude, optional(p.Name), optional(p.Address)}
	}
	if m.At != 0 {
		r.At = optional(stamp(m.At))
	}
	return r
}

// receivedData is what the event of a message that came in says. One that was
// erased, or that retention has removed, has its id left.
type receivedData struct {
	InboundID string `json:"inboundId"`
	Received
}

// received returns what the event of a message that came in says.
func received(e *message.Event, messages Messages) (any, error) {
	id, err := message.ParseID(message.PrefixInbound, e.Object)
	if err != nil {
		return other(e), nil
	}
	m, err := messages.Inbound(message.Owner{Workspace: e.Workspace, Test: e.Test}, id)
	switch {
	case errors.Is(err, message.ErrNotFound):
		return other(e), nil
	case err != nil:
		return nil, err
	}
	return receivedData{e.Object, ReceivedOf(&m)}, nil
}
