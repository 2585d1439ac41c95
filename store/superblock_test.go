package store

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"messagehub/store/message/mutate"
)

var anySuperblock = rapid.Custom(func(t *rapid.T) superblock {
	sb := superblock{
		generation: rapid.Uint64().Draw(t, "generation"),
		mark:       mark{rapid.Uint64().Draw(t, "sequence"), rapid.Uint64().Draw(t, "accepted")},
		sealed:     rapid.Bool().Draw(t, "sealed"),
	}
	for range rapid.IntRange(0, maxSlotFiles).Draw(t, "files") {
		sb.files = append(sb.files, fileMark{
			kind:   fileKind(rapid.IntRange(1, 2).Draw(t, "kind")),
			whole:  rapid.Bool().Draw(t, "whole"),
			number: rapid.Uint64().Draw(t, "number"),
			size:   rapid.Uint64().Draw(t, "size"),
			crc:    rapid.Uint32().Draw(t, "crc"),
		})
	}
	return sb
})

func sameSuperblock(a, b superblock) bool {
	return a.generation == b.generation && a.mark == b.mark && a.sealed == b.sealed && slices.Equal(a.files, b.files)
}

func TestSlotRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anySuperblock.Draw(t, "superblock")
		b := appendSlot([]byte("before"), want)[len("before"):]
		if len(b) != slotSize {
			t.Fatalf("slot of %d bytes", len(b))
		}
		got, err := parseSlot(b)
		if err != nil || !sameSuperblock(got, want) {
			t.Fatalf("read %+v, %v; wrote %+v", got, err, want)
		}
	})
}

func TestSlotKeepsTheNewestFiles(t *testing.T) {
	var sb superblock
	for i := range uint64(maxSlotFiles + 5) {
		sb.files = append(sb.files, fileMark{kind: logFile, number: i})
	}
	got, err := parseSlot(appendSlot(nil, sb))
	if err != nil || len(got.files) != maxSlotFiles || got.files[0].number != 5 {
		t.Fatalf("%v, %d files", err, len(got.files))
	}
}

func TestSlotFindsEveryFlippedBit(t *testing.T) {
	b := appendSlot(nil, superblock{generation: 7, mark: mark{8, 9}, files: []fileMark{{kind: manifestFile, size: 5}}})
	for i := range slotSize * 8 {
		b[i/8] ^= 1 << (i % 8)
		if _, err := parseSlot(b); err == nil {
			t.Fatalf("bit %d", i)
		}
		b[i/8] ^= 1 << (i % 8)
	}
	for _, n := range []int{0, 1, slotSize - 1, slotSize + 1} {
		if _, err := parseSlot(append(slices.Clone(b), 0)[:n]); err == nil {
			t.Fatalf("accepted %d bytes", n)
		}
	}
}

// A write of a slot that is cut at a sector leaves some of the new sectors
// among the old ones.
func TestSlotFindsTornWrites(t *testing.T) {
	was := appendSlot(nil, superblock{generation: 1, mark: mark{10, 10}})
	next := appendSlot(nil, superblock{generation: 3, mark: mark{20, 20}, files: make([]fileMark, 40)})
	const sector = 512
	for set := range 1 << (slotSize / sector) {
		torn := slices.Clone(was)
		for k := range slotSize / sector {
			if set&(1<<k) != 0 {
				copy(torn[k*sector:], next[k*sector:(k+1)*sector])
			}
		}
		_, err := parseSlot(torn)
		if whole := bytes.Equal(torn, was) || bytes.Equal(torn, next); whole != (err == nil) {
			t.Fatalf("sectors %08b: %v", set, err)
		}
	}
}

func FuzzParseSlot(f *testing.F) {
	seeds := [][]byte{
		appendSlot(nil, superblock{}),
		appendSlot(nil, superblock{generation: 1, sealed: true, files: make([]fileMark, 3)}),
		[]byte(slotMagic),
	}
	mutate.Bytes(f, seeds, func(t testing.TB, b []byte) {
		parseSlot(b)
		// The checksum would keep the fuzzer out: set it right, and look again.
		fixed := make([]byte, slotSize)
		copy(fixed, b)
		fixed = appendSum(fixed[:slotTail])
		sb, err := parseSlot(fixed)
		if err == nil && string(appendSlot(nil, sb)) != string(fixed) {
			t.Fatal("accepted what is never written")
		}
	})
}

func BenchmarkSlot(b *testing.B) {
	sb := superblock{generation: rand.Uint64(), files: make([]fileMark, 4)}
	var buf []byte
	for b.Loop() {
		buf = appendSlot(buf[:0], sb)
		if _, err := parseSlot(buf); err != nil {
			b.Fatal(err)
		}
	}
}
