package viber

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// The limits of the more generous of the two providers, in characters.
const (
	maxText         = maxBotText
	maxTemplateName = 200
	languagePattern = `^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`
)

// checkRecipient takes what either provider addresses: a phone number, or the
// id of a bot's user. Which of them the sender can reach, its adapter knows.
func checkRecipient(to string) error {
	if isPhone(to) || isUserID(to) {
		return nil
	}
	return errors.New("must be a phone number in E.164 such as +16505551234, or, for a bot, the Viber id of its user such as 01234567890A=")
}

// isPhone reports whether to is a plus sign and 7 to 15 digits, the first not
// a zero.
func isPhone(to string) bool {
	digits, plus := strings.CutPrefix(to, "+")
	return plus && len(digits) >= 7 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// isUserID reports whether to looks like a Viber user id: Base64 that ends with
// its padding. The padding tells it from the ids of other channels, so that
// a fallback step never takes one of those over.
func isUserID(to string) bool {
	id := strings.TrimRight(to, "=")
	padding := len(to) - len(id)
	if padding < 1 || padding > 2 || len(id) < 8 || len(id) > 62 {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '+' && c != '/' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// reserved reports whether r goes to a recipient of the sandbox.
func reserved(r *channel.Request) bool { return r.Test && strings.HasPrefix(r.Step.To, sim.Reserved) }

// checkContent refuses what neither provider carries.
func checkContent(s *message.Step) *channel.Fault {
	switch s.ContentType {
	case message.Text, message.Media:
		n := utf8.RuneCountInString(s.Content)
		if n <= maxText {
			return nil
		}
		return &channel.Fault{
			Param: "content", Code: string(channel.ContentTooLong),
			Message: fmt.Sprintf("content has %d characters; Viber takes at most %d from a bot and %d from a business", n, maxBotText, maxInfobipText),
		}
	case message.Template:
		if len(s.TemplateID) > maxTemplateName || channel.Clean(s.TemplateID) != s.TemplateID {
			return &channel.Fault{
				Param: "templateId", Code: "invalid_parameter",
				Message: fmt.Sprintf("templateId must be at most %d printable characters", maxTemplateName),
			}
		}
		return nil
	}
	return &channel.Fault{Param: "contentType", Code: "unsupported_content_type", Message: "Viber carries text, template and media"}
}

// tooLong makes the refusal of a text beyond limit characters; nil if it is
// not.
func tooLong(text string, limit int) error {
	if len(text) <= limit {
		return nil
	}
	if n := utf8.RuneCountInString(text); n > limit {
		return channel.Failed(channel.ContentTooLong, "", fmt.Sprintf("%d characters, at most %d", n, limit))
	}
	return nil
}

// unsupported makes the refusal of a content type.
func unsupported(t message.ContentType) error {
	return channel.Failed(channel.ContentRejected, "", "Viber carries no "+t.String())
}
