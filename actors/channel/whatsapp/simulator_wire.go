package whatsapp

import "strings"

// simMessage is what Meta reads in a send. The types of this file are the
// simulator's own.
type simMessage struct {
	Product       string       `json:"messaging_product"`
	RecipientType string       `json:"recipient_type"`
	To            string       `json:"to"`
	Recipient     string       `json:"recipient"`
	Type          string       `json:"type"`
	Ref           string       `json:"biz_opaque_callback_data"`
	Context       *simContext  `json:"context"`
	Text          *simText     `json:"text"`
	Image         *simMedium   `json:"image"`
	Video         *simMedium   `json:"video"`
	Audio         *simMedium   `json:"audio"`
	Document      *simMedium   `json:"document"`
	Template      *simTemplate `json:"template"`
}

type simContext struct {
	MessageID string `json:"message_id"`
}

type simText struct {
	Body    *string `json:"body"`
	Preview bool    `json:"preview_url"`
}

type simMedium struct {
	ID       string `json:"id"`
	Link     string `json:"link"`
	Caption  string `json:"caption"`
	Filename string `json:"filename"`
}

type simTemplate struct {
	Name     string `json:"name"`
	Language *struct {
		Code   string `json:"code"`
		Policy string `json:"policy"`
	} `json:"language"`
	Components []simComponent `json:"components"`
}

type simComponent struct {
	Type       string         `json:"type"`
	SubType    string         `json:"sub_type"`
	Index      string         `json:"index"`
	Parameters []simParameter `json:"parameters"`
}

type simParameter struct {
	Type       string     `json:"type"`
	Name       string     `json:"parameter_name"`
	Text       *string    `json:"text"`
	Payload    *string    `json:"payload"`
	CouponCode *string    `json:"coupon_code"`
	Image      *simMedium `json:"image"`
	Video      *simMedium `json:"video"`
	Document   *simMedium `json:"document"`
}

type simAnswer struct {
	Product  string        `json:"messaging_product"`
	Contacts []simContact  `json:"contacts"`
	Messages []simAccepted `json:"messages"`
}

type simContact struct {
	Input  string `json:"input"`
	WaID   string `json:"wa_id,omitempty"`
	UserID string `json:"user_id,omitempty"`
}

type simAccepted struct {
	ID     string `json:"id"`
	Status string `json:"message_status,omitempty"`
}

type simError struct {
	Message string        `json:"message"`
	Type    string        `json:"type"`
	Code    int           `json:"code"`
	Subcode int           `json:"error_subcode,omitempty"`
	Data    *simErrorData `json:"error_data,omitempty"`
	Trace   string        `json:"fbtrace_id"`
}

type simErrorData struct {
	Product string `json:"messaging_product"`
	Details string `json:"details"`
}

// address returns whom the message is for: the phone number wins.
func (m *simMessage) address() string {
	if m.To != "" {
		return strings.TrimPrefix(m.To, "+")
	}
	return m.Recipient
}

// medium returns the member that the message's type names.
func (m *simMessage) medium() *simMedium {
	switch m.Type {
	case "image":
		return m.Image
	case "video":
		return m.Video
	case "audio":
		return m.Audio
	case "document":
		return m.Document
	}
	return nil
}

// summary tells the content in a line of the ledger.
func (m *simMessage) summary() string {
	switch {
	case m.Text != nil:
		return *m.Text.Body
	case m.Template != nil:
		return m.Template.summary()
	}
	medium := m.medium()
	return strings.TrimSpace(medium.Link + medium.ID + " " + medium.Caption)
}

func (t *simTemplate) summary() string {
	words := []string{t.Name}
	for _, c := range t.Components {
		for _, p := range c.Parameters {
			if p.Text != nil {
				words = append(words, *p.Text)
			}
		}
	}
	return strings.Join(words, " ")
}
