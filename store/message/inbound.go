package message

import (
	"math"
	"strings"
	"unicode/utf8"
)

// PrefixInbound begins the ids of messages that recipients write.
const PrefixInbound = "inb_"

const (
	// MaxInboundText is the longest text of an Inbound that is kept, in bytes.
	MaxInboundText = 16 << 10
	// MaxMedia is how many media of an Inbound are kept.
	MaxMedia = 16
	// maxMediumRef bounds the id and the address of a medium, in bytes.
	maxMediumRef = 2 << 10
	// maxMediumName bounds the name and the type of a medium, and what a place
	// is called, in bytes.
	maxMediumName = 256
)

// The kinds of messages that channels share. Others have the provider's word.
const (
	KindText     = "text"
	KindImage    = "image"
	KindVideo    = "video"
	KindAudio    = "audio"
	KindDocument = "document"
	KindSticker  = "sticker"
	KindLocation = "location"
	KindContact  = "contact"
	KindLink     = "link"
	// KindButton: a button was pressed; the text is what it says, or stands for.
	KindButton = "button"
	// KindBinary: octets that are no text, as hexadecimal digits.
	KindBinary = "binary"
	// KindMedia: media of several sorts.
	KindMedia = "media"
	// KindOptIn and KindOptOut: the recipient has followed or left the account
	// at the provider. There is no text.
	KindOptIn  = "opt_in"
	KindOptOut = "opt_out"
)

// Inbound is a message that somebody has written to a sender of ours.
//
// Ownership: an adapter's owns its memory.
type Inbound struct {
	ID    ID // the log's to give
	Owner Owner
	// Channel, Test and Sender are where it came in.
	Channel string
	Test    bool
	Sender  string
	// ProviderID is the provider's id of it: one that comes again is dropped.
	// Where it is empty, the provider has none.
	ProviderID string
	From       string // the writer's address on the channel
	// Kind is one of those above, or the provider's word.
	Kind string
	Text string // its text, caption or the button that was pressed
	// Media are attached to it; see [Inbound.Attach].
	Media []Medium
	// Place is set where a location was shared; see [Inbound.Locate].
	Place *Place
	// ReplyTo is the provider's id of the message that it answers; empty: none.
	ReplyTo    string
	At         Time // as the provider says; 0 if it does not
	ReceivedAt Time
}

// Medium is something attached to a message: an id to fetch it with at the
// provider, or an address, or both.
type Medium struct{ ID, URL, MimeType, Filename string }

// Place is a location that was shared, in degrees.
type Place struct {
	Latitude, Longitude float64
	Name, Address       string
}

// Attach adds a medium. What names none, or is longer than an id or an address
// can be, is left out; so is what comes after MaxMedia.
func (m *Inbound) Attach(x Medium) {
	if x.ID == "" && x.URL == "" || len(x.ID) > maxMediumRef || len(x.URL) > maxMediumRef || len(m.Media) == MaxMedia {
		return
	}
	m.Media = append(m.Media, Medium{strings.Clone(x.ID), strings.Clone(x.URL), cut(x.MimeType), cut(x.Filename)})
}

// Locate sets the place, if there is one on earth.
func (m *Inbound) Locate(p Place) {
	if p.exists() {
		m.Place = &Place{p.Latitude, p.Longitude, cut(p.Name), cut(p.Address)}
	}
}

func (p *Place) exists() bool { return math.Abs(p.Latitude) <= 90 && math.Abs(p.Longitude) <= 180 }

// cut returns the beginning of text that is kept of a name.
func cut(text string) string {
	if len(text) <= maxMediumName {
		return strings.Clone(text)
	}
	n := maxMediumName
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return strings.Clone(text[:n])
}

// Choice is what a message says about messages to its writer.
type Choice uint8

// The choices: nothing, no more of them, or again.
const (
	NoChoice Choice = iota
	OptsOut
	OptsIn
)
