package sms

import (
	"strings"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// ownWritten is a message of a handset in the relay's own form. Text has to be
// there, if only empty; Status is what a receipt has.
type ownWritten struct {
	ID      string  `json:"id"` // may be left out
	From    string  `json:"from"`
	Text    *string `json:"text"`
	At      string  `json:"at"` // RFC 3339; may be left out
	ReplyTo string  `json:"replyTo"`
	Status  string  `json:"status"`
	Media   []struct {
		URL      string `json:"url"`
		MimeType string `json:"mimeType"`
		Filename string `json:"filename"`
	} `json:"media"`
}

func ownInbound(body []byte) []message.Inbound {
	var own ownWritten
	if json.Unmarshal(body, &own) != nil || own.Text == nil || own.Status != "" {
		return nil
	}
	m := message.Inbound{From: strings.Clone(writerOf(own.From, "")), Kind: message.KindText, Text: strings.Clone(*own.Text), At: anyTime(own.At)}
	if m.From == "" {
		return nil
	}
	if usableID(own.ID) {
		m.ProviderID = strings.Clone(own.ID)
	}
	if usableID(own.ReplyTo) {
		m.ReplyTo = strings.Clone(own.ReplyTo)
	}
	for i, x := range own.Media {
		m.Attach(message.Medium{URL: x.URL, MimeType: x.MimeType, Filename: x.Filename})
		if kind := kindOfType(x.MimeType); i == 0 {
			m.Kind = kind
		} else if m.Kind != kind {
			m.Kind = message.KindMedia
		}
	}
	return []message.Inbound{m}
}
