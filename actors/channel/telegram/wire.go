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
	Voice    string   `json:"voice,omitempty"`
	Document string   `json:"document,omitempty"`
	Caption  string   `json:"caption,omitempty"`
	Mode     string   `json:"parse_mode,omitempty"`
	Preview  *preview `json:"link_preview_options,omitempty"`
	Silent   bool     `json:"disable_notification,omitempty"`
	Protect  bool     `json:"protect_content,omitempty"`
	Paid     bool     `json:"allow_paid_broadcast,omitempty"`
}

type preview struct {
	Disabled bool `json:"is_disabled"`
}

// call is one call of a method.
type call struct {
	method string
	body   outgoing
}

// compose makes the calls that send r. A step that has no form on the wire is
// an [*channel.Error].
func (a *adapter) compose(r *channel.Request) ([]call, error) {
	body := a.body
	to := r.Step.To
	if n, ok := chatNumber(to); ok {
		body.Chat = n
	} else if isName(to) || r.Test && strings.HasPrefix(to, sim.Reserved) {
		body.Chat = to
	} else {
		return nil, channel.Failed(channel.InvalidRecipient, "", "the recipient is no chat")
	}
	switch r.Step.ContentType {
	case message.Text:
		return a.written(body, r.Step.Content)
	case message.Template:
		text, err := a.texts.render(r.Step, a.mode)
		if err != nil {
			return nil, err
		}
		return a.written(body, text)
	case message.Media:
		return a.medium(body, r.Step)
	}
	return nil, channel.Failed(channel.ContentRejected, "", "Telegram carries no "+r.Step.ContentType.String())
}

// written makes the calls that send a text.
func (a *adapter) written(body outgoing, text string) ([]call, error) {
	parts, err := a.parts(text, maxText)
	if err != nil {
		return nil, err
	}
	calls := make([]call, len(parts))
	for i, part := range parts {
		calls[i] = a.words(body, part)
	}
	return calls, nil
}

func (a *adapter) words(body outgoing, text string) call {
	body.Text, body.Mode = text, a.mode
	if !a.preview {
		body.Preview = &preview{Disabled: true}
	}
	return call{"sendMessage", body}
}

// medium makes the calls that send a medium: its caption, where it is too
// long for one, goes on below.
func (a *adapter) medium(body outgoing, s *message.Step) ([]call, error) {
	parts, err := a.parts(s.Content, maxCaption)
	if err != nil {
		return nil, err
	}
	first, ok := shown(body, s)
	if !ok {
		return nil, channel.Failed(channel.MediaRejected, "", "Telegram carries image, video, audio and document")
	}
	if first.body.Caption = parts[0]; parts[0] != "" {
		first.body.Mode = a.mode
	}
	calls := []call{first}
	for _, part := range parts[1:] {
		calls = append(calls, a.words(body, part))
	}
	return calls, nil
}

// shown makes the call that sends a medium alone.
func shown(body outgoing, s *message.Step) (call, bool) {
	switch mediaType(s) {
	case image:
		body.Photo = s.MediaURL
		return call{"sendPhoto", body}, true
	case video:
		body.Video = s.MediaURL
		return call{"sendVideo", body}, true
	case audio:
		if isVoice(s.MediaURL) {
			body.Voice = s.MediaURL
			return call{"sendVoice", body}, true
		}
		body.Audio = s.MediaURL
		return call{"sendAudio", body}, true
	case document:
		body.Document = s.MediaURL
		return call{"sendDocument", body}, true
	}
	return call{}, false
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
