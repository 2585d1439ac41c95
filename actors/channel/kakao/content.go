package kakao

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// NHN's limits.
const (
	maxContent      = 1300 // characters of a text, and of a template's parameter or its name
	maxBreaks       = 99   // line breaks of a freestyle text
	maxTemplateCode = 20
)

// checkRecipient takes a phone number in E.164.
func checkRecipient(to string) error {
	if !isPhone(to) {
		return errors.New("must be a phone number in E.164 such as +821012345678")
	}
	return nil
}

func isPhone(to string) bool {
	return len(to) >= 8 && len(to) <= 16 && to[0] == '+' && to[1] != '0' && strings.Trim(to[1:], "0123456789") == ""
}

// recipientNo is a number as NHN takes it: Korean ones in their national form.
func recipientNo(to, foreign string) string {
	if national, ok := strings.CutPrefix(to, "+82"); ok {
		return "0" + strings.TrimPrefix(national, "0")
	}
	if digits, ok := strings.CutPrefix(to, "+"); ok {
		return foreign + digits
	}
	return to
}

// checkContent refuses what KakaoTalk can never carry.
func checkContent(s *message.Step) *channel.Fault {
	if s.ContentType == message.Template && len(s.TemplateID) > maxTemplateCode {
		return invalid("templateId", fmt.Sprintf("has %d characters; an AlimTalk template's code has at most %d", len(s.TemplateID), maxTemplateCode))
	}
	if s.ContentType == message.BrandMessage && s.MediaURL != "" && s.MediaType != "" && s.MediaType != "image" {
		return invalid("mediaType", "is "+s.MediaType+"; a Brand Message takes an image only")
	}
	if s.ContentType == message.BrandMessage && s.TemplateID == "" {
		return checkFreestyle(s.Content)
	}
	return checkParams(s)
}

func checkParams(s *message.Step) *channel.Fault {
	for _, p := range s.Params {
		switch key, item, at := strings.Cut(p.Name, "@"); {
		case p.Name == "" || utf8.RuneCountInString(p.Name) > maxContent:
			return invalid("templateParams", fmt.Sprintf("has a name that is empty or longer than %d characters", maxContent))
		case at && (s.ContentType == message.Template || key == "" || !strings.HasPrefix(item, "$.carousel.list[")):
			return invalid("templateParams", `has a name with "@", which only a Brand Message's carousel takes, as in "name@$.carousel.list[0]"`)
		case utf8.RuneCountInString(p.Value) > maxContent:
			return tooLong("templateParams", fmt.Sprintf("has a value with more than %d characters", maxContent))
		}
	}
	return nil
}

func checkFreestyle(text string) *channel.Fault {
	if n := utf8.RuneCountInString(text); n > maxContent {
		return tooLong("content", fmt.Sprintf("has %d characters; a Brand Message has at most %d", n, maxContent))
	}
	if n := strings.Count(text, "\n"); n > maxBreaks {
		return tooLong("content", fmt.Sprintf("has %d line breaks; a Brand Message has at most %d", n, maxBreaks))
	}
	return nil
}

func invalid(param, text string) *channel.Fault {
	return &channel.Fault{Param: param, Code: "invalid_parameter", Message: param + " " + text + "."}
}

func tooLong(param, text string) *channel.Fault {
	return &channel.Fault{Param: param, Code: string(channel.ContentTooLong), Message: param + " " + text + "."}
}
