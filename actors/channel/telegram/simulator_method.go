package telegram

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"messagehub/actors/channel/sim"
)

// method is one that sends a message.
type method struct {
	name   string
	words  string // the field of the text or caption
	medium string // the field of the medium, if it has one
	limit  int    // of words, in characters
	fields []string
}

// methods returns the methods by their names in lower case: Telegram does not
// tell them apart.
func methods() map[string]method {
	out := map[string]method{"getme": {name: "getMe"}}
	for _, m := range []method{
		{name: "sendMessage", words: "text", limit: 4096, fields: []string{"entities", "link_preview_options"}},
		{name: "sendPhoto", words: "caption", medium: "photo", limit: 1024, fields: []string{
			"caption_entities", "has_spoiler", "show_caption_above_media",
		}},
		{name: "sendVideo", words: "caption", medium: "video", limit: 1024, fields: []string{
			"caption_entities", "cover", "duration", "has_spoiler", "height", "show_caption_above_media", "start_timestamp",
			"supports_streaming", "thumbnail", "width",
		}},
		{name: "sendAudio", words: "caption", medium: "audio", limit: 1024, fields: []string{
			"caption_entities", "duration", "performer", "thumbnail", "title",
		}},
		{name: "sendVoice", words: "caption", medium: "voice", limit: 1024, fields: []string{"caption_entities", "duration"}},
		{name: "sendDocument", words: "caption", medium: "document", limit: 1024, fields: []string{
			"caption_entities", "disable_content_type_detection", "thumbnail",
		}},
	} {
		m.fields = append(m.fields, common()...)
		m.fields = append(m.fields, m.words)
		if m.medium != "" {
			m.fields = append(m.fields, m.medium)
		}
		out[strings.ToLower(m.name)] = m
	}
	return out
}

// common are the fields of every method that sends.
func common() []string {
	return []string{
		"allow_paid_broadcast", "business_connection_id", "chat_id", "direct_messages_topic_id", "disable_notification",
		"message_effect_id", "message_thread_id", "parse_mode", "protect_content", "reply_markup", "reply_parameters",
		"suggested_post_parameters",
	}
}

// upgraded is the one group of the simulation that has become a supergroup.
const (
	upgraded   = "-404"
	supergroup = -1000000000404
)

// fields are what a call brings, as text: Telegram reads JSON and forms alike.
type fields map[string]string

// check returns what Telegram would refuse the call for.
func (f fields) check(m *method) *no {
	for name := range f {
		if !slices.Contains(m.fields, name) {
			return refuse(400, "Bad Request: "+m.name+" has no field "+strconv.QuoteToASCII(name))
		}
	}
	if n := f.chat(); n != nil {
		return n
	}
	if m.medium != "" {
		if n := f.media(m); n != nil {
			return n
		}
	}
	return f.text(m)
}

func (f fields) chat() *no {
	switch id := f["chat_id"]; {
	case id == "":
		return refuse(400, "Bad Request: chat_id is empty")
	case strings.HasPrefix(id, sim.Reserved), strings.HasPrefix(id, "@") && len(id) > 4:
		return nil
	case id == upgraded:
		n := refuse(400, "Bad Request: group chat was upgraded to a supergroup chat")
		n.Parameters = &hints{MigrateTo: supergroup}
		return n
	default:
		if n, err := strconv.ParseInt(id, 10, 64); err != nil || n == 0 || n > 1<<52 || n < -(1<<52) {
			return refuse(400, "Bad Request: chat not found")
		}
	}
	return nil
}

func (f fields) text(m *method) *no {
	words := f[m.words]
	switch {
	case !utf8.ValidString(words):
		return refuse(400, "Bad Request: strings must be encoded in UTF-8")
	case len(words) > 32768:
		return refuse(400, "Bad Request: text is too long")
	}
	seen, fault := parsed(words, f["parse_mode"])
	switch {
	case fault != "":
		return refuse(400, "Bad Request: "+fault)
	case m.medium == "" && strings.TrimSpace(seen) == "":
		return refuse(400, "Bad Request: message text is empty")
	case utf8.RuneCountInString(seen) <= m.limit:
		return nil
	case m.medium == "":
		return refuse(400, "Bad Request: message is too long")
	}
	return refuse(400, "Bad Request: message caption is too long")
}

func (f fields) media(m *method) *no {
	link := f[m.medium]
	if link == "" {
		return refuse(400, "Bad Request: there is no "+m.medium+" in the request")
	}
	u, err := url.Parse(link)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return refuse(400, "Bad Request: wrong file identifier/HTTP URL specified")
	}
	return nil
}
