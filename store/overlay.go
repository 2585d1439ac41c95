package store

import (
	"bytes"
	"hash/maphash"
)

// overlay is the set of rows written within one batch, found by key: a hash
// table with linear probing that is emptied, never freed. It holds no bytes of
// its own; keys and values lie in the batch, whose memory doesn't move away
// under a slice that points into it.
type overlay struct {
	seed  maphash.Seed
	slots []overlaySlot // a power of two
	used  []int32       // slots that are taken, for reset
}

type overlaySlot struct {
	key, value []byte
	hash       uint64
	deleted    bool
}

const overlaySlots = 256

// get returns the row at key. known is false where this batch has neither set
// nor deleted it.
func (o *overlay) get(key []byte) (value []byte, ok, known bool) {
	if len(o.used) == 0 {
		return nil, false, false
	}
	s := &o.slots[o.index(key, maphash.Bytes(o.seed, key))]
	return s.value, s.key != nil && !s.deleted, s.key != nil
}

// set notes that key now has value. It keeps both.
func (o *overlay) set(key, value []byte) { o.put(overlaySlot{key: key, value: value}) }

// delete notes that key is gone. It keeps key.
func (o *overlay) delete(key []byte) { o.put(overlaySlot{key: key, deleted: true}) }

func (o *overlay) put(s overlaySlot) {
	if 2*len(o.used) >= len(o.slots) {
		o.grow()
	}
	s.hash = maphash.Bytes(o.seed, s.key)
	i := o.index(s.key, s.hash)
	if o.slots[i].key == nil {
		o.used = append(o.used, int32(i))
	}
	o.slots[i] = s
}

// index returns where key's slot is, or the free one where it belongs.
func (o *overlay) index(key []byte, hash uint64) int {
	mask := len(o.slots) - 1
	for i := int(hash) & mask; ; i = (i + 1) & mask {
		s := &o.slots[i]
		if s.key == nil || (s.hash == hash && bytes.Equal(s.key, key)) {
			return i
		}
	}
}

func (o *overlay) grow() {
	if len(o.slots) == 0 {
		o.seed = maphash.MakeSeed()
	}
	old := o.slots
	o.slots = make([]overlaySlot, max(overlaySlots, 2*len(old)))
	o.used = o.used[:0]
	for _, s := range old {
		if s.key != nil {
			i := o.index(s.key, s.hash)
			o.slots[i] = s
			o.used = append(o.used, int32(i))
		}
	}
}

// reset empties o.
func (o *overlay) reset() {
	for _, i := range o.used {
		o.slots[i] = overlaySlot{}
	}
	o.used = o.used[:0]
}
