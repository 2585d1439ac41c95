package openapi

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"

	"messagehub/store/message/json"
)

// object is an object of the document, with its members in order.
type object = yaml.MapSlice

func parse(text []byte) (object, error) {
	var o object
	err := yaml.UnmarshalWithOptions(text, &o, yaml.UseOrderedMap())
	return o, err
}

// get returns a member; nil: there is none.
func get(o object, name string) any {
	for _, m := range o {
		if m.Key == name {
			return m.Value
		}
	}
	return nil
}

// sub returns a member that is an object; nil: there is none.
func sub(o object, name string) object {
	m, _ := get(o, name).(object)
	return m
}

// with returns a copy of o with a member set, at its place or at the end. Parts
// of the files can stand at several places of the document: nothing is changed
// where it is.
func with(o object, name string, value any) object {
	o = slices.Clone(o)
	for i := range o {
		if o[i].Key == name {
			o[i].Value = value
			return o
		}
	}
	return append(o, yaml.MapItem{Key: name, Value: value})
}

// take returns a member, and o without it.
func take(o object, name string) (any, object) {
	for i := range o {
		if o[i].Key == name {
			return o[i].Value, append(o[:i:i], o[i+1:]...)
		}
	}
	return nil, o
}

// obj makes an object of names and values in turn.
func obj(pairs ...any) object {
	o := object{}
	for i := 0; i < len(pairs); i += 2 {
		o = append(o, yaml.MapItem{Key: pairs[i], Value: pairs[i+1]})
	}
	return o
}

func ref(kind, name string) object { return obj("$ref", "#/components/"+kind+"/"+name) }

// appendJSON appends a value of the tree.
func appendJSON(dst []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case object:
		dst = append(dst, '{')
		for i, m := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			name, err := json.Marshal(fmt.Sprint(m.Key))
			if err != nil {
				return nil, err
			}
			if dst, err = appendJSON(append(append(dst, name...), ':'), m.Value); err != nil {
				return nil, err
			}
		}
		return append(dst, '}'), nil
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendJSON(dst, e); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	}
	b, err := json.Marshal(value)
	return append(dst, b...), err
}
