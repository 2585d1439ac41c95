package gsm

import (
	"strconv"
	"unicode/utf16"
)

// Coding is a way to write characters.
type Coding uint8

// The codings.
const (
	GSM7   Coding = iota // septets of the default alphabet or of a national one
	UCS2                 // UTF-16, big-endian
	Latin1               // ISO 8859-1, an octet each
)

// String returns the coding's name in the API.
func (c Coding) String() string {
	switch c {
	case GSM7:
		return "GSM-7"
	case UCS2:
		return "UCS-2"
	case Latin1:
		return "Latin-1"
	}
	return strconv.Itoa(int(c))
}

// Form is how one text is written.
type Form struct {
	Coding Coding
	// Locking and Single are the tables of GSM7.
	Locking, Single Language
	// Parts is how many short messages it takes: 0 for an empty text.
	Parts int
	// Replaced: [Encoder.Smart] has changed the text.
	Replaced bool

	wide bool // parts are numbered in 16 bits
}

// The form of a part's octets in [Form.width] and [Form.append]: a septet or
// an octet each for GSM7 and Latin1, two octets for a code unit of UCS2.

// width returns how many septets, octets or code units r takes; 0 if it can't
// be written.
func (f *Form) width(r rune) int {
	switch f.Coding {
	case GSM7:
		return pairs[f.Locking][f.Single].of(r)
	case Latin1:
		if r > 0xff {
			return 0
		}
		return 1
	}
	if r > 0xffff {
		return 2
	}
	return 1
}

// append writes r, which has a width.
func (f *Form) append(b []byte, r rune) []byte {
	switch f.Coding {
	case GSM7:
		if code, ok := locking[f.Locking].code(r); ok {
			return append(b, code)
		}
		code, _ := single[f.Single].code(r)
		return append(b, escape, code)
	case Latin1:
		return append(b, byte(r))
	}
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return append(b, byte(high>>8), byte(high), byte(low>>8), byte(low))
	}
	return append(b, byte(r>>8), byte(r))
}

// maxOctets is the user data of a short message, header included.
const maxOctets = 140

// room returns how many septets, octets or code units a part has beside its
// header.
func (f *Form) room(header int) int {
	octets := maxOctets - header
	switch f.Coding {
	case GSM7: // the header is filled up to a septet
		return octets * 8 / 7
	case UCS2:
		return octets / 2
	}
	return octets
}

// Decode reads what Form's coding and tables write, as a handset does: an
// escape sequence that the tables do not have shows the character of its
// second septet (TS 23.038, section 6.2.1.1).
func (f Form) Decode(b []byte) string {
	switch f.Coding {
	case GSM7:
		return f.decodeSeptets(b)
	case UCS2:
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
		}
		return string(utf16.Decode(units))
	}
	out := make([]rune, len(b))
	for i, c := range b {
		out[i] = rune(c)
	}
	return string(out)
}

func (f *Form) decodeSeptets(b []byte) string {
	out := make([]rune, 0, len(b))
	escaped := false
	for _, c := range b {
		c &= 0x7f
		switch r := single[f.Single].runes[c]; {
		case escaped && r != 0:
			out = append(out, r)
			escaped = false
		case c == escape:
			if escaped { // reserved for another table: a space
				out = append(out, ' ')
			}
			escaped = !escaped
		default:
			out = append(out, locking[f.Locking].runes[c])
			escaped = false
		}
	}
	return string(out)
}
