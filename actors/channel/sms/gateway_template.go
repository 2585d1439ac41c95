package sms

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"messagehub/store/message/json"
)

// placeholders are what a template may name.
func placeholders() []string {
	return []string{"to", "from", "text", "message_id", "callback_url", "encoding", "segments", "username", "secret"}
}

// headerPlaceholders are what a header may name: no text of many lines.
func headerPlaceholders() []string {
	return slices.DeleteFunc(placeholders(), func(name string) bool { return name == "text" })
}

// template is a text with placeholders.
type template []templatePart

// templatePart is a text, or the name of what stands at its place.
type templatePart struct{ text, name string }

// parseTemplate reads "a {to} b"; "{{" and "}}" stand for braces. Its errors
// follow the name of what is read.
func parseTemplate(text string, names []string) (template, error) {
	var out template
	literal := ""
	for text != "" {
		i := strings.IndexAny(text, "{}")
		if i < 0 {
			literal += text
			break
		}
		literal, text = literal+text[:i], text[i:]
		if strings.HasPrefix(text, "{{") || strings.HasPrefix(text, "}}") {
			literal, text = literal+text[:1], text[2:]
			continue
		}
		name, rest, closed := strings.Cut(text[1:], "}")
		if text[0] == '}' || !closed {
			return nil, errors.New("has a brace alone; write it twice where it is meant")
		}
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("names {%s}; there are {%s}", name, strings.Join(names, "}, {"))
		}
		out = append(out, templatePart{text: literal}, templatePart{name: name})
		literal, text = "", rest
	}
	return append(out, templatePart{text: literal}), nil
}

// names reports whether the template has a placeholder.
func (t template) names(name string) bool {
	return slices.ContainsFunc(t, func(p templatePart) bool { return p.name == name })
}

func (t template) expand(values map[string]string) string {
	var b strings.Builder
	for _, p := range t {
		b.WriteString(p.text)
		if p.name != "" {
			b.WriteString(values[p.name])
		}
	}
	return b.String()
}

// jsonTemplate is a JSON text whose strings are templates. What stands for a
// placeholder can't leave its string.
type jsonTemplate []jsonPart

// jsonPart is a piece of JSON, or a string to be expanded and quoted.
type jsonPart struct {
	raw  string
	text template
}

func parseJSONTemplate(text string) (jsonTemplate, error) {
	if !json.Valid([]byte(text)) {
		return nil, errors.New("must be JSON, with placeholders in its strings")
	}
	var out jsonTemplate
	for {
		start := strings.IndexByte(text, '"')
		if start < 0 {
			return append(out, jsonPart{raw: text}), nil
		}
		end := start + 1
		for text[end] != '"' {
			if text[end] == '\\' {
				end++
			}
			end++
		}
		var value string
		if err := json.Unmarshal([]byte(text[start:end+1]), &value); err != nil {
			return nil, errors.New("must be JSON, with placeholders in its strings")
		}
		t, err := parseTemplate(value, placeholders())
		if err != nil {
			return nil, err
		}
		out = append(out, jsonPart{raw: text[:start]}, jsonPart{text: t})
		text = text[end+1:]
	}
}

func (t jsonTemplate) names(name string) bool {
	return slices.ContainsFunc(t, func(p jsonPart) bool { return p.text.names(name) })
}

func (t jsonTemplate) expand(values map[string]string) ([]byte, error) {
	var out []byte
	for _, p := range t {
		out = append(out, p.raw...)
		if p.text == nil {
			continue
		}
		quoted, err := json.Marshal(p.text.expand(values))
		if err != nil {
			return nil, err
		}
		out = append(out, quoted...)
	}
	return out, nil
}

// templates are those of a query, a form or headers, by name.
type templates map[string]template

func parseTemplates(texts map[string]string, names []string) (templates, error) {
	out := make(templates, len(texts))
	for name, text := range texts {
		t, err := parseTemplate(text, names)
		if err != nil {
			return nil, fmt.Errorf("%s %w", name, err)
		}
		out[name] = t
	}
	return out, nil
}

func (t templates) names(name string) bool {
	for _, one := range t {
		if one.names(name) {
			return true
		}
	}
	return false
}
