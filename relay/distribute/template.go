package distribute

import (
	"fmt"
	"slices"
	"strings"

	"messagehub/store/message"
	"messagehub/store/message/json"
)

// maxParameter is the longest name of a parameter, in bytes.
const maxParameter = 128

// part is a text, and the parameter behind it; empty: none.
type part struct{ text, parameter string }

// parts splits a text at its {{parameters}}. The error says what is wrong in
// words that follow the text's name.
func parts(text string) (out []part, err error) {
	for {
		before, rest, found := strings.Cut(text, "{{")
		if !found {
			return append(out, part{text: text}), nil
		}
		name, after, closed := strings.Cut(rest, "}}")
		name = strings.TrimSpace(name)
		switch {
		case !closed:
			return nil, fmt.Errorf("has a {{ that no }} closes")
		case name == "":
			return nil, fmt.Errorf("has {{}} without the name of a parameter")
		case len(name) > maxParameter || strings.ContainsAny(name, "{}\n\r"):
			return nil, fmt.Errorf("has {{ and }} with something between that is no name of a parameter")
		}
		out = append(out, part{before, name})
		text = after
	}
}

// CheckTemplate says what is wrong with the {{parameters}} of a text, in words
// that follow its name.
func CheckTemplate(text string) error {
	_, err := parts(text)
	return err
}

// render replaces the parameters of a text. missing names one without a value.
func render(text string, value func(name string) (string, bool)) (out, missing string) {
	if !strings.Contains(text, "{{") {
		return text, ""
	}
	split, err := parts(text)
	if err != nil { // it has been checked when it came
		return "", text
	}
	var b strings.Builder
	for _, p := range split {
		b.WriteString(p.text)
		if p.parameter == "" {
			continue
		}
		v, ok := value(p.parameter)
		if !ok {
			return "", p.parameter
		}
		b.WriteString(v)
	}
	return b.String(), ""
}

// valueOf returns what stands for a parameter: what the request says about the
// recipient, else what is known of the contact, who may be nil.
func valueOf(p *message.Addressee, c *message.Contact, name string) (string, bool) {
	if i := slices.IndexFunc(p.Params, func(m message.Param) bool { return m.Name == name }); i >= 0 {
		return p.Params[i].Value, true
	}
	if c == nil {
		return "", false
	}
	switch name {
	case "name":
		return c.Name, c.Name != ""
	case "externalId":
		return c.ExternalID, c.ExternalID != ""
	}
	if key, ok := strings.CutPrefix(name, "metadata."); ok {
		if i := slices.IndexFunc(c.Metadata, func(m message.Param) bool { return m.Name == key }); i >= 0 {
			return scalar(c.Metadata[i].Value)
		}
	}
	return "", false
}

// scalar returns a string, number or boolean of JSON as text.
func scalar(value string) (string, bool) {
	if !strings.HasPrefix(value, `"`) {
		return value, true
	}
	var text string
	err := json.Unmarshal([]byte(value), &text)
	return text, err == nil
}
