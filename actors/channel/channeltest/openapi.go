package channeltest

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// OpenAPI is what tests need of a provider's own OpenAPI document.
type OpenAPI struct {
	Components struct {
		// Schemas are the document's, by name. A test may correct one that
		// refuses what the provider's documentation allows.
		Schemas map[string]*Schema `json:"schemas" yaml:"schemas"`
	} `json:"components" yaml:"components"`
	// Paths are read of JSON documents only.
	Paths map[string]struct {
		Post struct {
			RequestBody struct {
				Content map[string]struct {
					Schema *Schema `json:"schema"`
				} `json:"content"`
			} `json:"requestBody"`
		} `json:"post"`
	} `json:"paths" yaml:"-"`
}

// Specification returns a file of the providers' specifications. They lie
// beside the repository where they are at hand; where they are not, the test
// is skipped. It is called from a channel's directory.
func Specification(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../../shared/specs", filepath.FromSlash(file)))
	if err != nil {
		t.Skipf("the specification %s is not at hand", file)
	}
	return text
}

// ReadOpenAPI reads a [Specification] in YAML or JSON.
func ReadOpenAPI(t testing.TB, file string) *OpenAPI {
	t.Helper()
	text := Specification(t, file)
	var d OpenAPI
	var err error
	if strings.HasSuffix(file, ".json") {
		err = json.Unmarshal(text, &d)
	} else {
		err = yaml.Unmarshal(components(text), &d)
	}
	if err != nil || len(d.Components.Schemas) == 0 {
		t.Fatalf("read %s: %v, %d schemas", file, err, len(d.Components.Schemas))
	}
	return &d
}

// components returns the part of a document in YAML that holds the schemas:
// paths and examples hold what is no YAML to every reader.
func components(text []byte) []byte {
	_, part, _ := strings.Cut(string(text), "\ncomponents:")
	part, _, _ = strings.Cut(part, "\npaths:")
	return []byte("components:" + part)
}

// Fits fails unless the JSON text is as the named schema says.
func (d *OpenAPI) Fits(t testing.TB, schema, text string) {
	t.Helper()
	for _, fault := range d.Faults(t, schema, text) {
		t.Error(fault)
	}
}

// Faults returns what the named schema does not allow in a JSON text. Members
// that it does not describe are faults, too.
func (d *OpenAPI) Faults(t testing.TB, schema, text string) []string {
	t.Helper()
	s := d.Components.Schemas[schema]
	if s == nil {
		t.Fatalf("there is no schema %s", schema)
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return d.check(s, value, schema)
}

// Form returns the schema of the form that is posted to a path.
func (d *OpenAPI) Form(t testing.TB, path string) *Schema {
	t.Helper()
	s := d.Paths[path].Post.RequestBody.Content["application/x-www-form-urlencoded"].Schema
	if s == nil {
		t.Fatalf("no form is posted to %s", path)
	}
	return s
}

// FitsForm fails unless the form is as the schema says.
func (d *OpenAPI) FitsForm(t testing.TB, s *Schema, form url.Values) {
	t.Helper()
	value := make(map[string]any, len(form))
	for name, texts := range form {
		property := d.resolve(s.Properties[name])
		if property == nil || property.Type != "array" {
			value[name] = property.ofText(texts[0])
			if len(texts) != 1 {
				t.Errorf("%s is given %d times", name, len(texts))
			}
			continue
		}
		var items []any
		for _, text := range texts {
			items = append(items, property.Items.ofText(text))
		}
		value[name] = items
	}
	for _, fault := range d.check(s, value, "form") {
		t.Error(fault)
	}
}

// resolve follows a reference; nil stays nil.
func (d *OpenAPI) resolve(s *Schema) *Schema {
	if s == nil || s.Ref == "" {
		return s
	}
	return d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
}

// ofText returns the value that a form's text stands for; the text itself
// where it is not of the schema's type.
func (s *Schema) ofText(text string) any {
	if s == nil {
		return text
	}
	switch s.Type {
	case "integer", "number":
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case "boolean":
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	}
	return text
}
