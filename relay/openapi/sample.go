package openapi

import "strings"

// maxDepth bounds a sample of a schema that holds itself.
const maxDepth = 12

// sample makes an example of a schema of the examples of its parts.
func (w *writer) sample(schema any, depth int) any {
	s, _ := schema.(object)
	if depth > maxDepth {
		return nil
	}
	if name, ok := get(s, "$ref").(string); ok && len(s) == 1 {
		_, name, _ = strings.Cut(name, "#/components/schemas/")
		return w.sample(get(sub(w.components, "schemas"), name), depth+1)
	}
	for _, name := range []string{"examples", "enum", "anyOf", "oneOf"} {
		list, _ := get(s, name).([]any)
		switch {
		case len(list) == 0:
		case name == "examples" || name == "enum":
			return list[0]
		default:
			return w.sample(list[0], depth+1)
		}
	}
	if value := get(s, "const"); value != nil {
		return value
	}
	if properties := sub(s, "properties"); properties != nil {
		o := object{}
		for _, p := range properties {
			o = with(o, p.Key.(string), w.sample(p.Value, depth+1))
		}
		return o
	}
	return w.plain(s, depth)
}

// plain makes an example of a schema that has none, by its type alone.
func (w *writer) plain(s object, depth int) any {
	kind := get(s, "type")
	if list, ok := kind.([]any); ok {
		kind = list[0]
	}
	switch kind {
	case "array":
		if items := get(s, "items"); items != nil {
			return []any{w.sample(items, depth+1)}
		}
		return []any{}
	case "object":
		return object{}
	case "boolean":
		return false
	case "integer", "number":
		return 0
	case "string":
		return "…"
	}
	return nil
}
