package webhook

import (
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// Messages knows what a client has said about a message of its own, and what
// recipients have written.
type Messages interface {
	Reference(ws message.WorkspaceID, id message.ID) (reference, metadata string, err error)
	Inbound(o message.Owner, id message.ID) (message.Inbound, error)
}

// eventBody is an event as clients see it, in a webhook and in the feed.
type eventBody struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      any    `json:"data"`
}

// messageData is what the event of a message says.
type messageData struct {
	MessageID  string          `json:"messageId"`
	Status     string          `json:"status"` // of the message, after the event
	Channel    string          `json:"channel"`
	Test       bool            `json:"test"`
	Attempt    int             `json:"attempt"`
	Code       *string         `json:"code"`
	Reference  *string         `json:"reference"`
	Metadata   json.RawMessage `json:"metadata"`
	CreatedAt  string          `json:"createdAt"`
	ReceivedAt string          `json:"receivedAt"`
}

// otherData is what an event of no message says.
type otherData struct {
	Channel        *string `json:"channel,omitempty"`
	EndpointID     *string `json:"endpointId,omitempty"`
	InboundID      *string `json:"inboundId,omitempty"`
	DistributionID *string `json:"distributionId,omitempty"`
	Reason         *string `json:"reason,omitempty"`
	Test           bool    `json:"test"`
}

// other returns what an event of no message says.
func other(e *message.Event) otherData {
	d := otherData{Channel: optional(e.Channel), Reason: optional(e.Entry.Code), Test: e.Test}
	switch object := optional(e.Object); e.Entry.Type {
	case message.DistributionDone:
		d.DistributionID = object
	case message.MessageReceived:
		d.InboundID = object
	default:
		d.EndpointID = object
	}
	return d
}

// Body returns an event as JSON. A message that retention has removed has no
// reference and no metadata any more.
func Body(e *message.Event, messages Messages) ([]byte, error) {
	b := eventBody{ID: eventID(e.Name()), Type: e.Entry.Type.String(), Timestamp: stamp(e.Entry.At)}
	switch {
	case e.Entry.Type == message.MessageReceived:
		data, err := received(e, messages)
		if err != nil {
			return nil, err
		}
		b.Data = data
		return json.Marshal(b)
	case !e.Entry.Type.OfMessage():
		b.Data = other(e)
		return json.Marshal(b)
	}
	d := messageData{
		MessageID: e.Message.String(), Status: e.Status.String(), Channel: e.Channel, Test: e.Test,
		Attempt: e.Entry.Attempt, Code: optional(e.Entry.Code), Metadata: json.RawMessage("null"),
		CreatedAt: stamp(e.CreatedAt), ReceivedAt: stamp(e.Entry.ReceivedAt),
	}
	reference, metadata, err := messages.Reference(e.Workspace, e.Message)
	if err != nil && !isGone(err) {
		return nil, err
	}
	if d.Reference = optional(reference); json.Valid([]byte(metadata)) {
		d.Metadata = json.RawMessage(metadata)
	}
	b.Data = d
	return json.Marshal(b)
}

func eventID(n message.EventName) string {
	return string(message.AppendID(nil, message.PrefixEvent, n.ID()))
}

func endpointID(id message.ID) string {
	return string(message.AppendID(nil, message.PrefixEndpoint, id))
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// stamp shows a time as the API does.
func stamp(t message.Time) string { return t.Std().Format("2006-01-02T15:04:05.000Z") }
