package sms

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// maxBody is Twilio's limit, in characters.
const maxBody = 1600

// checkRecipient takes what E.164 allows.
func checkRecipient(to string) error {
	if !isPhone(to) {
		return errors.New("must be a phone number in E.164: a plus sign, country code and number, such as +16505551234")
	}
	return nil
}

// isPhone reports whether to is a plus sign and 2 to 15 digits, the first not
// a zero.
func isPhone(to string) bool {
	if len(to) < 3 || len(to) > 16 || to[0] != '+' || to[1] == '0' {
		return false
	}
	for _, c := range []byte(to[1:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// checkContent refuses what Twilio can never carry.
func checkContent(s *message.Step) *channel.Fault {
	switch s.ContentType {
	case message.Text, message.Media:
		return tooLong(s.Content)
	case message.Template:
		return checkTemplate(s)
	}
	return &channel.Fault{Param: "contentType", Code: "unsupported_content_type", Message: "SMS carries text, template and media"}
}

func tooLong(text string) *channel.Fault {
	if len(text) <= maxBody {
		return nil
	}
	n := utf8.RuneCountInString(text)
	if n <= maxBody {
		return nil
	}
	return &channel.Fault{
		Param: "content", Code: string(channel.ContentTooLong),
		Message: fmt.Sprintf("content has %d characters; an SMS has at most %d", n, maxBody),
	}
}

func checkTemplate(s *message.Step) *channel.Fault {
	if !isSid("HX", s.TemplateID) {
		return &channel.Fault{
			Param: "templateId", Code: "invalid_parameter",
			Message: "templateId must be the SID of a content template at Twilio: HX and 32 hexadecimal digits",
		}
	}
	for _, p := range s.Params {
		if p.Value == "" {
			return &channel.Fault{
				Param: "templateParams", Code: "invalid_parameter",
				Message: fmt.Sprintf("templateParams has no value for %q; Twilio refuses empty ones", p.Name),
			}
		}
	}
	return nil
}

// textOf returns what a provider that carries text alone is given for a step:
// a medium goes as its link, below the caption.
func textOf(s *message.Step) (string, error) {
	switch s.ContentType {
	case message.Text:
		return s.Content, nil
	case message.Media:
		if s.Content == "" {
			return s.MediaURL, nil
		}
		return s.Content + "\n" + s.MediaURL, nil
	case message.Template:
		return "", channel.Failed(channel.TemplateNotFound, "", "this provider has no templates")
	}
	return "", channel.Failed(channel.ContentRejected, "", "SMS carries no "+s.ContentType.String())
}
