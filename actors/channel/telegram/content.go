package telegram

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// Telegram's limits, in characters, and ours on what goes in parts.
const (
	maxText    = 4096
	maxCaption = 1024
	maxWhole   = 10 * maxText
)

// The kinds of media, named as in the contract.
const (
	image    = "image"
	video    = "video"
	audio    = "audio"
	document = "document"
)

// checkRecipient takes a chat's number or a public name.
func checkRecipient(to string) error {
	if _, ok := chatNumber(to); ok || isName(to) {
		return nil
	}
	return errors.New("must be a chat's number such as 123456789 or -1001234567890, or the @name of a public group or channel; Telegram has no phone numbers")
}

// maxChat bounds a chat's number: Telegram promises at most 52 bits.
const maxChat = 1<<52 - 1

func chatNumber(to string) (int64, bool) {
	n, err := strconv.ParseInt(to, 10, 64)
	ok := err == nil && n != 0 && n >= -maxChat && n <= maxChat && strconv.FormatInt(n, 10) == to
	return n, ok
}

// isName reports whether to is an at sign and 4 to 32 letters, digits and
// underscores, the first a letter.
func isName(to string) bool {
	if len(to) < 5 || len(to) > 33 || to[0] != '@' || !letter(to[1]) {
		return false
	}
	for _, c := range []byte(to[2:]) {
		if !letter(c) && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// checkContent refuses what no sender can carry: long texts go in parts, where
// the sender's settings say so.
func checkContent(s *message.Step) *channel.Fault {
	switch s.ContentType {
	case message.Text, message.Media:
		return tooLong(s.Content)
	case message.Template:
		return nil
	}
	return &channel.Fault{Param: "contentType", Code: "unsupported_content_type", Message: "Telegram carries text, template and media"}
}

func tooLong(text string) *channel.Fault {
	n := utf8.RuneCountInString(text)
	if n <= maxWhole {
		return nil
	}
	return &channel.Fault{
		Param: "content", Code: string(channel.ContentTooLong),
		Message: fmt.Sprintf("content has %d characters; Telegram is sent at most %d, in ten messages", n, maxWhole),
	}
}

// mediaType returns the step's kind of medium, from the URL's extension where
// the client does not say.
func mediaType(s *message.Step) string {
	if s.MediaType != "" {
		return s.MediaType
	}
	switch extension(s.MediaURL) {
	case ".jpg", ".jpeg", ".png", ".webp":
		return image
	case ".mp4":
		return video
	case ".mp3", ".m4a", ".ogg", ".oga", ".opus":
		return audio
	}
	return document
}

// isVoice reports whether an audio goes as a voice message: what is encoded
// with Opus is not taken as music.
func isVoice(link string) bool {
	switch extension(link) {
	case ".ogg", ".oga", ".opus":
		return true
	}
	return false
}

func extension(link string) string {
	file, _, _ := strings.Cut(link, "?")
	return strings.ToLower(path.Ext(file))
}
