package viber

import (
	"unicode/utf8"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// The Bot API's limits: characters, except where said.
const (
	maxBotText     = 7000
	maxBotCaption  = 512
	maxBotURL      = 2000
	maxBotFileName = 256
	maxBotRequest  = 30 << 10 // bytes
	maxBotVideo    = 26 << 20 // bytes
	maxBotDuration = 180      // seconds
	maxBotFile     = 50 << 20 // bytes
)

// botMessage is the body of a send.
type botMessage struct {
	Receiver   string    `json:"receiver"`
	MinVersion int       `json:"min_api_version"`
	Sender     botSender `json:"sender"`
	Tracking   string    `json:"tracking_data,omitempty"`
	Type       string    `json:"type"`
	Text       *string   `json:"text,omitempty"`
	Media      string    `json:"media,omitempty"`
	Thumbnail  string    `json:"thumbnail,omitempty"`
	Size       int64     `json:"size,omitempty"`
	Duration   int       `json:"duration,omitempty"`
	FileName   string    `json:"file_name,omitempty"`
}

type botSender struct {
	Name   string `json:"name"`
	Avatar string `json:"avatar,omitempty"`
}

// encode makes the body of r. A step that has no form on the wire is an
// [*channel.Error].
func (b *bot) encode(r *channel.Request) ([]byte, error) {
	if !isUserID(r.Step.To) && !reserved(r) {
		return nil, channel.Failed(channel.InvalidRecipient, "", "a Viber bot sends to the ids of its users alone")
	}
	m := botMessage{Receiver: r.Step.To, MinVersion: 1, Sender: b.sender, Tracking: r.Ref}
	if err := b.fill(&m, r.Step); err != nil {
		return nil, err
	}
	body, err := json.Marshal(&m)
	if err != nil {
		return nil, channel.Failed(channel.ContentRejected, "", "the content can't be encoded")
	}
	if len(body) > maxBotRequest {
		return nil, channel.Failed(channel.ContentTooLong, "", "the request has more than 30 KB")
	}
	return body, nil
}

func (b *bot) fill(m *botMessage, s *message.Step) error {
	switch s.ContentType {
	case message.Text:
		return m.text(s.Content)
	case message.Media:
		medium := mediumOf(s)
		return m.medium(&medium)
	case message.Template:
		t := b.templates[s.TemplateID]
		text, err := t.Render(s, b.language, nil)
		if err != nil {
			return err
		}
		return m.text(text)
	}
	return unsupported(s.ContentType)
}

func (m *botMessage) text(text string) error {
	m.Type, m.Text = "text", &text
	if text == "" {
		return channel.Failed(channel.ContentRejected, "", "the text is empty")
	}
	return tooLong(text, maxBotText)
}

// medium puts in what carries the medium, a link where nothing else can. Viber
// must be told a video's or a file's size.
func (m *botMessage) medium(from *medium) error {
	m.Media, m.Thumbnail = from.url, from.thumbnail
	switch {
	case from.kind == image && from.is(".jpg", ".jpeg", ".png", ".gif"):
		m.Type, m.Text = "picture", &from.caption
		return tooLong(from.caption, maxBotCaption)
	case from.kind == video && from.is(".mp4") && from.size > 0 && from.size <= maxBotVideo && from.duration <= maxBotDuration:
		m.Type, m.Size, m.Duration = "video", from.size, from.duration
		if from.caption != "" {
			m.Text = &from.caption
		}
		return tooLong(from.caption, maxBotCaption)
	case from.kind != image && from.caption == "" && from.isBotFile():
		m.Type, m.Size, m.FileName, m.Thumbnail = "file", from.size, from.name, ""
		return nil
	case from.caption == "" && len(from.url) <= maxBotURL:
		m.Type, m.Thumbnail = "url", ""
		return nil
	}
	m.Media, m.Thumbnail = "", ""
	return m.text(from.link())
}

// isBotFile reports whether a bot can send the medium as a file: it has a size
// and a name with an extension, and a file has no caption.
func (m *medium) isBotFile() bool {
	return m.size > 0 && m.size <= maxBotFile && extensionOf(m.name) != "" &&
		utf8.RuneCountInString(m.name) <= maxBotFileName && channel.Clean(m.name) == m.name
}
