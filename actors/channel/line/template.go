package line

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// maxMessages is how many messages one push has at most.
const maxMessages = 5

// template is a list of LINE message objects, as JSON has them, with {{name}}
// in their texts.
type template []any

// parseTemplates reads the setting: an object of templates by name. A name
// may end in a language, as "order_shipped/ja".
func parseTemplates(text string) (map[string]template, error) {
	if text == "" {
		return nil, nil
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, errors.New("must be a JSON object of templates by name")
	}
	out := make(map[string]template, len(all))
	for name, value := range all {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		if err := checkTemplate(list); err != nil {
			return nil, fmt.Errorf("must be LINE messages: %q %w", channel.Clean(name), err)
		}
		out[name] = list
	}
	return out, nil
}

func checkTemplates(text string) error {
	_, err := parseTemplates(text)
	return err
}

func checkTemplate(t template) error {
	if len(t) == 0 || len(t) > maxMessages {
		return fmt.Errorf("has %d messages, not 1 to %d", len(t), maxMessages)
	}
	for _, m := range t {
		object, ok := m.(map[string]any)
		if !ok {
			return errors.New("holds what is no object")
		}
		kind, _ := object["type"].(string)
		if kind == "" {
			return errors.New("has a message without type")
		}
		if _, ok := object["altText"].(string); !ok && (kind == "template" || kind == "flex") {
			return errors.New("has a " + kind + " without altText")
		}
	}
	return nil
}

// render fills the step's template in.
func (a *adapter) render(s *message.Step) ([]any, *channel.Error) {
	t, ok := a.templates[s.TemplateID+"/"+s.TemplateLanguage]
	if !ok {
		t, ok = a.templates[s.TemplateID]
	}
	if !ok {
		return nil, channel.Failed(channel.TemplateNotFound, "", "the sender's settings have no template of this name")
	}
	f := filler{params: s.Params}
	out := make([]any, len(t))
	for i, m := range t {
		out[i] = f.value("", m)
	}
	if f.missing != "" {
		return nil, channel.Failed(channel.TemplateMismatch, "", "the template needs the parameter "+f.missing)
	}
	return out, nil
}

// filler copies a template, parameters in place.
type filler struct {
	params  []message.Param
	missing string // the first parameter that is not given
}

// value copies a value that is the member called name.
func (f *filler) value(name string, v any) any {
	switch v := v.(type) {
	case string:
		return f.text(name, v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = f.value(name, v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for member, inner := range v {
			out[member] = f.value(member, inner)
		}
		return out
	}
	return v
}

// text fills a text in. Inside an address a parameter is escaped, unless it is
// the whole address.
func (f *filler) text(name, text string) string {
	var out strings.Builder
	whole := text
	for {
		before, rest, ok := strings.Cut(text, "{{")
		param, after, closed := strings.Cut(rest, "}}")
		if !ok || !closed {
			out.WriteString(text)
			return out.String()
		}
		value := f.param(strings.TrimSpace(param))
		if isAddress(name) && whole != "{{"+param+"}}" {
			value = url.QueryEscape(value)
		}
		out.WriteString(before)
		out.WriteString(value)
		text = after
	}
}

func isAddress(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, "url") || strings.HasSuffix(lower, "uri")
}

func (f *filler) param(name string) string {
	for _, p := range f.params {
		if p.Name == name {
			return p.Value
		}
	}
	if f.missing == "" {
		f.missing = name
	}
	return ""
}
