package openapi

import (
	"fmt"
	"maps"
	"slices"
)

// addExamples adds an example of every error.
func (w *writer) addExamples() error {
	examples := object{}
	for _, p := range w.tables.Problems {
		body, err := parse(p.Body)
		if err != nil {
			return fmt.Errorf("read body of %s: %w", p.Code, err)
		}
		examples = with(examples, p.Code, obj("summary", p.Text, "value", body))
	}
	w.components = with(w.components, "examples", examples)
	return nil
}

// addNames adds a schema for every list of names.
func (w *writer) addNames() {
	schemas := sub(w.components, "schemas")
	for _, name := range slices.Sorted(maps.Keys(w.tables.Names)) {
		values := []any{}
		for _, v := range w.tables.Names[name] {
			values = append(values, v)
		}
		schemas = with(schemas, name, obj("type", "string", "enum", values))
	}
	w.components = with(w.components, "schemas", schemas)
}
