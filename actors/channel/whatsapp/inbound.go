package whatsapp

import (
	"cmp"
	"strconv"
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

// customerMessage is one message of a customer. What it holds is a member that
// is named like its type.
type customerMessage struct {
	From      string          `json:"from"` // digits, without a plus sign; may be missing
	UserID    string          `json:"from_user_id"`
	ID        string          `json:"id"`
	Timestamp json.RawMessage `json:"timestamp"`
	Type      string          `json:"type"`
	Context   struct {
		ID string `json:"id"`
	} `json:"context"`
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

// maxKind bounds the name of a kind of messages.
const maxKind = 64

func inbound(raw json.RawMessage) (message.Inbound, bool) {
	var m customerMessage
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil || json.Unmarshal(raw, &members) != nil || !usable(m.ID) || len(m.Type) > maxKind || m.Type == "system" {
		return message.Inbound{}, false
	}
	in := message.Inbound{ProviderID: strings.Clone(m.ID), Kind: strings.Clone(m.Type), At: moment(m.Timestamp)}
	switch {
	case isPhone(m.From):
		in.From = "+" + strings.TrimPrefix(m.From, "+")
	case isUserID(m.UserID): // the customer hides his number
		in.From = strings.Clone(m.UserID)
	default:
		return message.Inbound{}, false
	}
	if usable(m.Context.ID) {
		in.ReplyTo = strings.Clone(m.Context.ID)
	}
	readContent(&in, members[m.Type])
	return in, true
}

// inboundMedium is a medium of a customer, whose id the media endpoint takes.
type inboundMedium struct {
	ID       string `json:"id"`
	URL      string `json:"url"`
	MimeType string `json:"mime_type"`
	Filename string `json:"filename"`
	Caption  string `json:"caption"`
}

// readContent reads what a message holds. What can't be read is missing.
func readContent(in *message.Inbound, raw json.RawMessage) {
	switch in.Kind {
	case message.KindImage, message.KindVideo, message.KindAudio, message.KindDocument, message.KindSticker:
		var medium inboundMedium
		if json.Unmarshal(raw, &medium) == nil {
			in.Text = strings.Clone(medium.Caption)
			in.Attach(message.Medium{ID: medium.ID, URL: medium.URL, MimeType: medium.MimeType, Filename: medium.Filename})
		}
	case message.KindLocation:
		readPlace(in, raw)
	case "contacts":
		in.Kind, in.Text = message.KindContact, contactsOf(raw)
	case "reaction":
		var reaction struct {
			Emoji string
			ID    string `json:"message_id"`
		}
		if json.Unmarshal(raw, &reaction) == nil {
			in.Text = strings.Clone(reaction.Emoji)
			if usable(reaction.ID) {
				in.ReplyTo = strings.Clone(reaction.ID)
			}
		}
	default:
		readWords(in, raw)
	}
}

// readWords reads a text, or the button that was pressed.
func readWords(in *message.Inbound, raw json.RawMessage) {
	var words struct {
		Body   string                 // of a text
		Text   string                 // of a template's button
		Button struct{ Title string } `json:"button_reply"`
		List   struct{ Title string } `json:"list_reply"`
	}
	if json.Unmarshal(raw, &words) != nil {
		return
	}
	in.Text = strings.Clone(cmp.Or(words.Body, words.Text, words.Button.Title, words.List.Title))
	if in.Kind == "interactive" {
		in.Kind = message.KindButton
	}
}

// contactsOf returns the names and numbers of shared contacts.
func contactsOf(raw json.RawMessage) string {
	var contacts []struct {
		Name struct {
			Formatted string `json:"formatted_name"`
		}
		Phones []struct{ Phone string }
	}
	var lines []string
	if json.Unmarshal(raw, &contacts) == nil {
		for _, c := range contacts {
			line := c.Name.Formatted
			for _, p := range c.Phones {
				line += " " + p.Phone
			}
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n")
}

// readPlace reads a location, whose degrees Meta's own schema calls text.
func readPlace(in *message.Inbound, raw json.RawMessage) {
	var place struct {
		Latitude, Longitude json.RawMessage
		Name, Address       string
	}
	if json.Unmarshal(raw, &place) != nil {
		return
	}
	latitude, err1 := strconv.ParseFloat(strings.Trim(string(place.Latitude), `"`), 64)
	longitude, err2 := strconv.ParseFloat(strings.Trim(string(place.Longitude), `"`), 64)
	if err1 == nil && err2 == nil {
		in.Locate(message.Place{Latitude: latitude, Longitude: longitude, Name: place.Name, Address: place.Address})
	}
}
