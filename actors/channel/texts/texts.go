// Package texts keeps the templates of channels whose providers have none:
// texts in the sender's settings, by language, with {{name}} where a parameter
// goes.
package texts

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// Template is one template as a setting has it.
type Template struct {
	// Parameters are the names of its parameters, in their order. Without them
	// the placeholders count, in the order of the text.
	Parameters []string          `json:"parameters"`
	Text       map[string]string `json:"text"` // by language
}

// Parse reads a setting that holds templates by name, as JSON. Its error
// follows the setting's name.
func Parse(setting string) (map[string]Template, error) {
	if setting == "" {
		return nil, nil
	}
	var out map[string]Template
	if json.UnmarshalStrict([]byte(setting), &out) != nil || out == nil {
		return nil, errors.New(`must be a JSON object such as {"shipped": {"parameters": ["order"], "text": {"en": "Order {{order}} is on its way"}}}`)
	}
	for name, t := range out {
		if err := t.Check(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Check refuses texts with parameters that are not listed, in words that
// follow the setting's name.
func (t *Template) Check(name string) error {
	for language, text := range t.Text {
		for _, p := range placeholders(text) {
			if p == "" || len(t.Parameters) > 0 && !slices.Contains(t.Parameters, p) {
				return errors.New("has a text of " + strconv.Quote(name) + " (" + language + ") with a parameter that is not listed: " + strconv.Quote(p))
			}
		}
	}
	return nil
}

// placeholders returns the distinct names in a text, in the order in which
// they appear.
func placeholders(text string) []string {
	var out []string
	for {
		_, name, after, ok := next(text)
		if !ok {
			return out
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
		text = after
	}
}

// next finds the first placeholder of a text: what is before it, its name and
// what is after it.
func next(text string) (before, name, after string, ok bool) {
	before, rest, opened := strings.Cut(text, "{{")
	name, after, closed := strings.Cut(rest, "}}")
	return before, strings.TrimSpace(name), after, opened && closed
}

// Named gives the parameters the names that a template declares: a number n
// stands for the n-th. A template that declares none takes them as they are.
// Its error is an [*channel.Error].
func Named(given []message.Param, declared []string) (map[string]string, error) {
	out := make(map[string]string, len(given))
	for _, p := range given {
		name := p.Name
		if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(declared) && !slices.Contains(declared, name) {
			name = declared[n-1]
		}
		if _, twice := out[name]; twice || len(declared) > 0 && !slices.Contains(declared, name) {
			return nil, channel.Failed(channel.TemplateMismatch, "", "the template has no parameter for "+strconv.Quote(p.Name)+", or has it twice")
		}
		out[name] = p.Value
	}
	for _, name := range declared {
		if _, ok := out[name]; !ok {
			return nil, channel.Failed(channel.TemplateMismatch, "", "the parameter "+strconv.Quote(name)+" is missing")
		}
	}
	return out, nil
}

// Render makes the text of a step's template, in the step's language or else in
// the standard one. escape, unless it is nil, is done to the values. Its error
// is an [*channel.Error].
func (t *Template) Render(s *message.Step, standard string, escape func(string) string) (string, error) {
	text, ok := t.in(s.TemplateLanguage, standard)
	if !ok {
		return "", channel.Failed(channel.TemplateNotFound, "", "the setting templates has no text for it in this language")
	}
	declared := t.Parameters
	if len(declared) == 0 {
		declared = placeholders(text)
	}
	if len(declared) == 0 && len(s.Params) > 0 {
		return "", channel.Failed(channel.TemplateMismatch, "", "the template has no parameters")
	}
	values, err := Named(s.Params, declared)
	if err != nil {
		return "", err
	}
	if escape != nil {
		for name, value := range values {
			values[name] = escape(value)
		}
	}
	return fill(text, values), nil
}

// in returns the text in the language that was asked for, or in its base
// ("pt" of "pt-BR"); where none was, in the standard one or the only one.
func (t *Template) in(asked, standard string) (string, bool) {
	if asked == "" {
		if len(t.Text) == 1 {
			for _, text := range t.Text {
				return text, true
			}
		}
		asked = standard
	}
	for _, code := range []string{asked, strings.ReplaceAll(asked, "_", "-"), strings.ReplaceAll(asked, "-", "_"), asked[:max(0, strings.IndexAny(asked, "-_"))]} {
		if text, ok := t.Text[code]; ok {
			return text, true
		}
	}
	return "", false
}

// fill puts the values in. What a value holds is not looked at again.
func fill(text string, values map[string]string) string {
	var out strings.Builder
	for {
		before, name, after, ok := next(text)
		if !ok {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(before)
		out.WriteString(values[name])
		text = after
	}
}
