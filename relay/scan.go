package relay

import (
	"encoding/binary"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is the deepest nesting of arrays and objects in a body.
const maxDepth = 32

// scanner reads one JSON text, strictly: UTF-8 only, no lone surrogates, no
// NUL characters, nothing after the value. The first thing wrong stops it:
// from then on every method does nothing.
//
// Ownership: the strings it gives out borrow the body, or the scanner's own
// memory where the body has escapes. They are valid until the body or the
// scanner is used again.
type scanner struct {
	b     []byte
	i     int
	depth int
	fresh bool // nothing has been read yet of the innermost array or object
	// text holds the strings that had escapes. It never grows while a body is
	// read: no escape is shorter than what it stands for.
	text []byte
	// wrong is what is wrong, in words that follow "The body is not valid
	// JSON:"; empty: nothing. at is where.
	wrong string
	at    int
}

// reset begins a body.
func (s *scanner) reset(b []byte) { *s = scanner{b: b, text: s.text[:0]} }

// fail stops the scanner. Only the first call counts.
func (s *scanner) fail(wrong string) { s.failAt(s.i, wrong) }

func (s *scanner) failAt(i int, wrong string) {
	if s.wrong == "" {
		s.wrong, s.at = wrong, i
	}
}

// position returns the line and column, from 1, of what is wrong. A column
// is one character.
func (s *scanner) position() (line, column int) {
	line, start := 1, 0
	for i, c := range s.b[:s.at] {
		if c == '\n' {
			line, start = line+1, i+1
		}
	}
	return line, utf8.RuneCount(s.b[start:s.at]) + 1
}

// kind is what a value begins with.
type kind uint8

const (
	kindNone kind = iota
	kindString
	kindNumber
	kindBool
	kindNull
	kindArray
	kindObject
)

func (k kind) String() string {
	return [...]string{"nothing", "a string", "a number", "a boolean", "null", "an array", "an object"}[k]
}

// peek returns the kind of the next value without reading it.
func (s *scanner) peek() kind {
	s.space()
	if s.wrong != "" {
		return kindNone
	}
	if s.i == len(s.b) {
		s.fail("it ends where a value should begin")
		return kindNone
	}
	switch c := s.b[s.i]; {
	case c == '"':
		return kindString
	case c == '-' || isDigit(c):
		return kindNumber
	case c == 't' || c == 'f':
		return kindBool
	case c == 'n':
		return kindNull
	case c == '[':
		return kindArray
	case c == '{':
		return kindObject
	}
	s.fail("a value should begin here")
	return kindNone
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// open reads the bracket that begins an array or object.
func (s *scanner) open() {
	if s.wrong != "" {
		return
	}
	if s.depth++; s.depth > maxDepth {
		s.fail("it is nested deeper than 32 levels")
		return
	}
	s.i++
	s.fresh = true
}

// more reads up to the next element or member and reports true, or reads the
// bracket that ends them and reports false.
func (s *scanner) more(end byte) bool {
	s.space()
	if s.wrong != "" {
		return false
	}
	if s.i == len(s.b) {
		s.fail("it ends in the middle")
		return false
	}
	c := s.b[s.i]
	if c == end {
		s.i++
		s.depth--
		s.fresh = false
		return false
	}
	if s.fresh {
		s.fresh = false
		return true
	}
	if c != ',' {
		s.fail("a comma or a closing bracket should stand here")
		return false
	}
	s.i++
	s.space()
	if s.i < len(s.b) && s.b[s.i] == end {
		s.fail("a comma stands before a closing bracket")
		return false
	}
	return true
}

// name reads a member's name and the colon after it.
func (s *scanner) name() string {
	s.space()
	if s.wrong != "" || s.i == len(s.b) || s.b[s.i] != '"' {
		s.fail("the name of a member should begin here, with a quotation mark")
		return ""
	}
	name := s.str()
	s.space()
	if s.wrong != "" || s.i == len(s.b) || s.b[s.i] != ':' {
		s.fail("a colon should follow the name of a member")
		return ""
	}
	s.i++
	return name
}

// str reads a string; its opening quotation mark is next.
func (s *scanner) str() string {
	if s.wrong != "" {
		return ""
	}
	start, high := s.i+1, byte(0)
	for i := plainText(s.b, start); i < len(s.b); i++ {
		c := s.b[i]
		if c >= ' ' && c != '"' && c != '\\' {
			high |= c
			continue
		}
		switch {
		case c == '\\':
			return s.escaped(start, i)
		case c < ' ':
			s.failAt(i, "a control character stands in a string; write it as \\n, \\t or \\u00XX")
			return ""
		}
		s.i = i + 1
		if high >= utf8.RuneSelf && !utf8.Valid(s.b[start:i]) {
			s.failAt(start, "a string is not UTF-8")
			return ""
		}
		return borrow(s.b[start:i])
	}
	s.failAt(len(s.b), "it ends in a string")
	return ""
}

// plainText returns where the ASCII text that starts at i needs a closer look,
// at the latest: it goes by eight characters at a time, of which none may be a
// quote, a backslash, a control character or beyond ASCII.
func plainText(b []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^ones*'"', w^ones*'\\'
		// Where no byte has its high bit, a byte is below n if it borrows.
		if (w|(w-ones*' ')|(quote-ones)|(slash-ones))&highs != 0 {
			break
		}
	}
	return i
}

// escaped reads the rest of a string whose first escape is at i.
func (s *scanner) escaped(start, i int) string {
	if cap(s.text) < len(s.b) && len(s.text) == 0 {
		s.text = slices.Grow(s.text, len(s.b))
	}
	from := len(s.text)
	s.text = append(s.text, s.b[start:i]...)
	for i < len(s.b) {
		switch c := s.b[i]; {
		case c == '"':
			s.i = i + 1
			if !utf8.Valid(s.text[from:]) {
				s.failAt(start, "a string is not UTF-8")
				return ""
			}
			return borrow(s.text[from:])
		case c == '\\':
			if i = s.escape(i); s.wrong != "" {
				return ""
			}
		case c < ' ':
			s.failAt(i, "a control character stands in a string; write it as \\n, \\t or \\u00XX")
			return ""
		default:
			s.text = append(s.text, c)
			i++
		}
	}
	s.failAt(len(s.b), "it ends in a string")
	return ""
}

// escape reads the escape at i and returns where it ends.
func (s *scanner) escape(i int) int {
	if i+1 >= len(s.b) {
		s.failAt(len(s.b), "it ends in a string")
		return i
	}
	c := s.b[i+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return s.unicode(i)
	default:
		s.failAt(i, "there is no such escape")
		return i
	}
	s.text = append(s.text, c)
	return i + 2
}

// unicode reads the \uXXXX at i, and the second half of a surrogate pair.
func (s *scanner) unicode(i int) int {
	const length = len(`\uXXXX`)
	r := s.hex(i)
	end := i + length
	if utf16.IsSurrogate(r) {
		r = utf16.DecodeRune(r, s.hex(end))
		end += length
		if r == utf8.RuneError {
			s.failAt(i, "half of a surrogate pair stands alone")
			return i
		}
	}
	switch r {
	case -1:
		s.failAt(i, "four hexadecimal digits should follow \\u")
	case 0:
		s.failAt(i, "a string holds the character NUL")
	default:
		s.text = utf8.AppendRune(s.text, r)
	}
	return end
}

// hex returns the code of the \uXXXX at i, or -1.
func (s *scanner) hex(i int) rune {
	if i+6 > len(s.b) || s.b[i] != '\\' || s.b[i+1] != 'u' {
		return -1
	}
	r := rune(0)
	for _, c := range s.b[i+2 : i+6] {
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
