package line

import (
	"fmt"
	"path"
	"strings"
	"time"
	"unicode/utf16"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

const (
	// maxText is counted in UTF-16 code units.
	maxText = 5000
	maxURL  = 2000
)

// The kinds of media, named as in the contract and on the wire.
const (
	image    = "image"
	video    = "video"
	audio    = "audio"
	document = "document"
)

// checkContent refuses what LINE can never carry.
func checkContent(s *message.Step) *channel.Fault {
	if n := len(utf16.Encode([]rune(s.Content))); n > maxText {
		return &channel.Fault{
			Param: "content", Code: string(channel.ContentTooLong),
			Message: fmt.Sprintf("content has %d characters; a LINE text has at most %d", n, maxText),
		}
	}
	if s.ContentType != message.Media || mediaType(s) == document {
		return nil
	}
	if !strings.HasPrefix(s.MediaURL, "https://") || len(s.MediaURL) > maxURL {
		return &channel.Fault{
			Param: "mediaUrl", Code: "invalid_parameter",
			Message: fmt.Sprintf("LINE fetches media over https only, from an address of at most %d characters", maxURL),
		}
	}
	return nil
}

// mediaType returns the step's kind of medium, from the URL's extension where
// the client does not say.
func mediaType(s *message.Step) string {
	if s.MediaType != "" {
		return s.MediaType
	}
	file, _, _ := strings.Cut(s.MediaURL, "?")
	switch strings.ToLower(path.Ext(file)) {
	case ".jpg", ".jpeg", ".png":
		return image
	case ".mp4":
		return video
	case ".m4a", ".mp3":
		return audio
	}
	return document
}

// pushBody is the body of a push.
type pushBody struct {
	To       string `json:"to"`
	Messages []any  `json:"messages"`
	Silent   bool   `json:"notificationDisabled,omitempty"`
}

type textMessage struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type mediaMessage struct {
	Type     string `json:"type"`
	Original string `json:"originalContentUrl"`
	Preview  string `json:"previewImageUrl,omitempty"`
	Duration int64  `json:"duration,omitempty"` // milliseconds
}

// push makes the body of a push.
func (a *adapter) push(to string, s *message.Step) (*pushBody, *channel.Error) {
	body := &pushBody{To: to, Silent: a.silent && a.mode == modePush}
	switch s.ContentType {
	case message.Text:
		body.Messages = []any{textMessage{"text", s.Content}}
	case message.Media:
		body.Messages = a.media(s)
	case message.Template:
		messages, e := a.render(s)
		if e != nil {
			return nil, e
		}
		body.Messages = messages
	default:
		return nil, channel.Failed(channel.ContentRejected, "", "LINE carries text, media and template")
	}
	return body, nil
}

// media makes the messages of a medium: its caption is a message of its own. A
// document, which LINE has not, and a video without a preview go as a link.
func (a *adapter) media(s *message.Step) []any {
	m := mediaMessage{Type: mediaType(s), Original: s.MediaURL}
	switch {
	case m.Type == image:
		m.Preview = s.MediaURL
	case m.Type == video && a.preview != "":
		m.Preview = a.preview
	case m.Type == audio:
		m.Duration = a.durationOf(s).Milliseconds()
	default:
		return []any{textMessage{"text", strings.TrimSpace(s.Content + "\n" + s.MediaURL)}}
	}
	if s.Content == "" {
		return []any{m}
	}
	return []any{m, textMessage{"text", s.Content}}
}

// durationOf is how long the audio is: the message's parameter "duration",
// such as "12s", or what the settings say.
func (a *adapter) durationOf(s *message.Step) time.Duration {
	for _, p := range s.Params {
		if d, err := time.ParseDuration(p.Value); p.Name == "duration" && err == nil && d > 0 {
			return d
		}
	}
	return a.duration
}

// notificationBody is the body of a templated notification message. The keys
// are LINE's own, from its list for the recipient's country.
type notificationBody struct {
	To       string `json:"to"`
	Template string `json:"templateKey"`
	Body     struct {
		Emphasized *item    `json:"emphasizedItem,omitempty"`
		Items      []item   `json:"items,omitempty"`
		Buttons    []button `json:"buttons,omitempty"`
	} `json:"body"`
}

type item struct {
	Key     string `json:"itemKey"`
	Content string `json:"content"`
}

type button struct {
	Key string `json:"buttonKey"`
	URL string `json:"url"`
}

// notification makes the body of a templated notification message: parameters
// are items, but for those named "emphasized.KEY" and "button.KEY".
func notification(to string, s *message.Step) (*notificationBody, *channel.Error) {
	if s.ContentType != message.Template {
		return nil, channel.Failed(channel.ContentRejected, "", "this sender sends LINE's own notification templates alone")
	}
	body := &notificationBody{To: to, Template: s.TemplateID}
	for _, p := range s.Params {
		if key, ok := strings.CutPrefix(p.Name, "emphasized."); ok {
			body.Body.Emphasized = &item{key, p.Value}
		} else if key, ok := strings.CutPrefix(p.Name, "button."); ok {
			body.Body.Buttons = append(body.Body.Buttons, button{key, p.Value})
		} else {
			body.Body.Items = append(body.Body.Items, item{p.Name, p.Value})
		}
	}
	return body, nil
}
