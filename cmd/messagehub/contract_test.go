package main

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/jsonschema/v6"

	"messagehub/actors/channel/all"
	"messagehub/relay"
)

// contract is the OpenAPI document, which every answer of the tests is held
// against.
type contract struct {
	doc      map[string]any
	compiler *jsonschema.Compiler

	mu       sync.Mutex
	compiled map[string]*jsonschema.Schema
}

var theContract = sync.OnceValues(func() (*contract, error) {
	o := relay.Options{Failures: failures()}
	for _, spec := range all.Specs() {
		o.Channels = append(o.Channels, relay.Channel{Name: spec.Name})
	}
	d, err := relay.Describe(o)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(d.JSON)))
	if err != nil {
		return nil, err
	}
	closeObjects(doc)
	c := &contract{doc: doc.(map[string]any), compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	return c, c.compiler.AddResource("openapi.json", doc)
})

// closeObjects makes every member that is not described an error.
func closeObjects(value any) {
	switch v := value.(type) {
	case map[string]any:
		if _, ok := v["properties"]; ok && v["additionalProperties"] == nil && v["type"] != nil {
			v["additionalProperties"] = false
		}
		for _, e := range v {
			closeObjects(e)
		}
	case []any:
		for _, e := range v {
			closeObjects(e)
		}
	}
}

// at returns what lies at a path of names, through references; nil: nothing.
func (c *contract) at(value any, names ...string) any {
	for _, name := range names {
		m, _ := value.(map[string]any)
		value = m[name]
		if m, ok := value.(map[string]any); ok {
			if ref, ok := m["$ref"].(string); ok {
				value = c.at(c.doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
			}
		}
	}
	return value
}

// path returns the path of the document that a path of a URL is of; names win
// over parameters.
func (c *contract) path(path string) string {
	best, fixed := "", -1
	for template := range c.doc["paths"].(map[string]any) {
		if n, ok := fits(template, path); ok && n > fixed {
			best, fixed = template, n
		}
	}
	return best
}

func fits(template, path string) (fixed int, ok bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return 0, false
	}
	for i := range want {
		switch {
		case want[i] == got[i]:
			fixed++
		case !strings.HasPrefix(want[i], "{"):
			return 0, false
		}
	}
	return fixed, true
}

// maxChecked bounds the bodies that are looked at: of lists of thousands, every
// entry is the same.
const maxChecked = 256 << 10

// check compares an answer with the document.
func (c *contract) check(t testing.TB, method, address string, a answered) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(u.Path, "/api/v1/") {
		return
	}
	path := c.path(u.Path)
	operation := c.at(c.doc, "paths", path, strings.ToLower(method))
	if operation == nil {
		if a.status != 404 && a.status != 405 {
			t.Errorf("%s %s is not described, but answered %d", method, u.Path, a.status)
		}
		return
	}
	status := strconv.Itoa(a.status)
	response := c.at(operation, "responses", status)
	media, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	content := c.at(response, "content", media)
	switch {
	case content == nil:
		t.Errorf("%s %s: an answer %s of %s is not described: %.300s", method, path, status, media, a.body)
		return
	case a.header.Get("Request-Id") == "":
		t.Errorf("%s %s: no Request-Id", method, path)
	case media != "application/json" || len(a.body) > maxChecked:
		return
	}
	if a.status >= 400 && !strings.HasPrefix(a.body, `{"data"`) && c.at(content, "examples", a.code(t)) == nil {
		t.Errorf("%s %s: the error %s is not described", method, path, a.code(t))
	}
	body, err := jsonschema.UnmarshalJSON(strings.NewReader(a.body))
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return
	}
	if err := c.validate(body, "paths", path, strings.ToLower(method), "responses", status, "content", media, "schema"); err != nil {
		t.Errorf("%s %s: %d %.600s\n%v", method, path, a.status, a.body, err)
	}
}

// validate holds a value against the schema at a path of names, through one
// reference to a response.
func (c *contract) validate(value any, names ...string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	const response = 5 // names that lead to one
	parent, _ := c.at(c.doc, names[:response-1]...).(map[string]any)
	if m, ok := parent[names[response-1]].(map[string]any); ok && m["$ref"] != nil {
		names = append(strings.Split(strings.TrimPrefix(m["$ref"].(string), "#/"), "/"), names[response:]...)
	}
	pointer := ""
	for _, name := range names {
		pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	}
	return c.compare(value, pointer)
}

func (c *contract) compare(value any, pointer string) error {
	schema := c.compiled[pointer]
	if schema == nil {
		var err error
		if schema, err = c.compiler.Compile("openapi.json" + (&url.URL{Fragment: pointer}).String()); err != nil {
			return err
		}
		c.compiled[pointer] = schema
	}
	return schema.Validate(value)
}

// operations calls do with every operation of the document, in order.
func (c *contract) operations(do func(method, path string, operation any)) {
	paths := c.doc["paths"].(map[string]any)
	var all []string
	for path, item := range paths {
		for method := range item.(map[string]any) {
			all = append(all, path+" "+method)
		}
	}
	slices.Sort(all)
	for _, name := range all {
		path, method, _ := strings.Cut(name, " ")
		do(strings.ToUpper(method), path, paths[path].(map[string]any)[method])
	}
}
