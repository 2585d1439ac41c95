package whatsapp

import (
	"cmp"
	"strings"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// inboundDelivery is the part of a callback that holds what customers write.
// Source: Cloud API, webhooks, "messages" object.
type inboundDelivery struct {
	Object  string `json:"object"`
	Entries []struct {
		Changes []struct {
			Field string `json:"field"`
			Value struct {
				Messages []json.RawMessage `json:"messages"`
			} `json:"value"`
		} `json:"changes"`
	} `json:"entry"`
}

// customerMessage is one message of a customer. Of media, the caption alone is
// read.
type customerMessage struct {
	From      string          `json:"from"` // digits, without a plus sign
	ID        string          `json:"id"`
	Timestamp json.RawMessage `json:"timestamp"`
	Type      string          `json:"type"`
	Context   struct {
		ID string `json:"id"`
	} `json:"context"`
	Text struct {
		Body string `json:"body"`
	} `json:"text"`
	Button struct {
		Text string `json:"text"`
	} `json:"button"`
	Interactive struct {
		Button struct {
			Title string `json:"title"`
		} `json:"button_reply"`
		List struct {
			Title string `json:"title"`
		} `json:"list_reply"`
	} `json:"interactive"`
	Image    caption `json:"image"`
	Video    caption `json:"video"`
	Document caption `json:"document"`
}

type caption struct {
	Caption string `json:"caption"`
}

// Inbound implements [channel.Inbox].
func (a *adapter) Inbound(cb *message.Callback) (out []message.Inbound) {
	var d inboundDelivery
	if json.Unmarshal(cb.Body, &d) != nil || d.Object != "whatsapp_business_account" {
		return nil
	}
	for _, entry := range d.Entries {
		for _, change := range entry.Changes {
			if change.Field != "messages" {
				continue
			}
			for _, raw := range change.Value.Messages {
				if m, ok := inbound(raw); ok {
					out = append(out, m)
				}
			}
		}
	}
	return out
}

func inbound(raw json.RawMessage) (message.Inbound, bool) {
	var m customerMessage
	if json.Unmarshal(raw, &m) != nil || !usable(m.ID) || !isPhone(m.From) {
		return message.Inbound{}, false
	}
	in := message.Inbound{
		ProviderID: strings.Clone(m.ID), From: "+" + strings.TrimPrefix(m.From, "+"), Kind: strings.Clone(m.Type), At: moment(m.Timestamp),
		Text: strings.Clone(cmp.Or(m.Text.Body, m.Button.Text, m.Interactive.Button.Title, m.Interactive.List.Title,
			m.Image.Caption, m.Video.Caption, m.Document.Caption)),
	}
	if usable(m.Context.ID) {
		in.ReplyTo = strings.Clone(m.Context.ID)
	}
	return in, len(in.Kind) <= maxKind
}

// maxKind bounds the name of a kind of messages.
const maxKind = 64
