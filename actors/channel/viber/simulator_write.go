package viber

import (
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel/sim"
)

// simUser is a user as callbacks name him.
type simUser struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Language string `json:"language"`
	Country  string `json:"country"`
	Version  int    `json:"api_version"`
}

// simWritten is a message of a user.
type simWritten struct {
	Type  string `json:"type"`
	Text  string `json:"text,omitempty"`
	Media string `json:"media,omitempty"`
}

// Write implements [sim.Writer].
func (s *botSimulator) Write(w sim.Written) error {
	if w.ReplyTo != "" {
		return w.Unanswerable("Viber")
	}
	user := &simUser{w.From, "Zoë", "en", "UK", 1}
	e := simEvent{Token: s.newToken()}
	switch w.Kind {
	case sim.WritesText:
		e.Event, e.Sender, e.Message = "message", user, &simWritten{"text", w.Text, ""}
	case sim.WritesImage:
		e.Event, e.Sender, e.Message = "message", user, &simWritten{"picture", w.Text, w.MediaURL}
	case sim.WritesIn:
		e.Event, e.Subscriber = "subscribed", user
	case sim.WritesOut:
		e.Event, e.User = "unsubscribed", w.From
	default:
		return w.Unwritable("Viber")
	}
	s.post(0, e)
	return nil
}

// Write implements [sim.Writer]. Messages go to the account's subscription.
func (s *infobipSimulator) Write(w sim.Written) error {
	content := map[string]string{"type": "TEXT", "text": w.Text}
	switch w.Kind {
	case sim.WritesText:
	case sim.WritesImage:
		content = map[string]string{"type": "IMAGE", "text": w.Text, "url": w.MediaURL}
	default:
		return w.Unwritable("Infobip's Viber")
	}
	result := map[string]any{
		"sender": strings.TrimPrefix(w.From, "+"), "to": s.senders, "integrationType": "VIBER", "receivedAt": time.Now().UTC().Format(simLayout),
		"messageId": strconv.FormatUint(s.world.Serial(), 10), "message": content, "price": map[string]any{"pricePerMessage": 0, "currency": "EUR"},
	}
	if w.ReplyTo != "" {
		result["pairedMessageId"] = w.ReplyTo
	}
	s.post("", 0, result)
	return nil
}
