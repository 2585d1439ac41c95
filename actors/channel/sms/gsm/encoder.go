package gsm

import (
	"errors"
	"unicode/utf8"
)

// Encoder says what may be used to write a text. The zero value uses the
// default alphabet, and UCS-2 where a character is not in it.
type Encoder struct {
	// Languages are the national languages whose tables the network and the
	// handsets know. Their tables are used where the default alphabet lacks a
	// character, and as few of them as give the fewest parts.
	Languages []Language
	// Latin1: texts of ISO 8859-1 are written in it before UCS-2 is.
	Latin1 bool
	// Smart replaces typographical characters by plain ones where the text
	// then needs no UCS-2.
	Smart bool
	// WideReference numbers the parts of a text in 16 bits, not 8.
	WideReference bool
	// NoGSM7: the provider does not take septets.
	NoGSM7 bool
}

// Measure says how text is written, and returns it as Smart leaves it. It
// allocates only where Smart has to replace something.
func (e Encoder) Measure(text string) (Form, string) {
	form := e.best(text)
	if !e.Smart || form.Coding == GSM7 {
		return form, text
	}
	plain, changed := replace(text)
	if !changed {
		return form, text
	}
	if other := e.best(plain); other.Coding == GSM7 {
		other.Replaced = true
		return other, plain
	}
	return form, text
}

// best returns the form of text as it is.
func (e Encoder) best(text string) Form {
	form := Form{wide: e.WideReference}
	if !e.NoGSM7 {
		if form.measure(text) {
			return form
		}
		if national, ok := e.national(text); ok {
			return national
		}
	}
	if form.Coding = Latin1; e.Latin1 && form.measure(text) {
		return form
	}
	form.Coding = UCS2
	form.measure(text)
	return form
}

// national returns the form with the national tables that need the fewest
// parts.
func (e Encoder) national(text string) (best Form, ok bool) {
	for i := -1; i < len(e.Languages); i++ {
		for j := -1; j < len(e.Languages); j++ {
			form := Form{Locking: e.language(i), Single: e.language(j), wide: e.WideReference}
			if locking[form.Locking] == nil || !form.measure(text) {
				continue
			}
			if !ok || form.Parts < best.Parts {
				best, ok = form, true
			}
		}
	}
	return best, ok
}

// language returns the i-th language; the default one before the first.
func (e Encoder) language(i int) Language {
	if i < 0 {
		return Default
	}
	return e.Languages[i]
}

// measure counts the parts; false if a character can't be written.
func (f *Form) measure(text string) bool {
	size, widest, ok := f.size(text)
	if !ok {
		return false
	}
	if size <= f.room(f.shiftHeader()) {
		f.Parts = min(size, 1)
		return true
	}
	room, used := f.room(f.partHeader()), 0
	if widest == 1 { // each part is full
		f.Parts = (size + room - 1) / room
		return true
	}
	f.Parts = 1
	for _, r := range text {
		w := f.width(r)
		if used+w > room {
			f.Parts, used = f.Parts+1, 0
		}
		used += w
	}
	return true
}

// size adds up the widths, most texts' ASCII first; ok is false if a character
// can't be written.
func (f *Form) size(text string) (size, widest int, ok bool) {
	short := &widths{}
	if f.Coding == GSM7 {
		short = pairs[f.Locking][f.Single]
	}
	i := 0
	for i < len(text) && text[i] < utf8.RuneSelf && short.low[text[i]] > 0 {
		w := int(short.low[text[i]])
		size, widest, i = size+w, max(widest, w), i+1
	}
	for _, r := range text[i:] {
		w := f.width(r)
		if w == 0 {
			return 0, 0, false
		}
		size, widest = size+w, max(widest, w)
	}
	return size, widest, true
}

// MaxParts is how many parts a text can have.
const MaxParts = 255

// ErrTooLong: a text needs more than MaxParts parts.
var ErrTooLong = errors.New("text needs more than 255 short messages")

// Message is a text as it is sent.
type Message struct {
	Form
	// Text is the text after Smart's replacements.
	Text string
	// Parts has what each short message carries.
	Parts []Part
}

// Part is what one short message carries.
type Part struct {
	// Header is the user data header, its length octet included; nil if there
	// is none.
	Header []byte
	// Body is a septet in each octet (see [Pack]), UTF-16BE or ISO 8859-1.
	Body []byte
}

// Encode makes the parts of text. No part divides a character: neither an
// escape from its code nor the halves of a surrogate pair. reference tells the
// parts of one text from those of another to the same handset; without
// WideReference its low 8 bits count.
func (e Encoder) Encode(text string, reference uint16) (Message, error) {
	form, text := e.Measure(text)
	if form.Parts > MaxParts {
		return Message{}, ErrTooLong
	}
	m := Message{Form: form, Text: text, Parts: make([]Part, 0, form.Parts)}
	room, used := form.room(form.partHeader()), 0
	if form.Parts <= 1 {
		room = form.room(form.shiftHeader())
	}
	var body []byte
	for _, r := range text {
		w := form.width(r)
		if used+w > room {
			m.Parts = append(m.Parts, Part{form.Header(reference, len(m.Parts)+1), body})
			body, used = nil, 0
		}
		body, used = form.append(body, r), used+w
	}
	if body != nil {
		m.Parts = append(m.Parts, Part{form.Header(reference, len(m.Parts)+1), body})
	}
	return m, nil
}
