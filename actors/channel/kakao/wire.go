package kakao

import (
	"strings"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// family is one of NHN's two products: the beginning of its paths.
type family string

const (
	alimtalk family = "/alimtalk/v2.3/appkeys/"
	brand    family = "/brand-message/v1.0/appkeys/"
)

// familyOf is the product that carries a content type.
func familyOf(kind message.ContentType) family {
	if kind == message.BrandMessage {
		return brand
	}
	return alimtalk
}

// sendRequest is the body of all three ways to send.
type sendRequest struct {
	Sender     string      `json:"senderKey"`
	Template   string      `json:"templateCode,omitempty"`
	Bubble     string      `json:"chatBubbleType,omitempty"`
	At         string      `json:"requestDate,omitempty"`
	OptOut     string      `json:"unsubscribeNo,omitempty"`
	OptOutAuth string      `json:"unsubscribeAuthNo,omitempty"`
	Content    string      `json:"content,omitempty"`
	Image      *image      `json:"image,omitempty"`
	Recipients []recipient `json:"recipientList"`
}

type image struct {
	URL string `json:"imageUrl"`
}

type recipient struct {
	Number    string            `json:"recipientNo"`
	Targeting string            `json:"targeting,omitempty"`
	Params    map[string]string `json:"templateParameter,omitempty"`
	Images    []image           `json:"imageParameters,omitempty"`
	// Resend is NHN's own fallback. Left out, what the console says counts.
	Resend   resend `json:"resendParameter"`
	Grouping string `json:"recipientGroupingKey"`
}

type resend struct {
	On bool `json:"isResend"`
}

// compose makes the call that sends r.
func (a *adapter) compose(r *channel.Request) (channel.Call, *channel.Error) {
	s := r.Step
	if reserved := r.Test && strings.HasPrefix(s.To, sim.Reserved); !reserved && !isPhone(s.To) {
		return channel.Call{}, channel.Failed(channel.InvalidRecipient, "", "KakaoTalk is reached by phone number")
	}
	to := recipient{Number: recipientNo(s.To, a.foreign), Params: params(s.Params), Grouping: r.Ref}
	var path string
	var body *sendRequest
	switch {
	case s.ContentType == message.Template:
		path, body = a.pool()+"messages", &sendRequest{Template: s.TemplateID}
	case s.ContentType == message.BrandMessage && s.TemplateID != "":
		path, body = "basic-messages", &sendRequest{Template: s.TemplateID}
		if s.MediaURL != "" {
			to.Images = []image{{s.MediaURL}}
		}
	case s.ContentType == message.BrandMessage:
		path, body = "freestyle-messages", freestyle(s)
		to.Params = nil
	default:
		return channel.Call{}, channel.Failed(channel.ContentRejected, "", "KakaoTalk carries templates and Brand Messages only")
	}
	if s.ContentType == message.BrandMessage {
		at, e := a.requestDate(r.Expires)
		if e != nil {
			return channel.Call{}, e
		}
		to.Targeting, body.At, body.OptOut, body.OptOutAuth = a.targeting, at, a.optOut, a.optOutAuth
	}
	body.Sender, body.Recipients = a.sender, []recipient{to}
	text, err := json.Marshal(body)
	if err != nil {
		return channel.Call{}, channel.Failed(channel.ContentRejected, "", "the content can't be encoded")
	}
	call := a.call("POST", familyOf(s.ContentType), path)
	call.Body = text
	call.Header[idempotencyHeader] = a.keys.of(r.Ref)
	return call, nil
}

func freestyle(s *message.Step) *sendRequest {
	body := &sendRequest{Bubble: "TEXT", Content: s.Content}
	if s.MediaURL != "" {
		body.Bubble, body.Image = "IMAGE", &image{s.MediaURL}
	}
	return body
}

func params(given []message.Param) map[string]string {
	out := make(map[string]string, len(given))
	for _, p := range given {
		out[p.Name] = p.Value
	}
	return out
}

// pool is the path of the line that AlimTalk goes over.
func (a *adapter) pool() string {
	if a.authentication {
		return "auth/"
	}
	return ""
}

// call begins a call of NHN's API.
func (a *adapter) call(method string, f family, path string) channel.Call {
	return channel.Call{
		Method: method, URL: a.base + string(f) + a.appKey + "/" + path, ContentType: "application/json;charset=UTF-8",
		Header: map[string]string{"X-Secret-Key": a.secret},
	}
}
