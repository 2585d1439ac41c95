package telegram

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// atom is a piece of a text that is never divided: what a reader sees as one
// character, or an element of markup with all that is in it.
type atom struct {
	text  string
	width int // what it counts towards Telegram's limits: code points that are seen
}

// split divides a text into parts, the first of at most first and the others
// of at most rest characters, at the end of a line or a word where one is
// near. The first is empty where an atom fits the others alone. ok is false if
// an atom fits none, or markup does not close.
func split(text string, markup bool, first, rest int) (parts []string, ok bool) {
	atoms, ok := divide(text, markup)
	for limit := first; ok && len(atoms) > 0; {
		n := fitting(atoms, limit)
		if n == 0 && limit >= rest {
			return nil, false
		}
		var part strings.Builder
		for _, a := range atoms[:n] {
			part.WriteString(a.text)
		}
		atoms = atoms[n:]
		if n == 0 || strings.TrimSpace(part.String()) != "" { // Telegram takes no blank text
			parts, limit = append(parts, part.String()), rest
		}
	}
	return parts, ok
}

// fitting returns how many atoms make the next part: as many as fit, but no
// more than up to the last line or word that ends in the second half of them.
func fitting(atoms []atom, limit int) int {
	width, word, line := 0, 0, 0
	for i, a := range atoms {
		if width += a.width; width > limit {
			switch {
			case line > 0:
				return line
			case word > 0 && !blank(a.text):
				return word
			}
			return i
		}
		if width < limit/2 || !blank(a.text) {
			continue
		}
		word = i + 1
		if strings.HasSuffix(a.text, "\n") {
			line = i + 1
		}
	}
	return len(atoms)
}

func blank(text string) bool {
	r, _ := utf8.DecodeRuneInString(text)
	return unicode.IsSpace(r)
}

// width returns what a text counts towards Telegram's limits: characters are
// code points, and markup counts for what is seen of it.
func width(text string, markup bool) int {
	if !markup {
		return utf8.RuneCountInString(text)
	}
	n := 0
	for text != "" {
		size, seen := token(text)
		text, n = text[size:], n+seen
	}
	return n
}

// divide returns the atoms of a text. ok is false if markup does not close.
func divide(text string, markup bool) (atoms []atom, ok bool) {
	for text != "" {
		size := len(text)
		switch {
		case markup && text[0] == '<':
			if size = element(text); size == 0 {
				return nil, false
			}
		case markup && text[0] == '&':
			size, _ = token(text)
		default:
			if end := strings.IndexAny(text, "<&"); markup && end >= 0 {
				size = end
			}
			atoms, text = appendClusters(atoms, text[:size]), text[size:]
			continue
		}
		atoms, text = append(atoms, atom{text[:size], width(text[:size], true)}), text[size:]
	}
	return atoms, true
}

func appendClusters(atoms []atom, text string) []atom {
	for state := -1; text != ""; {
		var cluster string
		cluster, text, _, state = uniseg.FirstGraphemeClusterInString(text, state)
		atoms = append(atoms, atom{cluster, utf8.RuneCountInString(cluster)})
	}
	return atoms
}

// element returns the length of the element of markup that begins a text, from
// its opening tag to the end of its closing one; 0 if it does not close.
func element(text string) int {
	depth, at := 0, 0
	for at < len(text) {
		size, _ := token(text[at:])
		if text[at] == '<' && size > 1 {
			if text[at+1] == '/' {
				depth--
			} else {
				depth++
			}
		}
		if at += size; depth <= 0 {
			return at
		}
	}
	return 0
}

// The longest tag and the longest reference to a character that are read.
const (
	maxTag       = 4096
	maxReference = 10 // "&#x1F600;"
)

// token returns the length of the tag, the reference or the code point that
// begins a text, and how many characters are seen of it.
func token(text string) (size, seen int) {
	switch text[0] {
	case '<':
		if end := strings.IndexByte(text[:min(len(text), maxTag)], '>'); end > 0 {
			return end + 1, 0
		}
	case '&':
		if end := strings.IndexByte(text[:min(len(text), maxReference)], ';'); end > 0 {
			return end + 1, 1
		}
	}
	_, size = utf8.DecodeRuneInString(text)
	return size, 1
}
