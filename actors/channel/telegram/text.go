package telegram

import (
	"html"
	"strings"

	"messagehub/actors/channel"
	"messagehub/actors/channel/texts"
	"messagehub/store/message"
)

// The modes of parsing a text. Without one, nothing in it is markup.
const (
	modeHTML     = "HTML"
	modeMarkdown = "MarkdownV2"
)

// maxBytes is the longest text that the server parses.
const maxBytes = 32768

// parts returns what a text is sent as, the first of at most first characters:
// never none. A text in MarkdownV2 is not measured: Telegram does it.
func (a *adapter) parts(text string, first int) ([]string, error) {
	markup := a.mode == modeHTML
	if a.mode == modeMarkdown || width(text, markup) <= first {
		return fits([]string{text})
	}
	if !a.divides {
		return nil, channel.Failed(channel.ContentTooLong, "", "the text is too long for one message")
	}
	parts, ok := split(text, markup, first, maxText)
	switch {
	case !ok:
		return nil, channel.Failed(channel.ContentTooLong, "", "the text can't be divided: an element or a character in it is too long, or markup does not close")
	case len(parts) == 0:
		return nil, channel.Failed(channel.ContentRejected, "", "the text is blank")
	}
	return fits(parts)
}

func fits(parts []string) ([]string, error) {
	for _, part := range parts {
		if len(part) > maxBytes {
			return nil, channel.Failed(channel.ContentTooLong, "", "the text with its markup is longer than Telegram parses")
		}
	}
	return parts, nil
}

// templates are those of the settings.
type templates struct {
	stored   map[string]texts.Template
	language string // where the message names none
}

// render makes the text of a step's template. What the parameters hold is no
// markup.
func (t templates) render(s *message.Step, mode string) (string, error) {
	stored, ok := t.stored[s.TemplateID]
	if !ok {
		return "", channel.Failed(channel.TemplateNotFound, "", "the sender's settings have no template of this name")
	}
	return stored.Render(s, t.language, escaper(mode))
}

// escaper returns what takes its meaning from markup in a mode.
func escaper(mode string) func(string) string {
	switch mode {
	case modeHTML:
		return html.EscapeString
	case modeMarkdown:
		return escapeMarkdown
	}
	return nil
}

// escapeMarkdown puts a backslash before what MarkdownV2 can take for markup.
func escapeMarkdown(text string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		if strings.IndexByte("\\_*[]()~`>#+-=|{}.!", c) >= 0 {
			out.WriteByte('\\')
		}
		out.WriteByte(c)
	}
	return out.String()
}
