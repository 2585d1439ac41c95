package smsc

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"

	"messagehub/actors/channel/sim"
)

// number is whom handsets write to, where nobody has sent to them yet.
const number = "15005550006"

// Write implements [sim.Writer]: a handset sends a text, in parts if it is
// long.
func (s *SMSC) Write(w sim.Written) error {
	switch {
	case w.Kind != sim.WritesText:
		return w.Unwritable("an SMSC")
	case w.ReplyTo != "":
		return w.Unanswerable("an SMSC")
	}
	from := address{1, 1, strings.TrimPrefix(w.From, "+")}
	if !digits(from.number, 3, 15) {
		return fmt.Errorf("a handset has a number such as +14155550100, not %q", w.From)
	}
	coding, bodies := s.cut(w.Text)
	reference := byte(s.world.Serial())
	for i, body := range bodies {
		class, header := byte(0), []byte(nil)
		if len(bodies) > 1 {
			class, header = 0x40, []byte{5, 0, 3, reference, byte(len(bodies)), byte(i + 1)}
		}
		pdu := s.written(from, class, coding, s.userData(coding, header, body))
		s.world.Post(sim.Post{Deliver: func(ctx context.Context) int { return s.deliver(ctx, pdu) }})
	}
	return nil
}

// written makes the body of a deliver_sm from a handset.
func (s *SMSC) written(from address, class, coding byte, text []byte) []byte {
	b := addText(nil, "")
	b = addText(append(b, from.ton, from.npi), from.number)
	b = addText(append(b, 1, 1), number)
	b = append(b, class, 0, 0)
	b = addText(addText(b, ""), "")
	b = append(b, 0, 0, coding, 0)
	return append(append(b, byte(len(text))), text...)
}

// cut returns a text's data_coding and what each part carries: a septet an
// octet, an octet, or two for a code unit.
func (s *SMSC) cut(text string) (coding byte, bodies [][]byte) {
	var units [][]byte // that are not divided
	lone, part := 160, 153
	if s.options.Alphabet == Latin1 {
		units, lone, part = inLatin1(text), 140, 134
	} else {
		units = inGSM(text)
	}
	if units == nil {
		coding, units, lone, part = 8, inUCS2(text), 140, 134
	}
	size := 0
	for _, u := range units {
		size += len(u)
	}
	room := part
	if size <= lone {
		room = lone
	}
	bodies = [][]byte{nil}
	for _, u := range units {
		last := len(bodies) - 1
		if len(bodies[last])+len(u) > room {
			bodies, last = append(bodies, nil), last+1
		}
		bodies[last] = append(bodies[last], u...)
	}
	return coding, bodies
}

// inGSM returns the septets of each character; nil: one has none.
func inGSM(text string) (units [][]byte) {
	units = [][]byte{}
	for _, r := range text {
		if i := indexOf([]rune(basic), r); i >= 0 && i != 0x1b {
			units = append(units, []byte{byte(i)})
		} else if i := strings.IndexRune("\f^{}\\[~]|€", r); i >= 0 {
			units = append(units, []byte{0x1b, "\x0a\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65"[i]})
		} else {
			return nil
		}
	}
	return units
}

func indexOf(all []rune, r rune) int {
	for i := range all {
		if all[i] == r {
			return i
		}
	}
	return -1
}

func inLatin1(text string) (units [][]byte) {
	units = [][]byte{}
	for _, r := range text {
		if r > 0xff {
			return nil
		}
		units = append(units, []byte{byte(r)})
	}
	return units
}

func inUCS2(text string) (units [][]byte) {
	for _, r := range text {
		var u []byte
		for _, unit := range utf16.Encode([]rune{r}) {
			u = binary.BigEndian.AppendUint16(u, unit)
		}
		units = append(units, u)
	}
	return units
}

// userData puts the header before the body, whose septets are packed where the
// account's are.
func (s *SMSC) userData(coding byte, header, body []byte) []byte {
	if coding != 0 || s.options.Alphabet != PackedGSM {
		return append(append([]byte(nil), header...), body...)
	}
	at := (len(header)*8 + 6) / 7 * 7 // in bits
	out := make([]byte, (at+7*len(body)+7)/8)
	copy(out, header)
	for _, c := range body {
		for bit := range 7 {
			out[(at+bit)/8] |= c >> bit & 1 << ((at + bit) % 8)
		}
		at += 7
	}
	if len(body) > 0 && at%8 == 1 { // seven bits are left over, which would read as another "@"
		for bit := range 7 {
			out[(at+bit)/8] |= '\r' >> bit & 1 << ((at + bit) % 8)
		}
	}
	return out
}
