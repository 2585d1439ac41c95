package whatsapp

import (
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"messagehub/actors/channel/sim"
	"messagehub/store/message/json"
)

// simFault is a refusal.
type simFault struct {
	code, subcode    int
	message, details string
}

// status is the HTTP status that goes with the code in Meta's older table.
func (f *simFault) status() int {
	switch f.code {
	case 0, 190:
		return 401
	case 10, 368, 131005, 131031:
		return 403
	case 132001:
		return 404
	case 131000, 131016, 131045, 131057:
		return 500
	case 2, 133004:
		return 503
	}
	return 400
}

func simInvalid(text string) *simFault { return &simFault{code: 100, message: text} }

func simMissing(parameter string) *simFault {
	return &simFault{code: 131008, message: "Required parameter is missing", details: "Parameter '" + parameter + "' is missing."}
}

func simBadValue(details string) *simFault {
	return &simFault{code: 131009, message: "Parameter value is not valid", details: details}
}

// simRead reads a send as strictly as Meta does.
func simRead(body []byte) (*simMessage, *simFault) {
	var m simMessage
	if err := json.UnmarshalStrict(body, &m); err != nil {
		return nil, simInvalid("Invalid parameter: the body is not a message object")
	}
	if m.Product != "whatsapp" {
		return nil, simInvalid("The parameter messaging_product is required.")
	}
	if m.RecipientType != "" && m.RecipientType != "individual" {
		return nil, simInvalid("Param recipient_type must be one of {INDIVIDUAL} - got " + m.RecipientType)
	}
	if fault := m.checkRecipient(); fault != nil {
		return nil, fault
	}
	if utf8.RuneCountInString(m.Ref) > 512 {
		return nil, simBadValue("biz_opaque_callback_data has more than 512 characters.")
	}
	return &m, m.checkContent()
}

var (
	simPhone = regexp.MustCompile(`^\+?[1-9][0-9]{6,14}$`)
	simUser  = regexp.MustCompile(`^[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}$`)
)

func (m *simMessage) checkRecipient() *simFault {
	switch {
	case m.To == "" && m.Recipient == "":
		return simInvalid("The parameter to is required.")
	case m.To == "" && !simUser.MatchString(m.Recipient):
		return simBadValue("recipient is not a business-scoped user id.")
	case m.To == "" || strings.HasPrefix(m.To, sim.Reserved):
		return nil
	case !simPhone.MatchString(m.To):
		return simBadValue("to is not a WhatsApp number.")
	case strings.TrimPrefix(m.To, "+") == simNumber:
		return &simFault{code: 131021, message: "Recipient cannot be sender", details: "Sender and recipient are the same phone number."}
	}
	return nil
}

func (m *simMessage) checkContent() *simFault {
	switch m.Type {
	case "", "text":
		return m.Text.check()
	case "template":
		if m.Template == nil {
			return simMissing("template")
		}
		return m.Template.check()
	case "image", "video", "audio", "document":
		medium := m.medium()
		if medium == nil {
			return simMissing(m.Type)
		}
		return medium.check(m.Type)
	}
	return simInvalid("Param type must be one of {AUDIO, DOCUMENT, IMAGE, TEMPLATE, TEXT, VIDEO} - got " + m.Type)
}

func (t *simText) check() *simFault {
	switch {
	case t == nil:
		return simMissing("text")
	case t.Body == nil || *t.Body == "":
		return simMissing("text.body")
	case utf8.RuneCountInString(*t.Body) > 4096:
		return simBadValue("text.body has more than 4096 characters.")
	}
	return nil
}

func (m *simMedium) check(kind string) *simFault {
	switch {
	case (m.ID == "") == (m.Link == ""):
		return simInvalid("Exactly one of id and link is required for " + kind)
	case m.Link != "" && !simLink(m.Link):
		return simBadValue(kind + ".link is not an http(s) URL.")
	case kind == "audio" && m.Caption != "":
		return simInvalid("Unexpected key \"caption\" on param \"audio\"")
	case kind != "document" && m.Filename != "":
		return simInvalid("Unexpected key \"filename\" on param \"" + kind + "\"")
	case utf8.RuneCountInString(m.Caption) > 1024:
		return simBadValue(kind + ".caption has more than 1024 characters.")
	}
	return nil
}

func simLink(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}
