package line

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// schema is the part of OpenAPI that LINE's documents use here.
type schema struct {
	Ref           string             `yaml:"$ref"`
	Type          string             `yaml:"type"`
	Required      []string           `yaml:"required"`
	Properties    map[string]*schema `yaml:"properties"`
	AllOf         []*schema          `yaml:"allOf"`
	Items         *schema            `yaml:"items"`
	Enum          []any              `yaml:"enum"`
	Pattern       string             `yaml:"pattern"`
	MinItems      *int               `yaml:"minItems"`
	MaxItems      *int               `yaml:"maxItems"`
	MaxLength     *int               `yaml:"maxLength"`
	Discriminator *struct {
		Property string            `yaml:"propertyName"`
		Mapping  map[string]string `yaml:"mapping"`
	} `yaml:"discriminator"`
}

// openAPI is one of LINE's documents.
type openAPI struct {
	Components struct {
		Schemas map[string]*schema `yaml:"schemas"`
	} `yaml:"components"`
}

// specification reads one of LINE's documents, which lie beside the repository
// where they are at hand.
func specification(t *testing.T, name string) *openAPI {
	t.Helper()
	text, err := os.ReadFile("../../../../shared/specs/line/" + name)
	if err != nil {
		t.Skip("LINE's OpenAPI documents are not present")
	}
	var d openAPI
	if err := yaml.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// faults lists how v differs from the named schema.
func (d *openAPI) faults(where, name string, v any) []string {
	s := d.Components.Schemas[name]
	if s == nil {
		return []string{"no schema " + name}
	}
	return d.check(where, s, v)
}

func (d *openAPI) check(where string, s *schema, v any) (out []string) {
	fault := func(format string, args ...any) { out = append(out, where+": "+fmt.Sprintf(format, args...)) }
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.faults(where, name, v)
	}
	if object, ok := v.(map[string]any); ok && s.Discriminator != nil {
		kind, _ := object[s.Discriminator.Property].(string)
		ref, known := s.Discriminator.Mapping[kind]
		if known {
			return d.variant(where, strings.TrimPrefix(ref, "#/components/schemas/"), s, object)
		}
		fault("no %s %q", s.Discriminator.Property, kind)
	}
	for _, part := range s.AllOf {
		out = append(out, d.check(where, part, v)...)
	}
	switch v := v.(type) {
	case map[string]any:
		if s.Type != "" && s.Type != "object" {
			fault("is an object, not %s", s.Type)
		}
		out = append(out, d.object(where, s, v)...)
	case []any:
		if s.Type != "array" {
			fault("is an array, not %s", s.Type)
			return out
		}
		if s.MinItems != nil && len(v) < *s.MinItems || s.MaxItems != nil && len(v) > *s.MaxItems {
			fault("has %d items", len(v))
		}
		for i := range v {
			out = append(out, d.check(fmt.Sprintf("%s[%d]", where, i), s.Items, v[i])...)
		}
	case string:
		if s.Type != "string" {
			fault("is a string, not %s", s.Type)
		}
		if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(v) || s.MaxLength != nil && len([]rune(v)) > *s.MaxLength {
			fault("%q does not fit %s", v, s.Pattern)
		}
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, any(v)) {
			fault("%q is none of %v", v, s.Enum)
		}
	case float64:
		if s.Type != "number" && (s.Type != "integer" || v != float64(int64(v))) {
			fault("%v is not %s", v, s.Type)
		}
	case bool:
		if s.Type != "boolean" {
			fault("is a boolean, not %s", s.Type)
		}
	default:
		fault("is %v", v)
	}
	return out
}

// variant checks the schema that a discriminator chose. Its parts name their
// base again, which must not be followed back.
func (d *openAPI) variant(where, name string, base *schema, v map[string]any) []string {
	s := d.Components.Schemas[name]
	if s == nil {
		return []string{where + ": no schema " + name}
	}
	plain := *base
	plain.Discriminator = nil
	out := d.check(where, &plain, v)
	for _, part := range s.AllOf {
		if part.Ref == "" {
			out = append(out, d.check(where, part, v)...)
		}
	}
	own := *s
	own.AllOf, own.Discriminator = nil, nil
	return append(out, d.object(where, &own, v)...)
}

func (d *openAPI) object(where string, s *schema, v map[string]any) (out []string) {
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			out = append(out, where+"."+name+" is missing")
		}
	}
	for name, inner := range v {
		if p := s.Properties[name]; p != nil {
			out = append(out, d.check(where+"."+name, p, inner)...)
		}
	}
	return out
}

func parsed(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func (d *openAPI) mustFit(t *testing.T, name, text string) {
	t.Helper()
	for _, fault := range d.faults(name, name, parsed(t, text)) {
		t.Error(fault)
	}
}

// TestGoldensAreLINEs: every golden request is valid by the official schema.
// The templated notification has none there.
func TestGoldensAreLINEs(t *testing.T) {
	d := specification(t, "messaging-api.yml")
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	schemas := map[string]string{"POST /v2/bot/message/push": "PushMessageRequest", "POST /bot/pnp/push": "PnpMessagesRequest"}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, body, _ := strings.Cut(string(text), "\n\n")
		line, _, _ := strings.Cut(head, "\n")
		if name := schemas[line]; name != "" {
			t.Run(filepath.Base(file), func(t *testing.T) { d.mustFit(t, name, body) })
		} else if !strings.Contains(line, "/templated/") {
			t.Errorf("%s: request line %q", file, line)
		}
	}
}

// The check itself finds what is wrong.
func TestSchemasRefuse(t *testing.T) {
	d := specification(t, "messaging-api.yml")
	for _, bad := range []string{
		`{"to":"U1"}`, `{"to":"U1","messages":[]}`, `{"to":1,"messages":[{"type":"text","text":"x"}]}`, `{"to":"U1","messages":[{"type":"text"}]}`,
		`{"to":"U1","messages":[{"type":"fax"}]}`, `{"to":"U1","messages":[{"type":"image","originalContentUrl":"https://a/b"}]}`,
		`{"to":"U1","messages":[{"type":"template","altText":"x","template":{"type":"buttons","actions":[]}}]}`,
	} {
		if len(d.faults("request", "PushMessageRequest", parsed(t, bad))) == 0 {
			t.Errorf("%s is taken", bad)
		}
	}
}

// TestSimulatorsAnswersAreLINEs: what the simulator says is valid, too.
func TestSimulatorsAnswersAreLINEs(t *testing.T) {
	d, tokens := specification(t, "messaging-api.yml"), specification(t, "channel-access-token.yml")
	settings := map[string]string{"channelId": "1234567890"}
	_, base := world(t, settings)
	ask := func(method, path, kind, body, key string) (int, string) {
		req, err := http.NewRequest(method, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Authorization", "Bearer sandbox-channel-access-token")
		req.Header.Set("X-Line-Retry-Key", key)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	defer http.DefaultClient.CloseIdleConnections()
	good := `{"to":"` + user + `","messages":[{"type":"text","text":"x"},{"type":"text","text":"y"}]}`
	rows := []struct {
		name, method, path, kind, body string
		status                         int
		schema                         string
		of                             *openAPI
	}{
		{"push", "POST", "/v2/bot/message/push", "application/json", good, 200, "PushMessageResponse", d},
		{"again", "POST", "/v2/bot/message/push", "application/json", good, 409, "ErrorResponse", d},
		{"refused", "POST", "/v2/bot/message/push", "application/json", `{"to":"","messages":[{"type":"text"}]}`, 400, "ErrorResponse", d},
		{"info", "GET", "/v2/bot/info", "", "", 200, "BotInfoResponse", d},
		{
			"token", "POST", "/oauth2/v3/token", "application/x-www-form-urlencoded",
			"grant_type=client_credentials&client_id=1234567890&client_secret=sandbox-channel-secret", 200, "IssueStatelessChannelAccessTokenResponse", tokens,
		},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			status, text := ask(row.method, row.path, row.kind, row.body, requestID)
			if status != row.status {
				t.Fatalf("status %d: %s", status, text)
			}
			row.of.mustFit(t, row.schema, text)
		})
	}
}

// TestCallbacksAreLINEs: the adapter is tested on events of the documented
// form.
func TestCallbacksAreLINEs(t *testing.T) {
	d := specification(t, "webhook.yml")
	checked := 0
	for _, cb := range callbacks() {
		if slices.Contains([]string{"verify", "delivery", "redelivery", "unfollow"}, cb.Name) {
			d.mustFit(t, "CallbackRequest", cb.Body)
			checked++
		}
	}
	if checked != 4 {
		t.Errorf("%d callbacks checked", checked)
	}
}
