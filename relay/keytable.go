package relay

import (
	"crypto/sha256"
	"encoding/binary"
)

// keyTable is an immutable hash table of keys, open-addressed with linear
// probing. The nil table is empty. It is not a map because a look-up among
// many keys costs what it misses in the processor's caches, and this touches
// one line for the slot and two for the key.
//
// Invariant: at least half of the slots are empty, so every probe ends.
type keyTable struct {
	mask  uint64 // number of slots - 1, a power of two
	slots []keySlot
}

type keySlot struct {
	tag uint64 // of the key's hash; the rest is compared with the key itself
	key *Key
}

// tagOf is the part of a hash that places a key in its table. The hash of a
// token is as good as random, and nobody can choose it.
func tagOf(hash *[sha256.Size]byte) uint64 { return binary.LittleEndian.Uint64(hash[8:]) }

func shardOf(hash *[sha256.Size]byte) int {
	return int(binary.LittleEndian.Uint16(hash[:])) % ringShards
}

// newKeyTable makes a table of keys; of equal ones the last counts.
func newKeyTable(keys []*Key) *keyTable {
	n := 4
	for n < 2*len(keys) {
		n *= 2
	}
	t := &keyTable{mask: uint64(n - 1), slots: make([]keySlot, n)}
	for _, key := range keys {
		t.put(key)
	}
	return t
}

// put is for the making of a table only.
func (t *keyTable) put(key *Key) {
	tag := tagOf(&key.Hash)
	for i := tag & t.mask; ; i = (i + 1) & t.mask {
		switch slot := &t.slots[i]; {
		case slot.key == nil:
			*slot = keySlot{tag, key}
			return
		case slot.key.Hash == key.Hash:
			slot.key = key
			return
		}
	}
}

// find returns the key of a hash, or nil.
func (t *keyTable) find(hash *[sha256.Size]byte) *Key {
	if t == nil {
		return nil
	}
	tag := tagOf(hash)
	for i := tag & t.mask; ; i = (i + 1) & t.mask {
		slot := &t.slots[i]
		if slot.key == nil {
			return nil
		}
		if slot.tag == tag && same(&slot.key.Hash, hash) {
			return slot.key
		}
	}
}

// same compares hashes in a time that says nothing of where they differ.
func same(a, b *[sha256.Size]byte) bool {
	differ := uint64(0)
	for i := 0; i < sha256.Size; i += 8 {
		differ |= binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:])
	}
	return differ == 0
}

// all returns every slot, empty ones too.
func (t *keyTable) all() []keySlot {
	if t == nil {
		return nil
	}
	return t.slots
}

// with returns a table that has key as well, in place of an equal one.
func (t *keyTable) with(key *Key) *keyTable {
	var keys []*Key
	if t != nil {
		for _, slot := range t.slots {
			if slot.key != nil {
				keys = append(keys, slot.key)
			}
		}
	}
	return newKeyTable(append(keys, key))
}
