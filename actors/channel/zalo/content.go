package zalo

import (
	"path"
	"strings"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// outgoing is one request to send.
type outgoing struct {
	url   string
	body  any
	codes table // of the host
}

type consultation struct {
	Recipient struct {
		User string `json:"user_id"`
	} `json:"recipient"`
	Message content `json:"message"`
}

type content struct {
	Text       string      `json:"text,omitempty"`
	Attachment *attachment `json:"attachment,omitempty"`
}

type attachment struct {
	Type    string  `json:"type"`
	Payload payload `json:"payload"`
}

type payload struct {
	Template string    `json:"template_type"`
	Elements []element `json:"elements"`
}

type element struct {
	Media string `json:"media_type"`
	URL   string `json:"url"`
}

type userTemplate struct {
	User     string            `json:"user_id"`
	Template string            `json:"template_id"`
	Data     map[string]string `json:"template_data"`
}

type phoneTemplate struct {
	Phone    string            `json:"phone"`
	Template string            `json:"template_id"`
	Data     map[string]string `json:"template_data"`
	Tracking string            `json:"tracking_id"`
	Mode     string            `json:"mode,omitempty"`
}

// compose makes the request of a step. The recipient says which of Zalo's
// products carries it.
func (a *adapter) compose(r *channel.Request) (*outgoing, *channel.Error) {
	s := r.Step
	reserved := strings.HasPrefix(s.To, sim.Reserved)
	switch {
	case reserved && !r.Test, !reserved && !isUser(s.To) && !isPhone(s.To):
		return nil, channel.Failed(channel.InvalidRecipient, "", "neither a user id nor a phone number")
	case s.ContentType == message.Template && isPhone(s.To):
		return &outgoing{a.business + "/message/template", a.byPhone(r), businessCodes()}, nil
	case s.ContentType == message.Template:
		body := userTemplate{s.To, s.TemplateID, data(s.Params)}
		return &outgoing{a.openapi + "/v3.0/oa/message/template", body, openapiCodes()}, nil
	case isPhone(s.To):
		return nil, channel.Failed(channel.InvalidRecipient, "", "phone numbers get templates only; texts and media go to user ids")
	}
	body := consultation{Message: text(s)}
	body.Recipient.User = s.To
	return &outgoing{a.openapi + "/v3.0/oa/message/cs", body, openapiCodes()}, nil
}

func (a *adapter) byPhone(r *channel.Request) phoneTemplate {
	s := r.Step
	t := phoneTemplate{
		Phone: strings.TrimPrefix(s.To, "+"), Template: s.TemplateID, Data: data(s.Params), Tracking: trackingID(r.Ref),
	}
	if a.development {
		t.Mode = "development"
	}
	return t
}

func data(params []message.Param) map[string]string {
	out := make(map[string]string, len(params))
	for _, p := range params {
		out[p.Name] = p.Value
	}
	return out
}

// text makes the content of a consultation message. Zalo fetches images alone;
// other media go as a link.
func text(s *message.Step) content {
	if s.ContentType != message.Media {
		return content{Text: s.Content}
	}
	if kind := mediaType(s); kind == "image" || kind == "gif" {
		return content{Text: s.Content, Attachment: &attachment{"template", payload{"media", []element{{"image", s.MediaURL}}}}}
	}
	return content{Text: strings.TrimSpace(s.Content + "\n" + s.MediaURL)}
}

func mediaType(s *message.Step) string {
	if s.MediaType != "" {
		return s.MediaType
	}
	file, _, _ := strings.Cut(s.MediaURL, "?")
	switch strings.ToLower(path.Ext(file)) {
	case ".jpg", ".jpeg", ".png":
		return "image"
	}
	return "document"
}

// trackingID writes an attempt's Ref without the characters that Zalo advises
// against. The digits of our ids have no "u".
func trackingID(ref string) string {
	return strings.ReplaceAll(strings.Replace(ref, message.PrefixMessage, "msg", 1), "-", "u")
}

// refOf reads what trackingID wrote; "" if it is none of ours.
func refOf(tracking string) string {
	digits, ok := strings.CutPrefix(tracking, "msg")
	if !ok {
		return ""
	}
	ref := message.PrefixMessage + strings.ReplaceAll(digits, "u", "-")
	if _, _, _, ours := message.ParseAttemptRef(ref); !ours {
		return ""
	}
	return ref
}
