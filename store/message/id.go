package message

import (
	"encoding/binary"
	"errors"
)

// Position is a place in the log: sequence (44 bits) and index within the
// record (12 bits). Positions are given by the one committer, strictly
// increasing, and are never reused.
type Position uint64

const (
	indexBits = 12
	// MaxIndex is the largest index of an operation within one log record.
	MaxIndex = 1<<indexBits - 1
	// MaxSequence is the largest sequence a Position can hold.
	MaxSequence = 1<<44 - 1
)

// At makes the Position of the index-th operation of record sequence.
func At(sequence uint64, index int) Position {
	return Position(sequence<<indexBits | uint64(index))
}

// Sequence returns the log record's number.
func (p Position) Sequence() uint64 { return uint64(p) >> indexBits }

// Index returns the operation's index within its record.
func (p Position) Index() int { return int(p & MaxIndex) }

// ID names a message for ever. Its 128 bits, from the top:
//
//	version 4 | generation 8 | partition 16 | sequence 44 | index 12 | random 44
//
// Ids sort in log order, and a look-up needs no index: the id says where the
// record is. The random part makes an id unguessable; a wrong one is not found.
type ID [16]byte

const idVersion = 1

// NewID makes the id of the message accepted at p on generation 0, partition
// 0. Only the low 44 bits of random are used.
func NewID(p Position, random uint64) ID {
	var id ID
	hi := uint64(idVersion)<<60 | uint64(p)>>20
	lo := uint64(p)<<44 | random&(1<<44-1)
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id
}

// Position returns where in the log the message was accepted.
func (id ID) Position() Position {
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	return Position(hi<<20&(1<<56-1) | lo>>44)
}

// IsZero reports whether id is no id at all.
func (id ID) IsZero() bool { return id == ID{} }

// Prefixes of the ids that clients see.
const (
	PrefixMessage = "msg_"
	PrefixKey     = "key_"
	PrefixRequest = "req_"
)

// idDigits is the length of 128 bits in base 32.
const idDigits = 26

const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

// String returns the id as clients see it: "msg_" and 26 digits.
func (id ID) String() string {
	var room [len(PrefixMessage) + idDigits]byte
	return string(AppendID(room[:0], PrefixMessage, id))
}

// AppendID appends prefix and the 26 lower-case Crockford base32 digits of id.
func AppendID(dst []byte, prefix string, id [16]byte) []byte {
	dst = append(dst, prefix...)
	hi, lo := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	var digits [idDigits]byte
	for i := idDigits - 1; i >= 0; i-- {
		digits[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return append(dst, digits[:]...)
}

// ErrBadID is returned for text that can't be an id of the asked kind.
var ErrBadID = errors.New("not an id")

// ParseID reads an id of the given prefix. It accepts exactly what
// [AppendID] writes.
func ParseID(prefix, text string) ([16]byte, error) {
	var id [16]byte
	if len(text) != len(prefix)+idDigits || text[:len(prefix)] != prefix {
		return id, ErrBadID
	}
	var hi, lo uint64
	for i := len(prefix); i < len(text); i++ {
		d := digitOf(text[i])
		if d < 0 || (i == len(prefix) && d > 7) {
			return [16]byte{}, ErrBadID
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(d)
	}
	binary.BigEndian.PutUint64(id[:8], hi)
	binary.BigEndian.PutUint64(id[8:], lo)
	return id, nil
}

func digitOf(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'h':
		return int(c-'a') + 10
	case c == 'j' || c == 'k':
		return int(c-'j') + 18
	case c == 'm' || c == 'n':
		return int(c-'m') + 20
	case c >= 'p' && c <= 't':
		return int(c-'p') + 22
	case c >= 'v' && c <= 'z':
		return int(c-'v') + 27
	}
	return -1
}
