package relay

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// described is the part of the document that the tables here are compared
// with.
type described struct {
	Paths map[string]map[string]struct {
		Parameters []struct {
			Name, In string
			Ref      string `json:"$ref"`
		}
	}
	Components struct {
		Examples map[string]struct{ Value problem }
		Schemas  map[string]struct{ Properties map[string]any }
	}
}

func describedAPI(t *testing.T) (out described) {
	t.Helper()
	d := openDoor(t, nil)
	if a := d.ask("GET", "/openapi.yaml", "", ""); a.status != 200 || a.header.Get("Content-Type") != "application/yaml" {
		t.Errorf("%d %v", a.status, a.header)
	}
	a := d.ask("GET", "/openapi.json", "", "")
	if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.status != 200 {
		t.Fatalf("%v: %d", err, a.status)
	}
	return out
}

func TestDescriptionHasEveryError(t *testing.T) {
	doc := describedAPI(t)
	for _, p := range Problems() {
		if e := doc.Components.Examples[string(p.Code)].Value.Error; e.Code != string(p.Code) || e.Message != p.Text {
			t.Errorf("%s: %+v", p.Code, e)
		}
	}
	if n := len(doc.Components.Examples); n != len(Problems()) {
		t.Errorf("%d examples of %d errors", n, len(Problems()))
	}
}

func TestDescriptionHasEveryMember(t *testing.T) {
	doc := describedAPI(t)
	for schema, names := range map[string][]string{
		"Send": messageMembers.names(), "Step": stepMembers.names(), "Fallback": fallbackMembers.names(), "ContactChange": contactMembers[:],
	} {
		got := slices.Sorted(maps.Keys(doc.Components.Schemas[schema].Properties))
		if want := slices.Sorted(slices.Values(names)); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", schema, got, want)
		}
	}
}

func TestDescriptionHasEveryQueryParameter(t *testing.T) {
	doc := describedAPI(t)
	for path, names := range map[string][]string{
		"/api/v1/messages": parameterNames(queryFilters()), "/api/v1/events": parameterNames(feedParameters()),
		endpointPath + "/deliveries": parameterNames(deliveryParameters()), keysPath: parameterNames(keyParameters()), contactsPath: contactParameters[:],
	} {
		var got []string
		for _, p := range doc.Paths[path]["get"].Parameters {
			switch {
			case p.In == "query":
				got = append(got, p.Name)
			case p.Ref == "#/components/parameters/limit":
				got = append(got, "limit")
			case p.Ref == "#/components/parameters/after":
				got = append(got, "after")
			}
		}
		slices.Sort(got)
		if want := slices.Sorted(slices.Values(names)); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", path, got, want)
		}
	}
}

func parameterNames[Q any](all []parameter[Q]) (names []string) {
	for _, p := range all {
		names = append(names, p.name)
	}
	return names
}
