package whatsapp

import (
	"strconv"
	"strings"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// outgoing is the body of a send.
type outgoing struct {
	Product       string    `json:"messaging_product"`
	RecipientType string    `json:"recipient_type"`
	To            string    `json:"to,omitempty"`
	Recipient     string    `json:"recipient,omitempty"` // a business-scoped user id
	Type          string    `json:"type"`
	Text          *text     `json:"text,omitempty"`
	Image         *medium   `json:"image,omitempty"`
	Video         *medium   `json:"video,omitempty"`
	Audio         *medium   `json:"audio,omitempty"`
	Document      *medium   `json:"document,omitempty"`
	Template      *template `json:"template,omitempty"`
	Ref           string    `json:"biz_opaque_callback_data,omitempty"`
}

type text struct {
	Body    string `json:"body"`
	Preview bool   `json:"preview_url"`
}

type medium struct {
	Link     string `json:"link"`
	Caption  string `json:"caption,omitempty"`
	Filename string `json:"filename,omitempty"`
}

type template struct {
	Name       string      `json:"name"`
	Language   language    `json:"language"`
	Components []component `json:"components,omitempty"`
}

type language struct {
	Code string `json:"code"`
}

type component struct {
	Type       string      `json:"type"`
	SubType    string      `json:"sub_type,omitempty"`
	Index      string      `json:"index,omitempty"`
	Parameters []parameter `json:"parameters"`
}

type parameter struct {
	Type       string  `json:"type"`
	Name       string  `json:"parameter_name,omitempty"`
	Text       string  `json:"text,omitempty"`
	Payload    string  `json:"payload,omitempty"`
	CouponCode string  `json:"coupon_code,omitempty"`
	Image      *medium `json:"image,omitempty"`
	Video      *medium `json:"video,omitempty"`
	Document   *medium `json:"document,omitempty"`
}

// encode makes the body of r. A step that has no form on the wire is an
// [*channel.Error].
func (a *adapter) encode(r *channel.Request) ([]byte, error) {
	out := outgoing{Product: "whatsapp", RecipientType: "individual", Ref: r.Ref}
	if isUserID(r.Step.To) {
		out.Recipient = r.Step.To
	} else {
		out.To = strings.TrimPrefix(r.Step.To, "+")
	}
	if err := a.fill(&out, r.Step); err != nil {
		return nil, err
	}
	body, err := json.Marshal(&out)
	if err != nil {
		return nil, channel.Failed(channel.ContentRejected, "", "the content can't be encoded")
	}
	return body, nil
}

func (a *adapter) fill(out *outgoing, s *message.Step) error {
	switch s.ContentType {
	case message.Text:
		out.Type, out.Text = "text", &text{s.Content, a.preview}
		return nil
	case message.Media:
		return out.medium(s)
	case message.Template:
		return a.template(out, s)
	}
	return channel.Failed(channel.ContentRejected, "", "WhatsApp carries no "+s.ContentType.String())
}

func (out *outgoing) medium(s *message.Step) error {
	m := &medium{Link: s.MediaURL, Caption: s.Content}
	switch out.Type = mediaType(s); out.Type {
	case image:
		out.Image = m
	case video:
		out.Video = m
	case audio:
		m.Caption, out.Audio = "", m
	case document:
		m.Filename, out.Document = s.Filename, m
	default:
		return channel.Failed(channel.MediaRejected, "", "WhatsApp carries image, video, audio and document")
	}
	return nil
}

func (a *adapter) template(out *outgoing, s *message.Step) error {
	sorted, err := sortParams(s.Params, a.format)
	if err != nil {
		return channel.Failed(channel.TemplateMismatch, "", err.Error())
	}
	code := strings.ReplaceAll(s.TemplateLanguage, "-", "_") // Meta's form
	if code == "" {
		code = a.language
	}
	t := &template{Name: s.TemplateID, Language: language{code}}
	if header := sorted.headerOf(s); header != nil {
		t.Components = append(t.Components, component{Type: "header", Parameters: []parameter{*header}})
	}
	if len(sorted.body) > 0 {
		t.Components = append(t.Components, component{Type: "body", Parameters: sorted.bodyOf()})
	}
	for _, b := range sorted.buttons {
		t.Components = append(t.Components, b.component())
	}
	out.Type, out.Template = "template", t
	return nil
}

// headerOf returns the header's one parameter: the medium, else the text.
func (p *params) headerOf(s *message.Step) *parameter {
	if s.MediaURL != "" {
		m := &medium{Link: s.MediaURL}
		switch mediaType(s) {
		case image:
			return &parameter{Type: image, Image: m}
		case video:
			return &parameter{Type: video, Video: m}
		}
		m.Filename = s.Filename
		return &parameter{Type: document, Document: m}
	}
	if p.header == nil {
		return nil
	}
	return &parameter{Type: "text", Name: p.name(p.header.Name), Text: p.header.Value}
}

func (p *params) bodyOf() []parameter {
	out := make([]parameter, len(p.body))
	for i, b := range p.body {
		out[i] = parameter{Type: "text", Name: p.name(b.Name), Text: b.Value}
	}
	return out
}

// name returns what a parameter's name is on the wire.
func (p *params) name(name string) string {
	if p.named {
		return name
	}
	return ""
}

func (b *buttonParam) component() component {
	out := component{Type: "button", SubType: b.subType, Index: strconv.Itoa(b.index)}
	switch b.subType {
	case "quick_reply":
		out.Parameters = []parameter{{Type: "payload", Payload: b.text}}
	case "copy_code":
		out.Parameters = []parameter{{Type: "coupon_code", CouponCode: b.text}}
	default:
		out.Parameters = []parameter{{Type: "text", Text: b.text}}
	}
	return out
}
