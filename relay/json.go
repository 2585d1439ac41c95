package relay

import (
	"strconv"
	"unicode/utf8"

	"messagehub/store/message"
)

// maxPooled keeps one huge answer from pinning its memory for ever.
const maxPooled = 1 << 20

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. Bytes that are not UTF-8 become
// U+FFFD; line separators are escaped, so that the text is also safe to paste
// into JavaScript.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = appendControl(append(dst, s[from:i]...), c)
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if (r == utf8.RuneError && size == 1) || r == '\u2028' || r == '\u2029' {
			dst = appendEscape(append(dst, s[from:i]...), r)
			from = i + size
		}
		i += size
	}
	return append(append(dst, s[from:]...), '"')
}

// appendControl appends an ASCII character that JSON wants escaped.
func appendControl(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return appendEscape(dst, rune(c))
}

// appendEscape appends a character of the basic plane as \uXXXX.
func appendEscape(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// appendOptional is appendString with null for the empty string.
func appendOptional(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return appendString(dst, s)
}

// appendTime appends t as RFC 3339 in UTC with milliseconds; 0 is null.
func appendTime(dst []byte, t message.Time) []byte {
	if t == 0 {
		return append(dst, "null"...)
	}
	dst = append(dst, '"')
	dst = t.Std().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	return append(dst, '"')
}

// appendMember appends `,"name":`.
func appendMember(dst []byte, name string) []byte {
	dst = append(dst, ',', '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

func appendStringMember(dst []byte, name, value string) []byte {
	return appendString(appendMember(dst, name), value)
}

func appendOptionalMember(dst []byte, name, value string) []byte {
	return appendOptional(appendMember(dst, name), value)
}

func appendTimeMember(dst []byte, name string, t message.Time) []byte {
	return appendTime(appendMember(dst, name), t)
}

func appendBoolMember(dst []byte, name string, b bool) []byte {
	return strconv.AppendBool(appendMember(dst, name), b)
}

func appendIntMember(dst []byte, name string, n int) []byte {
	return strconv.AppendInt(appendMember(dst, name), int64(n), 10)
}
