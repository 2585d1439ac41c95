package json

import "bytes"

// Object reads the members of one JSON object, without reflection and without
// memory of its own: for bodies that come with every message. Of two equal
// names both are given, and names have to be spelt as they are asked for. It
// does not look into values: what is no JSON inside of one goes unnoticed.
//
// Ownership: what it returns is a part of the text.
type Object struct {
	rest  []byte
	begun bool
	whole bool // its end was read, and nothing follows
}

// ReadObject begins to read b.
func ReadObject(b []byte) Object { return Object{rest: b} }

// Next returns the next member: its name between the quotes and its value as it
// is written. ok is false at the end, and where the text is no object.
func (o *Object) Next() (name, value []byte, ok bool) {
	b := skipSpace(o.rest)
	first := !o.begun
	if first {
		if o.begun = true; len(b) == 0 || b[0] != '{' {
			return o.stop(false)
		}
		b = skipSpace(b[1:])
	}
	if len(b) > 0 && b[0] == '}' {
		return o.stop(len(skipSpace(b[1:])) == 0)
	}
	if !first {
		if len(b) == 0 || b[0] != ',' {
			return o.stop(false)
		}
		b = skipSpace(b[1:])
	}
	n := stringSize(b)
	if n == 0 {
		return o.stop(false)
	}
	name, b = b[1:n-1], skipSpace(b[n:])
	if len(b) == 0 || b[0] != ':' {
		return o.stop(false)
	}
	b = skipSpace(b[1:])
	if n = valueSize(b); n == 0 {
		return o.stop(false)
	}
	o.rest = b[n:]
	return name, b[:n], true
}

func (o *Object) stop(whole bool) (name, value []byte, ok bool) {
	o.rest, o.whole = nil, whole
	return nil, nil, false
}

// Whole reports, after the last Next, whether the text was one object.
func (o *Object) Whole() bool { return o.whole }

// Plain returns what a value says that is a string without escapes.
func Plain(value []byte) (text []byte, ok bool) {
	if len(value) < 2 || value[0] != '"' || bytes.IndexByte(value, '\\') >= 0 {
		return nil, false
	}
	return value[1 : len(value)-1], true
}

// IsNull reports whether a value is null.
func IsNull(value []byte) bool { return string(value) == "null" }

func skipSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\n' || b[0] == '\r' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

// stringSize returns the size of the string that b begins with, quotes
// included; 0: it does not.
func stringSize(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			i++
		case c < ' ':
			return 0
		}
	}
	return 0
}

// valueSize returns the size of the value that b begins with; 0: it does not.
func valueSize(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '"':
		return stringSize(b)
	case '{', '[':
		return nestedSize(b)
	}
	end := bytes.IndexAny(b, ",}] \n\r\t")
	return max(end, 0)
}

// nestedSize is valueSize for an object or an array.
func nestedSize(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			n := stringSize(b[i:])
			if n == 0 {
				return 0
			}
			i += n - 1
		case '{', '[':
			if depth++; depth > MaxDepth {
				return 0
			}
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
