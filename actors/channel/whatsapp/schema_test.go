package whatsapp

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
)

// schema is the part of OpenAPI that Meta's document uses for messages.
type schema struct {
	Ref           string            `yaml:"$ref"`
	Type          string            `yaml:"type"`
	Required      []string          `yaml:"required"`
	Properties    map[string]schema `yaml:"properties"`
	Items         *schema           `yaml:"items"`
	Enum          []any             `yaml:"enum"`
	OneOf         []schema          `yaml:"oneOf"`
	AllOf         []schema          `yaml:"allOf"`
	Not           *schema           `yaml:"not"`
	Pattern       string            `yaml:"pattern"`
	MinItems      int               `yaml:"minItems"`
	MaxLength     int               `yaml:"maxLength"`
	Discriminator *struct {
		Property string            `yaml:"propertyName"`
		Mapping  map[string]string `yaml:"mapping"`
	} `yaml:"discriminator"`
}

// schemas are the document's, by name.
type schemas map[string]schema

// openAPI reads Meta's document once; it lies beside the repository where it
// is at hand.
var openAPI = sync.OnceValues(func() (schemas, error) {
	text, err := os.ReadFile("../../../../shared/specs/whatsapp/business-messaging-api_v23.0.yaml")
	if err != nil {
		return nil, nil
	}
	// Paths and examples hold what is no YAML to every reader: only the
	// schemas are read.
	components := string(text[strings.Index(string(text), "\ncomponents:"):])
	components, _, _ = strings.Cut(components, "\npaths:")
	var document struct {
		Components struct {
			Schemas schemas `yaml:"schemas"`
		} `yaml:"components"`
	}
	if err := yaml.Unmarshal([]byte(components), &document); err != nil {
		return nil, err
	}
	document.Components.Schemas.patch()
	return document.Components.Schemas, nil
})

func specification(t *testing.T) schemas {
	t.Helper()
	d, err := openAPI()
	if err != nil {
		t.Fatal(err)
	}
	if d == nil {
		t.Skip("Meta's OpenAPI document is not present")
	}
	return d
}

// patch corrects the document where it refuses what the API documents.
func (d schemas) patch() {
	change := func(name string, f func(*schema)) { s := d[name]; f(&s); d[name] = s }
	text := schema{Type: "string"}
	change("BaseMessageProperties", func(s *schema) {
		s.Required = []string{"messaging_product", "recipient_type", "type"} // to or recipient
		s.Properties["recipient"], s.Properties["biz_opaque_callback_data"] = text, text
	})
	change("LanguageObject", func(s *schema) { s.Required = []string{"code"} })
	change("TextParameter", func(s *schema) { s.AllOf[1].Properties["parameter_name"] = text })
	change("MediaObject", func(s *schema) { s.Properties = map[string]schema{"caption": text, "filename": text} })
	change("StatusMessageValue", func(s *schema) { s.Properties["contacts"] = schema{Type: "array"} })
	change("Statuses", func(s *schema) {
		s.Required = []string{"id", "status", "timestamp"} // a hidden number has no recipient_id
		s.Properties["biz_opaque_callback_data"], s.Properties["recipient_user_id"] = text, text
	})
	change("Pricing", func(s *schema) { s.Properties["type"] = text })
	change("TemplateComponent", func(s *schema) { s.button() })
	change("ButtonComponent", func(s *schema) { s.AllOf[1].button() })
	change("ButtonParameterObject", func(s *schema) {
		s.Properties["type"] = schema{Type: "string", Enum: []any{"payload", "text", "coupon_code"}}
		s.Properties["coupon_code"] = text
	})
}

func (s *schema) button() {
	s.Properties["index"] = schema{Type: "string", Pattern: "^[0-9]$"}
	s.Properties["sub_type"] = schema{Type: "string", Enum: []any{"quick_reply", "url", "catalog", "copy_code"}}
}

// check returns what the named schema does not allow in value. Members that
// it does not describe are faults too.
func (d schemas) check(name string, value any) []string {
	s, ok := d[name]
	if !ok {
		return []string{"there is no schema " + name}
	}
	faults, known := d.walk(s, value, name, true)
	return append(faults, unknown(value, known, name)...)
}

// members are the properties that are described.
type members map[string]bool

// walk checks value, and returns which of its members are described. Members
// may be described by any of the parts of a schema.
func (d schemas) walk(s schema, value any, at string, discriminate bool) (faults []string, known members) {
	if target, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.walk(d[target], value, at, discriminate)
	}
	known = make(members)
	merge := func(f []string, k members) {
		faults = append(faults, f...)
		for name := range k {
			known[name] = true
		}
	}
	object, _ := value.(map[string]any)
	if s.Discriminator != nil && discriminate {
		kind, _ := object[s.Discriminator.Property].(string)
		if target, ok := s.Discriminator.Mapping[kind]; ok {
			return d.walk(schema{Ref: target}, value, at, true)
		}
	}
	for _, part := range s.AllOf {
		merge(d.walk(part, value, at, false))
	}
	if len(s.OneOf) > 0 {
		merge(d.oneOf(s.OneOf, value, at))
	}
	if s.Not != nil {
		if f, _ := d.walk(*s.Not, value, at, false); len(f) == 0 {
			faults = append(faults, at+" is what it must not be")
		}
	}
	merge(d.object(s, object, at))
	return append(faults, d.plain(s, value, at)...), known
}

func (d schemas) oneOf(options []schema, value any, at string) (faults []string, known members) {
	fitting, reasons := 0, []string(nil)
	for _, option := range options {
		f, k := d.walk(option, value, at, true)
		f = append(f, unknownIn(option, value, k, at)...)
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

// unknownIn is unknown for options that are whole objects of their own.
func unknownIn(option schema, value any, known members, at string) []string {
	if option.Ref == "" {
		return nil
	}
	return unknown(value, known, at)
}

func (d schemas) object(s schema, object map[string]any, at string) (faults []string, known members) {
	known = make(members)
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			faults = append(faults, at+"."+name+" is missing")
		}
	}
	for name, property := range s.Properties {
		known[name] = true
		value, ok := object[name]
		if !ok {
			continue
		}
		f, k := d.walk(property, value, at+"."+name, true)
		faults = append(faults, f...)
		if len(k) > 0 {
			faults = append(faults, unknown(value, k, at+"."+name)...)
		}
	}
	return faults, known
}

// plain checks what does not concern members.
func (d schemas) plain(s schema, value any, at string) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, at+" "+fmt.Sprintf(format, args...)) }
	if s.Type != "" && !typed(s.Type, value) {
		fault("is %v, no %s", value, s.Type)
	}
	if s.Enum != nil && !slices.Contains(s.Enum, value) {
		fault("is %v, none of %v", value, s.Enum)
	}
	text, isText := value.(string)
	if isText && s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(text) {
		fault("is %q, not of the form %s", text, s.Pattern)
	}
	if isText && s.MaxLength > 0 && utf8.RuneCountInString(text) > s.MaxLength {
		fault("is too long")
	}
	items, isArray := value.([]any)
	if isArray && len(items) < s.MinItems {
		fault("has %d items", len(items))
	}
	for i, item := range items {
		if s.Items == nil {
			break
		}
		name := fmt.Sprintf("%s[%d]", at, i)
		f, known := d.walk(*s.Items, item, name, true)
		faults = append(faults, f...)
		if len(known) > 0 {
			faults = append(faults, unknown(item, known, name)...)
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

func unknown(value any, known members, at string) (faults []string) {
	object, _ := value.(map[string]any)
	for name := range object {
		if !known[name] {
			faults = append(faults, at+"."+name+" is not described")
		}
	}
	return faults
}
