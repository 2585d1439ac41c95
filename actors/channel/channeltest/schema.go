package channeltest

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Schema is the part of an OpenAPI schema that the providers' documents use.
type Schema struct {
	Ref           string             `json:"$ref" yaml:"$ref"`
	Type          string             `json:"type" yaml:"type"`
	Nullable      bool               `json:"nullable" yaml:"nullable"`
	Required      []string           `json:"required" yaml:"required"`
	Properties    map[string]*Schema `json:"properties" yaml:"properties"`
	Items         *Schema            `json:"items" yaml:"items"`
	Enum          []any              `json:"enum" yaml:"enum"`
	OneOf         []*Schema          `json:"oneOf" yaml:"oneOf"`
	AllOf         []*Schema          `json:"allOf" yaml:"allOf"`
	Not           *Schema            `json:"not" yaml:"not"`
	Pattern       string             `json:"pattern" yaml:"pattern"`
	Format        string             `json:"format" yaml:"format"`
	MinItems      int                `json:"minItems" yaml:"minItems"`
	MaxItems      int                `json:"maxItems" yaml:"maxItems"`
	MaxLength     int                `json:"maxLength" yaml:"maxLength"`
	Discriminator *struct {
		Property string            `json:"propertyName" yaml:"propertyName"`
		Mapping  map[string]string `json:"mapping" yaml:"mapping"`
	} `json:"discriminator" yaml:"discriminator"`
}

// check returns what s does not allow in value.
func (d *OpenAPI) check(s *Schema, value any, at string) []string {
	faults, known := d.walk(s, value, at, true)
	return append(faults, unknown(value, known, at)...)
}

// members are the properties that are described; none: any are allowed.
type members map[string]bool

// walk checks value, and returns which of its members are described: any of
// the parts of a schema may do so. A part names its base again, whose
// discriminator must not be followed back.
func (d *OpenAPI) walk(s *Schema, value any, at string, discriminate bool) (faults []string, known members) {
	if s.Ref != "" {
		target := d.resolve(s)
		if target == nil {
			return []string{at + ": there is no " + s.Ref}, nil
		}
		return d.walk(target, value, at, discriminate)
	}
	if value == nil && s.Nullable {
		return nil, nil
	}
	object, _ := value.(map[string]any)
	if s.Discriminator != nil && discriminate && object != nil {
		kind, _ := object[s.Discriminator.Property].(string)
		target, ok := s.Discriminator.Mapping[kind]
		if !ok {
			return []string{fmt.Sprintf("%s.%s is %q, which is not described", at, s.Discriminator.Property, kind)}, nil
		}
		return d.walk(&Schema{Ref: target}, value, at, true)
	}
	known = make(members)
	merge := func(f []string, k members) {
		faults = append(faults, f...)
		for name := range k {
			known[name] = true
		}
	}
	for _, part := range s.AllOf {
		merge(d.walk(part, value, at, false))
	}
	if len(s.OneOf) > 0 {
		merge(d.oneOf(s.OneOf, value, at))
	}
	if s.Not != nil {
		if f, _ := d.walk(s.Not, value, at, false); len(f) == 0 {
			faults = append(faults, at+" is what it must not be")
		}
	}
	merge(d.object(s, object, at))
	return append(append(faults, s.plain(value, at)...), d.items(s, value, at)...), known
}

func (d *OpenAPI) oneOf(options []*Schema, value any, at string) (faults []string, known members) {
	fitting, reasons := 0, []string(nil)
	for _, option := range options {
		f, k := d.walk(option, value, at, true)
		if option.Ref != "" { // a whole object of its own
			f = append(f, unknown(value, k, at)...)
		}
		if len(f) == 0 {
			fitting, known = fitting+1, k
		}
		reasons = append(reasons, f...)
	}
	if fitting != 1 {
		return append([]string{fmt.Sprintf("%s fits %d of %d forms", at, fitting, len(options))}, reasons...), known
	}
	return nil, known
}

func (d *OpenAPI) object(s *Schema, object map[string]any, at string) (faults []string, known members) {
	known = make(members)
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			faults = append(faults, at+"."+name+" is missing")
		}
	}
	for name, property := range s.Properties {
		known[name] = true
		if value, ok := object[name]; ok {
			faults = append(faults, d.check(property, value, at+"."+name)...)
		}
	}
	return faults, known
}

func (d *OpenAPI) items(s *Schema, value any, at string) (faults []string) {
	items, _ := value.([]any)
	if s.Items == nil {
		return nil
	}
	for i, item := range items {
		faults = append(faults, d.check(s.Items, item, fmt.Sprintf("%s[%d]", at, i))...)
	}
	return faults
}

// plain checks what does not concern members and items.
func (s *Schema) plain(value any, at string) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, at+" "+fmt.Sprintf(format, args...)) }
	if s.Type != "" && !typed(s.Type, value) {
		fault("is %v, no %s", value, s.Type)
	}
	if s.Enum != nil && !slices.Contains(s.Enum, value) {
		fault("is %v, none of %v", value, s.Enum)
	}
	switch v := value.(type) {
	case string:
		if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(v) {
			fault("is %q, not of the form %s", v, s.Pattern)
		}
		if s.MaxLength > 0 && utf8.RuneCountInString(v) > s.MaxLength {
			fault("is longer than %d", s.MaxLength)
		}
		if u, err := url.Parse(v); s.Format == "uri" && (err != nil || u.Scheme == "") {
			fault("is %q, no URI", v)
		}
	case []any:
		if len(v) < s.MinItems || s.MaxItems > 0 && len(v) > s.MaxItems {
			fault("has %d items", len(v))
		}
	}
	return faults
}

func typed(kind string, value any) bool {
	switch v := value.(type) {
	case string:
		return kind == "string"
	case bool:
		return kind == "boolean"
	case float64:
		return kind == "number" || kind == "integer" && v == float64(int64(v))
	case []any:
		return kind == "array"
	case map[string]any:
		return kind == "object"
	}
	return false
}

// unknown returns the members that are not described.
func unknown(value any, known members, at string) (faults []string) {
	object, _ := value.(map[string]any)
	for name := range object {
		if len(known) > 0 && !known[name] {
			faults = append(faults, at+"."+strings.TrimSpace(name)+" is not described")
		}
	}
	return faults
}
