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
	var path string
	var body sendRequest
	switch {
	case s.ContentType == message.Template:
		path, body = a.pool()+"messages", templated(s)
	case s.ContentType == message.BrandMessage && s.TemplateID != "":
		path, body = "basic-messages", templated(s)
	case s.ContentType == message.BrandMessage:
		path, body = "freestyle-messages", freestyle(s)
	default:
		return channel.Call{}, channel.Failed(channel.ContentRejected, "", "KakaoTalk carries templates and Brand Messages only")
	}
	to := &body.Recipients[0]
	to.Number, to.Grouping, body.Sender = recipientNo(s.To, a.foreign), r.Ref, a.sender
	if s.ContentType == message.BrandMessage {
		if e := a.advertise(&body, r.Expires); e != nil {
			return channel.Call{}, e
		}
	}
	text, err := json.Marshal(&body)
	if err != nil {
		return channel.Call{}, channel.Failed(channel.ContentRejected, "", "the content can't be encoded")
	}
	call := a.call("POST", familyOf(s.ContentType), path)
	call.Body = text
	call.Header[idempotencyHeader] = a.keys.of(r.Ref)
	return call, nil
}

// templated is a request to one recipient that names a template. A Brand
// Message may replace its image.
func templated(s *message.Step) sendRequest {
	to := recipient{Params: params(s.Params)}
	if s.ContentType == message.BrandMessage && s.MediaURL != "" {
		to.Images = []image{{s.MediaURL}}
	}
	return sendRequest{Template: s.TemplateID, Recipients: []recipient{to}}
}

func freestyle(s *message.Step) sendRequest {
	body := sendRequest{Bubble: "TEXT", Content: s.Content, Recipients: make([]recipient, 1)}
	if s.MediaURL != "" {
		body.Bubble, body.Image = "IMAGE", &image{s.MediaURL}
	}
	return body
}

// advertise adds what Brand Messages have beside AlimTalk.
func (a *adapter) advertise(body *sendRequest, expires message.Time) *channel.Error {
	at, e := a.requestDate(expires)
	body.At, body.OptOut, body.OptOutAuth = at, a.optOut, a.optOutAuth
	body.Recipients[0].Targeting = a.targeting
	return e
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
