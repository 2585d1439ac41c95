// Package json is the one place that imports the JSON codec. It reads as
// encoding/json does (of two equal members the last one counts, names match
// whatever their case), and bounds the nesting. The bodies that clients send
// are read by the front door's own, stricter scanner.
package json

import (
	"bytes"
	"errors"
	"fmt"

	gojson "github.com/goccy/go-json"
)

// MaxDepth is the deepest nesting that Unmarshal accepts.
const MaxDepth = 32

// RawMessage is JSON text kept as it is.
type RawMessage = gojson.RawMessage

// Marshal returns v as JSON, without escaping <, > and &.
func Marshal(v any) ([]byte, error) {
	b, err := gojson.MarshalWithOption(v, gojson.DisableHTMLEscape())
	if err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return b, nil
}

// ErrTooDeep is returned for nesting beyond MaxDepth.
var ErrTooDeep = errors.New("JSON is nested too deeply")

// Unmarshal reads foreign JSON into v. It never keeps b.
func Unmarshal(b []byte, v any) error {
	if tooDeep(b) {
		return ErrTooDeep
	}
	if err := gojson.Unmarshal(b, v); err != nil {
		return fmt.Errorf("decode JSON: %w", err)
	}
	return nil
}

// UnmarshalStrict is Unmarshal that refuses members that v does not have.
func UnmarshalStrict(b []byte, v any) error {
	if tooDeep(b) {
		return ErrTooDeep
	}
	d := gojson.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("decode JSON: %w", err)
	}
	if d.More() {
		return errors.New("decode JSON: text after the value")
	}
	return nil
}

// Valid reports whether b is one JSON value.
func Valid(b []byte) bool { return !tooDeep(b) && gojson.Valid(b) }

// tooDeep counts brackets outside strings. It needs no valid JSON.
func tooDeep(b []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
