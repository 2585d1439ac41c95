package channel

import (
	"bytes"
	"strings"
)

// Header is the header of a provider's answer. The zero value is an empty one.
type Header struct {
	lines []byte // as received, without the status line
}

// Get returns the first value of the field of that name, whatever its case, or
// "".
func (h Header) Get(name string) string {
	for rest := h.lines; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		field, value := cutField(line)
		if len(field) > 0 && len(field) == len(name) && strings.EqualFold(string(field), name) {
			return string(value)
		}
	}
	return ""
}

// cutLine returns the first line of b, without its end, and what follows.
func cutLine(b []byte) (line, rest []byte) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return b, nil
	}
	line, rest = b[:end], b[end+1:]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, rest
}

// cutField splits a line of a header; the name is empty where it is no field.
func cutField(line []byte) (name, value []byte) {
	at := bytes.IndexByte(line, ':')
	if at <= 0 {
		return nil, nil
	}
	return line[:at], bytes.Trim(line[at+1:], " \t")
}
