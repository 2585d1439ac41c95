package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"

	"messagehub/store/message"
)

// Values are written by hand: a version byte, then members in a fixed order.
// Numbers are uvarints (zigzag where they can be negative), strings and bytes
// have their length before them.

// ErrBadRow is returned for a value that no version of this program wrote.
var ErrBadRow = errors.New("row is not readable")

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func appendTime(dst []byte, t message.Time) []byte { return binary.AppendVarint(dst, int64(t)) }

func appendInt(dst []byte, n int) []byte { return binary.AppendUvarint(dst, uint64(n)) }

// reader reads a value that may hold anything. After the first fault every
// read returns zero, so a decoder checks once, at its end.
//
// Ownership: the strings it returns are parts of text.
type reader struct {
	text  string
	fault bool
}

// borrow returns b as a string, which changes with b.
func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// openValue returns a reader behind the version byte.
func openValue(text string, version byte) reader {
	r := reader{text: text}
	r.fault = r.byte() != version
	return r
}

// done returns the decoder's error: a fault, or bytes left over.
func (r *reader) done(what string) error {
	if r.fault || r.text != "" {
		return fmt.Errorf("decode %s: %w", what, ErrBadRow)
	}
	return nil
}

func (r *reader) fail() {
	r.fault, r.text = true, ""
}

func (r *reader) byte() byte {
	if r.text == "" {
		r.fail()
		return 0
	}
	b := r.text[0]
	r.text = r.text[1:]
	return b
}

// enum reads a byte that is one of 0..last.
func (r *reader) enum(last byte) byte {
	b := r.byte()
	if b > last {
		r.fail()
		return 0
	}
	return b
}

func (r *reader) uint64() uint64 {
	var n uint64
	for i := 0; i < len(r.text) && i < binary.MaxVarintLen64; i++ {
		b := r.text[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b >= 0x80 {
			continue
		}
		if i == binary.MaxVarintLen64-1 && b > 1 {
			break
		}
		r.text = r.text[i+1:]
		return n
	}
	r.fail()
	return 0
}

func (r *reader) int64() int64 {
	n := r.uint64()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *reader) time() message.Time { return message.Time(r.int64()) }

// int reads a number that is at most limit.
func (r *reader) int(limit int) int {
	n := r.uint64()
	if n > uint64(limit) {
		r.fail()
		return 0
	}
	return int(n)
}

// count reads the number of elements that follow, each of at least one byte.
func (r *reader) count(limit int) int { return r.int(min(limit, len(r.text))) }

func (r *reader) string() string {
	n := r.int(math.MaxInt32)
	if n > len(r.text) {
		r.fail()
		return ""
	}
	s := r.text[:n]
	r.text = r.text[n:]
	return s
}

// bytes fills dst.
func (r *reader) bytes(dst []byte) {
	if len(r.text) < len(dst) {
		r.fail()
		return
	}
	copy(dst, r.text)
	r.text = r.text[len(dst):]
}

func (r *reader) uint32() uint32 { return uint32(r.int(math.MaxUint32)) }

func (r *reader) fixed64() uint64 {
	var b [8]byte
	r.bytes(b[:])
	return binary.BigEndian.Uint64(b[:])
}
