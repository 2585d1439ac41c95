package sms

import (
	"bytes"
	"slices"
)

// twilioParams is the parameters of a callback, by name; those of one name are
// in the order in which they came.
//
// Ownership: what it returns is valid until it reads the next form.
type twilioParams struct {
	fields []twilioParam
	text   []byte // what the fields are parts of
	broken bool   // something could not be read, and is left out
}

type twilioParam struct{ name, value []byte }

// read reads a form as [url.ParseQuery] does.
func (f *twilioParams) read(body []byte) {
	f.fields, f.broken = f.fields[:0], false
	f.text = slices.Grow(f.text[:0], len(body))
	for len(body) > 0 {
		pair := body
		if end := bytes.IndexByte(body, '&'); end >= 0 {
			pair, body = body[:end], body[end+1:]
		} else {
			body = nil
		}
		if len(pair) > 0 {
			f.add(pair)
		}
	}
	slices.SortStableFunc(f.fields, func(a, b twilioParam) int { return bytes.Compare(a.name, b.name) })
}

func (f *twilioParams) add(pair []byte) {
	if bytes.IndexByte(pair, ';') >= 0 {
		f.broken = true
		return
	}
	name, value := pair, []byte(nil)
	if at := bytes.IndexByte(pair, '='); at >= 0 {
		name, value = pair[:at], pair[at+1:]
	}
	name, ok := f.unescape(name)
	if ok {
		value, ok = f.unescape(value)
	}
	if !ok {
		f.broken = true
		return
	}
	f.fields = append(f.fields, twilioParam{name, value})
}

// unescape returns what b says, in the memory of f.
func (f *twilioParams) unescape(b []byte) (plain []byte, ok bool) {
	start := len(f.text)
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '+':
			f.text = append(f.text, ' ')
		case '%':
			if i+2 >= len(b) {
				return nil, false
			}
			high, ok1 := hexDigit(b[i+1])
			low, ok2 := hexDigit(b[i+2])
			if !ok1 || !ok2 {
				return nil, false
			}
			f.text = append(f.text, high<<4|low)
			i += 2
		default:
			f.text = append(f.text, c)
		}
	}
	return f.text[start:len(f.text):len(f.text)], true
}

func hexDigit(c byte) (value byte, ok bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// get returns the first value of the name, or nothing.
func (f *twilioParams) get(name string) []byte {
	for i := range f.fields {
		if string(f.fields[i].name) == name {
			return f.fields[i].value
		}
	}
	return nil
}

func (f *twilioParams) has(name string) bool {
	return slices.ContainsFunc(f.fields, func(one twilioParam) bool { return string(one.name) == name })
}

// first returns the first of the named parameters that is not empty.
func (f *twilioParams) first(names ...string) []byte {
	for _, name := range names {
		if value := f.get(name); len(value) > 0 {
			return value
		}
	}
	return nil
}

// repeats reports whether a name comes more than once.
func (f *twilioParams) repeats() bool {
	for i := 1; i < len(f.fields); i++ {
		if bytes.Equal(f.fields[i-1].name, f.fields[i].name) {
			return true
		}
	}
	return false
}
