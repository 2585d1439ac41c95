package smsc

import (
	"encoding/binary"
	"strings"
	"unicode/utf16"

	"messagehub/actors/channel/sms/gsm"
)

// read reads the text and its place among the parts.
func (m *submit) read(class, coding byte, short []byte, options map[uint16][]byte, alphabet Alphabet) uint32 {
	m.part = part{total: 1, number: 1}
	text := short
	payload, long := options[optPayload]
	if long {
		text = payload
	}
	header := 0
	if class&0x40 != 0 {
		size, status := m.readHeader(text)
		if status != ok {
			return status
		}
		header = size
	}
	if ref := options[optSarRef]; ref != nil {
		if m.part.total > 1 {
			return optionNotAllowed
		}
		m.part = part{int(binary.BigEndian.Uint16(ref)), int(options[optSarTotal][0]), int(options[optSarNumber][0])}
		if m.part.number < 1 || m.part.number > m.part.total {
			return badOptionalValue
		}
	}
	var status uint32
	m.text, status = m.decode(coding, alphabet, text, header, long)
	return status
}

// readHeader reads the user data header; size is its length with the octet
// that says so.
func (m *submit) readHeader(short []byte) (size int, status uint32) {
	if len(short) == 0 || int(short[0]) >= len(short) || short[0] == 0 {
		return 0, badClass
	}
	size = int(short[0]) + 1
	for rest := short[1:size]; len(rest) > 0; {
		if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
			return 0, badClass
		}
		value := rest[2 : 2+int(rest[1])]
		switch {
		case rest[0] == 0x00 && len(value) == 3:
			m.part = part{int(value[0]), int(value[1]), int(value[2])}
		case rest[0] == 0x08 && len(value) == 4:
			m.part = part{int(binary.BigEndian.Uint16(value)), int(value[2]), int(value[3])}
		case rest[0] == 0x24 && len(value) == 1 && value[0] >= 1 && value[0] <= 3:
			m.single = gsm.Language(value[0])
		case rest[0] == 0x25 && len(value) == 1 && (value[0] == 1 || value[0] == 3):
			m.locking = gsm.Language(value[0])
		default:
			return 0, badClass
		}
		rest = rest[2+len(value):]
	}
	if m.part.number < 1 || m.part.number > m.part.total {
		return 0, badClass
	}
	return size, ok
}

// decode reads a text that begins after skip octets of header. A long one is a
// message_payload.
func (m *submit) decode(coding byte, alphabet Alphabet, b []byte, skip int, long bool) (string, uint32) {
	if coding == 8 || coding == 3 || coding == 1 || alphabet == Latin1 || alphabet == PackedGSM {
		if len(b) > 140 && !long {
			return "", badMessageLength
		}
	}
	switch {
	case coding == 8 && m.part.total > 1: // a character may be divided between two parts
		m.units = string(b[skip:])
		text, _ := decodeUCS2(b[skip:])
		return text, ok
	case coding == 8:
		return decodeUCS2(b[skip:])
	case coding == 3, coding == 0 && alphabet == Latin1:
		return decodeLatin1(b[skip:]), ok
	case coding == 1:
		return decodeASCII(b[skip:])
	case coding != 0:
		return "", badCoding
	case alphabet == PackedGSM:
		return m.decodeGSM(unpack(b, skip))
	}
	// Unpacked, a septet takes an octet; the header takes its own septets.
	if header := (skip*8 + 6) / 7; len(b)-skip+header > 160 && !long {
		return "", badMessageLength
	}
	return m.decodeGSM(b[skip:])
}

func decodeUCS2(b []byte) (text string, status uint32) {
	if len(b)%2 != 0 {
		return "", badMessageLength
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	text = string(utf16.Decode(units))
	if strings.ContainsRune(text, '\ufffd') { // a divided pair
		return text, badCoding
	}
	return text, ok
}

func decodeLatin1(b []byte) string {
	out := make([]rune, len(b))
	for i, c := range b {
		out[i] = rune(c)
	}
	return string(out)
}

func decodeASCII(b []byte) (string, uint32) {
	for _, c := range b {
		if c > 0x7f {
			return "", badCoding
		}
	}
	return string(b), ok
}

// basic is GSM 03.38's default alphabet in the order of its codes; 1B is the
// escape.
const basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

// decodeGSM reads septets, one in each octet. Those of national tables are
// read with the tables that the texts are written with.
func (m *submit) decodeGSM(septets []byte) (string, uint32) {
	if m.single != gsm.Default || m.locking != gsm.Default {
		return gsm.Form{Locking: m.locking, Single: m.single}.Decode(septets), ok
	}
	table := []rune(basic)
	extension := map[byte]rune{
		0x0a: '\f', 0x14: '^', 0x28: '{', 0x29: '}', 0x2f: '\\', 0x3c: '[', 0x3d: '~', 0x3e: ']', 0x40: '|', 0x65: '€',
	}
	var out strings.Builder
	for i := 0; i < len(septets); i++ {
		c := septets[i]
		if c > 0x7f {
			return "", badCoding
		}
		if c != 0x1b {
			out.WriteRune(table[c])
			continue
		}
		if i++; i == len(septets) { // divided from its code
			return "", badCoding
		}
		r, known := extension[septets[i]]
		if !known {
			return "", badCoding
		}
		out.WriteRune(r)
	}
	return out.String(), ok
}

// unpack takes septets out of octets, after the header and its fill bits. A
// carriage return that only fills the last octet is dropped.
func unpack(b []byte, skip int) []byte {
	at := (skip*8 + 6) / 7 * 7
	var out []byte
	for ; at+7 <= len(b)*8; at += 7 {
		v := uint16(b[at/8]) >> (at % 8)
		if at/8+1 < len(b) {
			v |= uint16(b[at/8+1]) << (8 - at%8)
		}
		out = append(out, byte(v&0x7f))
	}
	if n := len(out); n > 0 && at == len(b)*8 && (out[n-1] == 0x0d || out[n-1] == 0) {
		out = out[:n-1]
	}
	return out
}
