package relay

import (
	"encoding/base64"
	"encoding/binary"

	"messagehub/store/message"
)

// A cursor is a place in the log and a check, so that a mangled one is told
// from an old one: version (1 byte), position (8), check (1), in base64url.
const (
	cursorVersion = 1
	cursorBytes   = 10
)

// appendCursor appends p as clients see it.
func appendCursor(dst []byte, p message.Position) []byte {
	raw := make([]byte, 0, cursorBytes)
	raw = append(raw, cursorVersion)
	raw = binary.BigEndian.AppendUint64(raw, uint64(p))
	raw = append(raw, cursorCheck(raw))
	return base64.RawURLEncoding.AppendEncode(dst, raw)
}

// parseCursor reads exactly what appendCursor writes.
func parseCursor(text string) (message.Position, bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(cursorBytes) { // the decoder skips line breaks
		return 0, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != cursorBytes || raw[0] != cursorVersion || cursorCheck(raw[:cursorBytes-1]) != raw[cursorBytes-1] {
		return 0, false
	}
	p := message.Position(binary.BigEndian.Uint64(raw[1:]))
	return p, p != 0 && p <= message.At(message.MaxSequence, message.MaxIndex)
}

func cursorCheck(raw []byte) byte {
	sum := byte(0x5a)
	for _, b := range raw {
		sum = sum<<1 | sum>>7
		sum ^= b
	}
	return sum
}
