package openapi_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"messagehub/relay"
	"messagehub/relay/docs"
	"messagehub/relay/openapi"
)

func describe(t *testing.T) *openapi.Document {
	t.Helper()
	d, err := relay.Describe(relay.Options{
		Channels: []relay.Channel{{Name: "sms"}, {Name: "whatsapp"}}, Failures: []docs.Failure{{Code: "not_on_channel"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestBothFormsSayTheSame(t *testing.T) {
	d := describe(t)
	var fromJSON, fromYAML any
	if err := json.Unmarshal(d.JSON, &fromJSON); err != nil {
		t.Fatal(err)
	}
	text, err := yaml.YAMLToJSON(d.YAML)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &fromYAML); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fromJSON, fromYAML); diff != "" {
		t.Errorf("-json +yaml: %s", diff)
	}
}

// Every reference leads somewhere, and every component is referred to.
func TestReferencesHold(t *testing.T) {
	text := string(describe(t).JSON)
	var doc struct{ Components map[string]map[string]any }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, m := range regexp.MustCompile(`"\$ref":"#/components/(\w+)/([^"]+)"`).FindAllStringSubmatch(text, -1) {
		used[m[1]+"/"+m[2]] = true
		if doc.Components[m[1]][m[2]] == nil {
			t.Errorf("%s leads nowhere", m[0])
		}
	}
	// Two kinds of errors are of no operation: those of warnings, and the answer
	// to a method that there is not.
	lonely := []string{
		"schemas/FailureCode", "securitySchemes/apiKey", "examples/method_not_allowed",
	}
	for kind, all := range doc.Components {
		for name := range all {
			if at := kind + "/" + name; !used[at] && !slices.Contains(lonely, at) {
				t.Errorf("nothing refers to %s", at)
			}
		}
	}
	for _, name := range []string{`"<<"`, `"required":"all"`, `"errors":["`, `"data":"`, `"page":"`} {
		if strings.Contains(text, name) {
			t.Errorf("the document holds the shorthand %s", name)
		}
	}
}

// A route without a description, and a description without a route, are
// errors.
func TestRoutesAndDescriptionsMustMatch(t *testing.T) {
	all := relay.Routes()
	extra := append(slices.Clone(all), openapi.Route{Method: "GET", Path: "/api/v1/nothing"})
	for want, routes := range map[string][]openapi.Route{
		"no description of GET /api/v1/nothing": extra,
		"no route post /api/v1/messages/send":   slices.DeleteFunc(slices.Clone(all), func(r openapi.Route) bool { return r.Path == "/api/v1/messages/send" }),
	} {
		var problems []openapi.Problem
		for _, p := range relay.Problems() {
			problems = append(problems, openapi.Problem{Code: string(p.Code), Status: p.Status, Body: []byte("{}")})
		}
		_, err := openapi.New(openapi.Tables{Routes: routes, Problems: problems})
		if err == nil || !strings.Contains(err.Error(), strings.Replace(want, "no route", "there is no route", 1)) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
