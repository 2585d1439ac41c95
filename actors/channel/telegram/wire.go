package telegram

import (
	"strings"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// outgoing is the body of every method that sends.
type outgoing struct {
	Chat     any      `json:"chat_id"` // int64, or a string: @name
	Text     string   `json:"text,omitempty"`
	Photo    string   `json:"photo,omitempty"`
	Video    string   `json:"video,omitempty"`
	Audio    string   `json:"audio,omitempty"`
	Document string   `json:"document,omitempty"`
	Caption  string   `json:"caption,omitempty"`
	Preview  *preview `json:"link_preview_options,omitempty"`
	Silent   bool     `json:"disable_notification,omitempty"`
	Protect  bool     `json:"protect_content,omitempty"`
}

type preview struct {
	Disabled bool `json:"is_disabled"`
}

// call is one call of a method.
type call struct {
	method string
	body   outgoing
}

// compose makes the call that sends r. A step that has no form on the wire is
// an [*channel.Error].
func (a *adapter) compose(r *channel.Request) (call, error) {
	c := call{body: outgoing{Silent: a.silent, Protect: a.protect}}
	to := r.Step.To
	if n, ok := chatNumber(to); ok {
		c.body.Chat = n
	} else if isName(to) || r.Test && strings.HasPrefix(to, sim.Reserved) {
		c.body.Chat = to
	} else {
		return call{}, channel.Failed(channel.InvalidRecipient, "", "the recipient is no chat")
	}
	switch r.Step.ContentType {
	case message.Text:
		c.method, c.body.Text = "sendMessage", r.Step.Content
		if !a.preview {
			c.body.Preview = &preview{Disabled: true}
		}
		return c, nil
	case message.Media:
		return c.medium(r.Step)
	}
	return call{}, channel.Failed(channel.ContentRejected, "", "Telegram carries no "+r.Step.ContentType.String())
}

func (c call) medium(s *message.Step) (call, error) {
	c.body.Caption = s.Content
	switch mediaType(s) {
	case image:
		c.method, c.body.Photo = "sendPhoto", s.MediaURL
	case video:
		c.method, c.body.Video = "sendVideo", s.MediaURL
	case audio:
		c.method, c.body.Audio = "sendAudio", s.MediaURL
	case document:
		c.method, c.body.Document = "sendDocument", s.MediaURL
	default:
		return call{}, channel.Failed(channel.MediaRejected, "", "Telegram carries image, video, audio and document")
	}
	return c, nil
}

// envelope is every answer of the Bot API.
type envelope struct {
	OK          bool            `json:"ok"`
	Result      json.RawMessage `json:"result"`
	Code        int             `json:"error_code"`
	Description string          `json:"description"`
	Parameters  parameters      `json:"parameters"`
}

// parameters help to deal with an error.
type parameters struct {
	RetryAfter int64 `json:"retry_after"` // seconds
	MigratedTo int64 `json:"migrate_to_chat_id"`
}

// sent is the message that a yes tells of. Its number is its chat's alone.
type sent struct {
	Message int64 `json:"message_id"`
	Chat    struct {
		ID int64 `json:"id"`
	} `json:"chat"`
}
