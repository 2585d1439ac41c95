package whatsapp

import (
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel/sim"
)

// simWritten is a message of a customer.
type simWritten struct {
	Context *simQuoted `json:"context,omitempty"`
	From    string     `json:"from"`
	ID      string     `json:"id"`
	At      string     `json:"timestamp"`
	Type    string     `json:"type"`
	Text    *simBody   `json:"text,omitempty"`
	Image   *simImage  `json:"image,omitempty"`
}

type simQuoted struct {
	From string `json:"from"`
	ID   string `json:"id"`
}

type simBody struct {
	Body string `json:"body"`
}

type simImage struct {
	Caption  string `json:"caption,omitempty"`
	MimeType string `json:"mime_type"`
	SHA256   string `json:"sha256"`
	ID       string `json:"id"`
	URL      string `json:"url"`
}

// Write implements [sim.Writer].
func (s *simulator) Write(w sim.Written) error {
	from := strings.TrimPrefix(w.From, "+")
	m := simWritten{From: from, ID: s.newID(from), At: strconv.FormatInt(time.Now().Unix(), 10), Type: w.Kind}
	if w.ReplyTo != "" {
		m.Context = &simQuoted{simNumber, w.ReplyTo}
	}
	switch w.Kind {
	case sim.WritesText:
		m.Text = &simBody{w.Text}
	case sim.WritesImage:
		m.Image = &simImage{w.Text, "image/jpeg", "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=", strconv.FormatUint(s.world.Serial(), 10), w.MediaURL}
	default:
		return w.Unwritable("WhatsApp")
	}
	s.post(s.encode(simValue{Contacts: []simProfile{{map[string]string{"name": "Zoë 😀"}, from, ""}}, Messages: []simWritten{m}}), 0)
	return nil
}
