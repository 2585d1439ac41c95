package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// mark is how far the log has come: the sequence of its last record, and how
// many messages it has accepted since it was made.
type mark struct {
	sequence uint64
	accepted uint64
}

// superblock is what is known for sure about the log from outside of it. The
// engine under the log drops a rotten or missing tail of its own files without
// a word; the superblock is how the store notices.
//
// Guarantee: everything it says was durable before it was written.
//
// On disk it is a slot of 4 KiB, in big endian:
//
//	   0  8    magic and version
//	   8  8    generation: the higher of two slots is the newer
//	  16  8    sequence of the last durable record
//	  24  8    messages accepted
//	  32  1    1 = sealed, 0 = open
//	  33  1    number of files n
//	  34  6    0
//	  40  24n  files: kind 1 | whole 1 | 0 2 | CRC-32C 4 | number 8 | size 8
//	      …    0
//	4092  4    CRC-32C of all that precedes
type superblock struct {
	generation uint64
	mark
	// sealed: written by an orderly close, after the last write of the engine.
	sealed bool
	files  []fileMark
}

// fileMark is what a file of the engine held: at least size bytes, with this
// checksum. A file of kind logFile is checked in full only where whole is set.
type fileMark struct {
	kind   fileKind
	whole  bool
	number uint64
	size   uint64
	crc    uint32
}

// fileKind is a kind of engine file that has no guard of its own against being
// cut. The values are stored.
type fileKind uint8

const (
	manifestFile fileKind = iota + 1
	logFile
)

const (
	slotSize     = 4096
	slotMagic    = "MHHIGHW\x01"
	slotHead     = 40
	slotFile     = 24
	slotTail     = slotSize - 4
	maxSlotFiles = 64
)

// What is wrong with a slot.
var (
	errTornSlot  = errors.New("slot is torn")
	errSlotMagic = errors.New("slot is not of a version that this program reads")
)

// castagnoli is never written after it is made.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendSlot appends the slot that holds sb to dst.
func appendSlot(dst []byte, sb superblock) []byte {
	start := len(dst)
	dst = append(dst, slotMagic...)
	dst = binary.BigEndian.AppendUint64(dst, sb.generation)
	dst = binary.BigEndian.AppendUint64(dst, sb.sequence)
	dst = binary.BigEndian.AppendUint64(dst, sb.accepted)
	files := sb.files[max(0, len(sb.files)-maxSlotFiles):]
	dst = append(dst, bit(sb.sealed), byte(len(files)), 0, 0, 0, 0, 0, 0)
	for _, f := range files {
		dst = append(dst, byte(f.kind), bit(f.whole), 0, 0)
		dst = binary.BigEndian.AppendUint32(dst, f.crc)
		dst = binary.BigEndian.AppendUint64(dst, f.number)
		dst = binary.BigEndian.AppendUint64(dst, f.size)
	}
	dst = append(dst, make([]byte, start+slotTail-len(dst))...)
	return append(dst[:start], appendSum(dst[start:])...)
}

// appendSum appends the CRC-32C of b to b.
func appendSum(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseSlot reads what appendSlot wrote, and nothing else.
func parseSlot(b []byte) (superblock, error) {
	if len(b) != slotSize || crc32.Checksum(b[:slotTail], castagnoli) != binary.BigEndian.Uint32(b[slotTail:]) {
		return superblock{}, errTornSlot
	}
	if string(b[:len(slotMagic)]) != slotMagic {
		return superblock{}, errSlotMagic
	}
	sb := superblock{
		generation: binary.BigEndian.Uint64(b[8:]),
		mark:       mark{binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[24:])},
		sealed:     b[32] == 1,
	}
	n := int(b[33])
	if n > maxSlotFiles {
		return superblock{}, errSlotMagic
	}
	for i := range n {
		sb.files = append(sb.files, parseFileMark(b[slotHead+i*slotFile:]))
	}
	if !bytes.Equal(appendSlot(nil, sb), b) { // a bit that means nothing is set
		return superblock{}, errSlotMagic
	}
	return sb, nil
}

func parseFileMark(b []byte) fileMark {
	return fileMark{
		kind:   fileKind(b[0]),
		whole:  b[1] == 1,
		crc:    binary.BigEndian.Uint32(b[4:]),
		number: binary.BigEndian.Uint64(b[8:]),
		size:   binary.BigEndian.Uint64(b[16:]),
	}
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}
