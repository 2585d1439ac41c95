package telegram

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// parsed returns what is seen of a text, or what Telegram finds wrong with
// its markup.
func parsed(text, mode string) (seen, fault string) {
	switch strings.ToLower(mode) {
	case "":
		return text, ""
	case "html":
		return parsedHTML(text)
	case "markdownv2":
		return parsedMarkdown(text)
	case "markdown": // the older one is not simulated
		return text, ""
	}
	return "", "unsupported parse_mode"
}

// parsedHTML knows the tags that Telegram does, each of which must close.
func parsedHTML(text string) (seen, fault string) {
	tags := []string{
		"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "tg-spoiler", "tg-emoji", "a", "code", "pre", "blockquote",
	}
	var out strings.Builder
	var open []string
	for rest := text; rest != ""; {
		plain, after, tagged := strings.Cut(rest, "<")
		out.WriteString(html.UnescapeString(plain))
		if !tagged {
			break
		}
		at := len(text) - len(after) - 1
		tag, next, closed := strings.Cut(after, ">")
		if !closed {
			return "", fmt.Sprintf("can't parse entities: Unclosed start tag at byte offset %d", at)
		}
		rest = next
		if name, end := strings.CutPrefix(tag, "/"); end {
			if len(open) == 0 || open[len(open)-1] != name {
				return "", fmt.Sprintf("can't parse entities: Unexpected end tag at byte offset %d", at)
			}
			open = open[:len(open)-1]
			continue
		}
		name, _, _ := strings.Cut(tag, " ")
		if !slices.Contains(tags, name) {
			return "", fmt.Sprintf("can't parse entities: Unsupported start tag %q at byte offset %d", name, at)
		}
		open = append(open, name)
	}
	if len(open) > 0 {
		return "", fmt.Sprintf("can't parse entities: Can't find end tag corresponding to start tag %q", open[len(open)-1])
	}
	return out.String(), ""
}

// parsedMarkdown wants what can be markup escaped, and marks in pairs. What is
// inside code and links is not looked into.
func parsedMarkdown(text string) (seen, fault string) {
	var out strings.Builder
	open := ""
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			i++
			out.WriteByte(text[i])
		case c == '`':
			end := strings.IndexByte(text[i+1:], '`')
			if end < 0 {
				return "", fmt.Sprintf("can't parse entities: Can't find end of Code entity at byte offset %d", i)
			}
			out.WriteString(text[i+1 : i+1+end])
			i += end + 1
		case strings.IndexByte("*_~", c) >= 0:
			if at := strings.IndexByte(open, c); at >= 0 {
				open = open[:at] + open[at+1:]
			} else {
				open += string(c)
			}
		case strings.HasPrefix(text[i:], "]("):
			end := strings.IndexByte(text[i:], ')')
			if end < 0 {
				return "", fmt.Sprintf("can't parse entities: Can't find end of a URL at byte offset %d", i)
			}
			i += end
		case c == '[', c == '>' && (i == 0 || text[i-1] == '\n'):
		case strings.HasPrefix(text[i:], "||"):
			open, i = toggled(open, c), i+1
		case strings.IndexByte(">#+-=|{}.!", c) >= 0:
			return "", fmt.Sprintf("can't parse entities: Character '%c' is reserved and must be escaped with the preceding '\\'", c)
		default:
			out.WriteByte(c)
		}
	}
	if open != "" {
		return "", "can't parse entities: Can't find end of the entity"
	}
	return out.String(), ""
}

// toggled opens a mark, or closes it.
func toggled(open string, c byte) string {
	if at := strings.IndexByte(open, c); at >= 0 {
		return open[:at] + open[at+1:]
	}
	return open + string(c)
}
