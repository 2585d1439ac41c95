package whatsapp

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// Meta's limits, in characters.
const (
	maxText         = 4096
	maxCaption      = 1024
	maxTemplateName = 512
	maxUserID       = 128
	languagePattern = `^[a-z]{2,3}(_[A-Z][A-Za-z]{1,3})?$`
)

// The kinds of media, named as in the contract and on the wire.
const (
	image    = "image"
	video    = "video"
	audio    = "audio"
	document = "document"
)

// checkRecipient takes a phone number or a business-scoped user id.
func checkRecipient(to string) error {
	if isPhone(to) || isUserID(to) {
		return nil
	}
	return errors.New("must be a phone number in E.164 such as +16505551234, or a business-scoped user id such as US.13491208655302741918")
}

func isPhone(to string) bool {
	digits := strings.TrimPrefix(to, "+")
	return len(digits) >= 7 && len(digits) <= 15 && digits[0] != '0' && strings.Trim(digits, "0123456789") == ""
}

// isUserID reports whether to is a business-scoped user id: a country, a dot,
// "ENT." for a parent's, and letters or digits.
func isUserID(to string) bool {
	if len(to) < 4 || to[2] != '.' || !upper(to[0]) || !upper(to[1]) {
		return false
	}
	id := strings.TrimPrefix(to[3:], "ENT.")
	for i := range len(id) {
		if c := id[i] | 0x20; (id[i] < '0' || id[i] > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return len(id) > 0 && len(id) <= maxUserID
}

func upper(c byte) bool { return c >= 'A' && c <= 'Z' }

// checkContent refuses what WhatsApp can never carry.
func checkContent(s *message.Step) *channel.Fault {
	switch s.ContentType {
	case message.Text:
		return tooLong(s.Content, maxText, "text")
	case message.Media:
		return checkMedia(s)
	case message.Template:
		return checkTemplate(s)
	}
	return &channel.Fault{Param: "contentType", Code: "unsupported_content_type", Message: "WhatsApp carries text, template and media"}
}

func tooLong(text string, limit int, what string) *channel.Fault {
	n := utf8.RuneCountInString(text)
	if n <= limit {
		return nil
	}
	return &channel.Fault{
		Param: "content", Code: string(channel.ContentTooLong),
		Message: fmt.Sprintf("content has %d characters; a WhatsApp %s has at most %d", n, what, limit),
	}
}

func checkMedia(s *message.Step) *channel.Fault {
	if mediaType(s) == audio && s.Content != "" {
		return &channel.Fault{Param: "content", Code: "invalid_parameter", Message: "WhatsApp audio carries no caption: leave content out"}
	}
	return tooLong(s.Content, maxCaption, "caption")
}

func checkTemplate(s *message.Step) *channel.Fault {
	if len(s.TemplateID) > maxTemplateName || strings.Trim(s.TemplateID, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return &channel.Fault{
			Param: "templateId", Code: "invalid_parameter",
			Message: "templateId must be the name of a WhatsApp template: lower-case letters, digits and underscores",
		}
	}
	if s.MediaURL != "" && mediaType(s) == audio {
		return &channel.Fault{Param: "mediaType", Code: "invalid_parameter", Message: "a WhatsApp template's header takes image, video or document"}
	}
	if _, err := sortParams(s.Params, formatAuto); err != nil {
		return &channel.Fault{Param: "templateParams", Code: "invalid_parameter", Message: "templateParams " + err.Error()}
	}
	return nil
}

// mediaType returns the step's kind of medium, from the URL's extension where
// the client does not say.
func mediaType(s *message.Step) string {
	if s.MediaType != "" {
		return s.MediaType
	}
	file, _, _ := strings.Cut(s.MediaURL, "?")
	switch strings.ToLower(path.Ext(file)) {
	case ".jpg", ".jpeg", ".png":
		return image
	case ".mp4", ".3gp":
		return video
	case ".aac", ".amr", ".mp3", ".m4a", ".ogg", ".opus":
		return audio
	}
	return document
}
