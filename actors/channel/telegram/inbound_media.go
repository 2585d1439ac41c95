package telegram

import (
	"strings"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// tgFile is a file, whose id getFile takes.
type tgFile struct {
	ID       string `json:"file_id"`
	MimeType string `json:"mime_type"`
	Name     string `json:"file_name"`
}

type tgPoint struct {
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
}

// tgKind is a member of a message, and the kind of those that have it.
type tgKind struct{ member, kind string }

// attach reads what a message without a text holds, from the update. One of a
// kind that is not known is a medium. Source: Bot API, object Message.
func attach(in *message.Inbound, update []byte) {
	var u struct {
		Message map[string]json.RawMessage `json:"message"`
	}
	in.Kind = message.KindMedia
	if json.Unmarshal(update, &u) != nil {
		return
	}
	for _, k := range [...]tgKind{
		{"animation", message.KindVideo}, // which comes as a document, too
		{"photo", message.KindImage},
		{"video", message.KindVideo},
		{"video_note", message.KindVideo},
		{"audio", message.KindAudio},
		{"voice", message.KindAudio},
		{"document", message.KindDocument},
		{"sticker", message.KindSticker},
		{"venue", message.KindLocation}, // which comes as a location, too
		{"location", message.KindLocation},
		{"contact", message.KindContact},
	} {
		if raw := u.Message[k.member]; len(raw) > 0 && k.read(in, raw) {
			in.Kind = k.kind
			return
		}
	}
}

// read reads the member, if it is of its form.
func (k tgKind) read(in *message.Inbound, raw json.RawMessage) bool {
	switch k.member {
	case "photo":
		return readPhoto(in, raw)
	case "venue", "location":
		return readPlace(in, raw)
	case "contact":
		return readContact(in, raw)
	}
	var file tgFile
	if json.Unmarshal(raw, &file) != nil {
		return false
	}
	in.Attach(message.Medium{ID: file.ID, MimeType: file.MimeType, Filename: file.Name})
	return len(in.Media) > 0
}

// readPhoto takes the largest size of a photo, which is the last.
func readPhoto(in *message.Inbound, raw json.RawMessage) bool {
	var sizes []tgFile
	if json.Unmarshal(raw, &sizes) != nil || len(sizes) == 0 {
		return false
	}
	in.Attach(message.Medium{ID: sizes[len(sizes)-1].ID, MimeType: "image/jpeg"})
	return len(in.Media) > 0
}

func readPlace(in *message.Inbound, raw json.RawMessage) bool {
	var place struct {
		tgPoint
		Location tgPoint `json:"location"` // of a venue
		Title    string  `json:"title"`
		Address  string  `json:"address"`
	}
	if json.Unmarshal(raw, &place) != nil {
		return false
	}
	at := place.tgPoint
	if at.Latitude == nil {
		at = place.Location
	}
	if at.Latitude == nil || at.Longitude == nil {
		return false
	}
	in.Locate(message.Place{Latitude: *at.Latitude, Longitude: *at.Longitude, Name: place.Title, Address: place.Address})
	return in.Place != nil
}

func readContact(in *message.Inbound, raw json.RawMessage) bool {
	var c struct {
		Phone string `json:"phone_number"`
		First string `json:"first_name"`
		Last  string `json:"last_name"`
	}
	if json.Unmarshal(raw, &c) != nil {
		return false
	}
	in.Text = strings.Join(strings.Fields(c.First+" "+c.Last+" "+c.Phone), " ")
	return true
}
