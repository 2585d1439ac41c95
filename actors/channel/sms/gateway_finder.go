package sms

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"messagehub/store/message/json"
)

// finder finds a value in a text: by a JSON pointer (RFC 6901), or by a
// regular expression, whose first group it is.
type finder struct {
	pointer []string
	pattern *regexp.Regexp
}

// parseFinder reads a pointer, which begins with a slash, or an expression.
// The empty text finds nothing.
func parseFinder(text string) (finder, error) {
	if strings.HasPrefix(text, "/") {
		return finder{pointer: parsePointer(text)}, nil
	}
	if text == "" {
		return finder{}, nil
	}
	re, err := regexp.Compile(text)
	if err != nil || re.NumSubexp() > 1 {
		return finder{}, errors.New("must be a JSON pointer, which begins with /, or a regular expression with at most one group")
	}
	return finder{pattern: re}, nil
}

// parsePointer returns the members that a pointer leads through.
func parsePointer(text string) []string {
	members := strings.Split(text[1:], "/")
	for i, m := range members {
		members[i] = strings.ReplaceAll(strings.ReplaceAll(m, "~1", "/"), "~0", "~")
	}
	return members
}

// set reports whether the finder looks for anything.
func (f *finder) set() bool { return f.pointer != nil || f.pattern != nil }

// find returns the value. It borrows nothing of text.
func (f *finder) find(text []byte) (value string, ok bool) {
	if f.pattern != nil {
		m := f.pattern.FindSubmatch(text)
		if m == nil {
			return "", false
		}
		return string(m[len(m)-1]), true
	}
	if f.pointer == nil {
		return "", false
	}
	raw, ok := follow(text, f.pointer)
	if !ok {
		return "", false
	}
	return scalar(raw)
}

// follow returns the JSON that the pointer leads to.
func follow(raw json.RawMessage, pointer []string) (json.RawMessage, bool) {
	for _, member := range pointer {
		var object map[string]json.RawMessage
		if json.Unmarshal(raw, &object) == nil {
			next, ok := object[member]
			if !ok {
				return nil, false
			}
			raw = next
			continue
		}
		var array []json.RawMessage
		i, err := strconv.ParseUint(member, 10, 16)
		if err != nil || json.Unmarshal(raw, &array) != nil || i >= uint64(len(array)) {
			return nil, false
		}
		raw = array[i]
	}
	return raw, len(raw) > 0
}

// scalar returns a string, a number or a truth as text. Null and what has
// members is none.
func scalar(raw json.RawMessage) (string, bool) {
	switch raw[0] {
	case '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return strings.Clone(text), err == nil
	case '{', '[', 'n':
		return "", false
	}
	return string(raw), json.Valid(raw)
}
