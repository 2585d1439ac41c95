package viber

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"messagehub/actors/channel"
	"messagehub/actors/channel/texts"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// Infobip's limits, in characters.
const (
	maxInfobipText  = 1000
	maxInfobipURL   = 1000
	maxInfobipValue = 125
)

// maxValidity is the longest that Infobip tries to deliver.
const maxValidity = 48 * time.Hour

// infobipRequest is the body of a send: always of one message.
type infobipRequest struct {
	Messages []infobipMessage `json:"messages"`
}

type infobipMessage struct {
	Sender       string               `json:"sender"`
	Destinations []infobipDestination `json:"destinations"`
	Content      infobipContent       `json:"content"`
	Options      infobipOptions       `json:"options"`
	Webhooks     infobipWebhooks      `json:"webhooks"`
}

type infobipDestination struct {
	To        string `json:"to"`
	MessageID string `json:"messageId"`
}

type infobipContent struct {
	Type       string            `json:"type"`
	Text       string            `json:"text,omitempty"`
	MediaURL   string            `json:"mediaUrl,omitempty"`
	Duration   string            `json:"mediaDuration,omitempty"`
	Thumbnail  string            `json:"thumbnailUrl,omitempty"`
	FileName   string            `json:"fileName,omitempty"`
	TemplateID string            `json:"templateId,omitempty"`
	Language   string            `json:"language,omitempty"`
	Parameters map[string]string `json:"parameters,omitempty"`
}

type infobipOptions struct {
	Label    string          `json:"label"`
	Validity infobipValidity `json:"validityPeriod"`
}

type infobipValidity struct {
	Amount int64  `json:"amount"`
	Unit   string `json:"timeUnit"`
}

type infobipWebhooks struct {
	Delivery     *infobipDelivery `json:"delivery,omitempty"`
	Seen         *infobipSeen     `json:"seen,omitempty"`
	ContentType  string           `json:"contentType"`
	CallbackData string           `json:"callbackData"`
}

type infobipDelivery struct {
	URL          string `json:"url"`
	Intermediate bool   `json:"intermediateReport"`
	Notify       bool   `json:"notify"`
}

type infobipSeen struct {
	URL string `json:"url"`
}

// encode makes the body of r. A step that has no form on the wire is an
// [*channel.Error].
func (a *infobip) encode(r *channel.Request, id string) ([]byte, error) {
	if !isPhone(r.Step.To) && !reserved(r) {
		return nil, channel.Failed(channel.InvalidRecipient, "", "Viber Business Messages go to phone numbers")
	}
	content, err := a.content(r.Step)
	if err != nil {
		return nil, err
	}
	m := infobipMessage{
		Sender:       a.sender,
		Destinations: []infobipDestination{{strings.TrimPrefix(r.Step.To, "+"), id}},
		Content:      content,
		Options:      infobipOptions{a.label, a.validity(r.Expires)},
		Webhooks:     infobipWebhooks{ContentType: "application/json", CallbackData: r.Ref},
	}
	if a.webhook != "" {
		m.Webhooks.Delivery = &infobipDelivery{URL: a.webhook, Notify: true}
		m.Webhooks.Seen = &infobipSeen{a.webhook}
	}
	body, err := json.Marshal(&infobipRequest{[]infobipMessage{m}})
	if err != nil {
		return nil, channel.Failed(channel.ContentRejected, "", "the content can't be encoded")
	}
	return body, nil
}

// validity is how long Infobip may try: what is left, in whole minutes.
func (a *infobip) validity(expires message.Time) infobipValidity {
	left := min(max(expires.Std().Sub(a.now()), time.Minute), maxValidity)
	return infobipValidity{int64((left + time.Minute - 1) / time.Minute), "MINUTES"}
}

func (a *infobip) content(s *message.Step) (infobipContent, error) {
	switch s.ContentType {
	case message.Text:
		return infobipText(s.Content)
	case message.Media:
		m := mediumOf(s)
		return m.infobip()
	case message.Template:
		return a.template(s)
	}
	return infobipContent{}, unsupported(s.ContentType)
}

func infobipText(text string) (infobipContent, error) {
	return infobipContent{Type: "TEXT", Text: text}, tooLong(text, maxInfobipText)
}

// infobip makes the content that carries the medium, as a link where no other
// can.
func (m *medium) infobip() (infobipContent, error) {
	c := infobipContent{MediaURL: m.url, Text: m.caption}
	switch {
	case len(m.url) > maxInfobipURL:
		return infobipText(m.link())
	case m.kind == image && m.is("", ".jpg", ".jpeg", ".png"):
		c.Type = "IMAGE"
	case m.kind == video && m.is("", ".mp4", ".m4v", ".mov", ".3gp") && m.duration > 0 && m.thumbnail != "" && len(m.thumbnail) <= maxInfobipURL:
		c.Type, c.Duration, c.Thumbnail = "VIDEO", fmt.Sprintf("PT%dS", m.duration), m.thumbnail
	case m.kind == document && m.caption == "" && isInfobipFile(m.name):
		c.Type, c.FileName = "FILE", m.name
	default:
		return infobipText(m.link())
	}
	return c, tooLong(m.caption, maxInfobipText)
}

// isInfobipFile reports whether Infobip takes a file of this name.
func isInfobipFile(name string) bool {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || channel.Clean(name) != name {
		return false
	}
	switch name[dot+1:] {
	case "doc", "docx", "dot", "dotx", "xls", "xlsx", "xlsm", "xltx", "ods", "fods", "odt", "fodt", "odf", "rtf",
		"txt", "info", "pdf", "xps", "pdax", "eps", "csv":
		return true
	}
	return false
}

func (a *infobip) template(s *message.Step) (infobipContent, error) {
	t := a.templates[s.TemplateID]
	values, err := texts.Named(s.Params, t.Parameters)
	if err != nil {
		return infobipContent{}, err
	}
	for name, value := range values {
		if utf8.RuneCountInString(value) > maxInfobipValue {
			return infobipContent{}, channel.Failed(channel.TemplateMismatch, "", fmt.Sprintf("the parameter %q has more than %d characters", name, maxInfobipValue))
		}
	}
	c := infobipContent{Type: "TEMPLATE", TemplateID: s.TemplateID, Language: s.TemplateLanguage, Parameters: values}
	if t.ID != "" {
		c.TemplateID = t.ID
	}
	if c.Language == "" {
		c.Language = a.language
	}
	return c, nil
}
