package viber

import (
	"strings"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// botWritten is a callback about what a user does. Source: Viber REST Bot API,
// "Receive message from user", "Subscribed" and "Unsubscribed".
type botWritten struct {
	Event     string          `json:"event"`
	Timestamp json.RawMessage `json:"timestamp"` // Unix milliseconds
	Token     json.RawMessage `json:"message_token"`
	UserID    string          `json:"user_id"` // who has unsubscribed
	User      botUser         `json:"user"`    // who has subscribed
	Sender    botUser         `json:"sender"`  // who writes
	Message   botContent      `json:"message"`
}

type botUser struct {
	ID string `json:"id"`
}

// botContent is a user's message. Its parts are read one by one, so that one of
// an unknown form does not hide the others.
type botContent struct {
	Type     string          `json:"type"`
	Text     string          `json:"text"`
	Media    string          `json:"media"`
	Filename string          `json:"file_name"`
	Location json.RawMessage `json:"location"`
	Contact  json.RawMessage `json:"contact"`
}

// Inbound implements [channel.Inbox]. Whoever unsubscribes can't be sent to
// until he subscribes again.
func (b *bot) Inbound(cb *message.Callback) []message.Inbound {
	var w botWritten
	if json.Unmarshal(cb.Body, &w) != nil {
		return nil
	}
	in := message.Inbound{At: botTime(w.Timestamp)}
	token := tokenOf(w.Token)
	switch w.Event {
	case "message":
		in.From, in.ProviderID = w.Sender.ID, token
		w.Message.read(&in)
	case "subscribed": // a token of these may be that of a message
		in.From, in.Kind, in.ProviderID = w.User.ID, message.KindOptIn, w.Event+":"+token
	case "unsubscribed":
		in.From, in.Kind, in.ProviderID = w.UserID, message.KindOptOut, w.Event+":"+token
	}
	if token == "" || in.Kind == "" || len(in.Kind) > maxKind || !isUserID(in.From) {
		return nil
	}
	in.From = strings.Clone(in.From)
	return []message.Inbound{in}
}

// maxKind bounds the name of a kind of messages.
const maxKind = 64

// botKinds are the kinds that are called otherwise here.
func botKinds() map[string]string {
	return map[string]string{"picture": message.KindImage, "file": message.KindDocument, "url": message.KindLink}
}

// read reads the content. The media's addresses are good for an hour.
func (c *botContent) read(in *message.Inbound) {
	in.Kind, in.Text = strings.Clone(c.Type), strings.Clone(c.Text)
	if kind, ok := botKinds()[c.Type]; ok {
		in.Kind = kind
	}
	if in.Kind == message.KindLink && in.Text == "" {
		in.Text = strings.Clone(c.Media)
	} else {
		in.Attach(message.Medium{URL: c.Media, Filename: c.Filename})
	}
	var at struct {
		Latitude  *float64 `json:"lat"`
		Longitude *float64 `json:"lon"`
	}
	if json.Unmarshal(c.Location, &at) == nil && at.Latitude != nil && at.Longitude != nil {
		in.Locate(message.Place{Latitude: *at.Latitude, Longitude: *at.Longitude})
	}
	var contact struct {
		Name  string `json:"name"`
		Phone string `json:"phone_number"`
	}
	if c.Type == "contact" && json.Unmarshal(c.Contact, &contact) == nil {
		in.Text = strings.TrimSpace(contact.Name + " " + contact.Phone)
	}
}
