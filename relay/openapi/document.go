package openapi

import (
	"embed"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"
)

//go:embed spec/*.yaml
var files embed.FS

// Route is a line of the route table.
type Route struct {
	Method string
	// Path is of the form "/api/v1/messages/{messageId}".
	Path string
	// Scope is what a key needs; empty: no key is asked for.
	Scope string
	// Codes are the errors that its place in the table makes possible.
	Codes []string
}

// Problem is a row of the error table.
type Problem struct {
	Code       string
	Status     int
	Text       string
	RetryAfter bool
	// Body is an answer with the error, as JSON.
	Body []byte
}

// Tables is what the document is made of, beside its words.
type Tables struct {
	Routes   []Route
	Problems []Problem
	// Names are closed lists of names by the schema that holds them.
	Names map[string][]string
	// Server is the address of the API; empty: where the document came from.
	Server string
}

// Document is the description in its two forms.
type Document struct{ JSON, YAML []byte }

// New writes the document. Every route must be described, and nothing else.
func New(t Tables) (*Document, error) {
	w := &writer{
		tables: t, problems: make(map[string]Problem), operations: make(map[string]object),
		failures: make(map[string]string), counts: make(map[string]int),
	}
	for _, p := range t.Problems {
		w.problems[p.Code] = p
	}
	if err := w.read(); err != nil {
		return nil, err
	}
	w.addNames()
	if err := w.addExamples(); err != nil {
		return nil, err
	}
	if err := w.addRoutes(); err != nil {
		return nil, err
	}
	return w.write()
}

// writer holds the document while it is written.
type writer struct {
	tables   Tables
	problems map[string]Problem

	head       object // all but paths and components
	tags       []any
	operations map[string]object // by method and path
	components object
	failures   map[string]string // names of components, by what they are
	counts     map[string]int    // of them, by status
}

// read reads the files of spec, in the order of their names.
func (w *writer) read() error {
	entries, err := files.ReadDir("spec")
	if err != nil {
		return fmt.Errorf("list description of the API: %w", err)
	}
	for _, e := range entries {
		text, err := files.ReadFile("spec/" + e.Name())
		if err != nil {
			return fmt.Errorf("read description of the API: %w", err)
		}
		file, err := parse(text)
		if err != nil {
			return fmt.Errorf("read %s: %w", e.Name(), err)
		}
		w.take(file)
	}
	return nil
}

// take adds what a file has.
func (w *writer) take(file object) {
	tag := sub(file, "tag")
	if tag != nil {
		w.tags = append(w.tags, tag)
	}
	for _, path := range sub(file, "paths") {
		for _, op := range path.Value.(object) {
			name := fmt.Sprint(op.Key, " ", path.Key)
			w.operations[name] = append(obj("tags", []any{get(tag, "name")}), op.Value.(object)...)
		}
	}
	for _, kind := range sub(file, "components") {
		name := kind.Key.(string)
		w.components = with(w.components, name, append(sub(w.components, name), kind.Value.(object)...))
	}
	for _, m := range file {
		if !slices.Contains([]any{"tag", "paths", "components"}, m.Key) {
			w.head = append(w.head, m)
		}
	}
}

// write puts everything together.
func (w *writer) write() (*Document, error) {
	server := w.tables.Server
	if server == "" {
		server = "/"
	}
	paths := object{}
	for _, r := range w.tables.Routes {
		item := sub(paths, r.Path)
		paths = with(paths, r.Path, with(item, method(r), w.operations[name(r)]))
	}
	doc := append(w.head, obj("servers", []any{obj("url", server)}, "tags", w.tags, "paths", paths, "components", w.components)...)
	complete(doc)
	out := &Document{}
	var err error
	if out.JSON, err = appendJSON(nil, doc); err != nil {
		return nil, fmt.Errorf("write openapi.json: %w", err)
	}
	if out.YAML, err = yaml.Marshal(doc); err != nil {
		return nil, fmt.Errorf("write openapi.yaml: %w", err)
	}
	return out, nil
}

// complete writes out "required: all" wherever it stands.
func complete(value any) {
	switch v := value.(type) {
	case object:
		for i := range v {
			if v[i].Key == "required" && v[i].Value == "all" {
				names := []any{}
				for _, p := range sub(v, "properties") {
					names = append(names, p.Key)
				}
				v[i].Value = names
				continue
			}
			complete(v[i].Value)
		}
	case []any:
		for _, e := range v {
			complete(e)
		}
	}
}
