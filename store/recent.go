package store

import (
	"encoding/binary"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"messagehub/store/message"
)

// A message lives through its facts within seconds: what was just written is
// what is asked for next. The types below answer that from memory, and change
// nothing but the time it takes.

const (
	recentSlots = 1 << 15
	// maxRecent is the largest row that is remembered: 64 MiB of all, at worst.
	maxRecent = 1 << 10
	// usualState is the size that the State row of most messages comes to.
	usualState = 192
)

// slotOf returns where a message is remembered: the low bits of an id are random.
func slotOf(id message.ID) int {
	return int(binary.BigEndian.Uint16(id[len(id)-2:])) & (recentSlots - 1)
}

// outbounds remembers messages. They do not change, unless they are erased, so
// they are shared.
type outbounds [recentSlots]atomic.Pointer[message.Outbound]

func (c *outbounds) get(ws message.WorkspaceID, id message.ID) *message.Outbound {
	o := c[slotOf(id)].Load()
	if o == nil || o.ID != id || o.Workspace != ws {
		return nil
	}
	return o
}

// put remembers o, unless it is large.
func (c *outbounds) put(o *message.Outbound) {
	size := len(o.Metadata)
	for i := range o.Steps {
		size += len(o.Steps[i].Content) + 32*len(o.Steps[i].Params)
	}
	if size <= maxRecent {
		c[slotOf(o.ID)].Store(o)
	}
}

// drop forgets a message, which is no longer what it was.
func (c *outbounds) drop(id message.ID) {
	if o := c[slotOf(id)].Load(); o != nil && o.ID == id {
		c[slotOf(id)].CompareAndSwap(o, nil)
	}
}

// states remembers the State rows that the committer has written last, and of
// many more messages that they have none: those that wait in a backlog.
//
// Ownership: the committer's. A row is valid until the next put.
type states struct {
	// of is the position at which a slot's message was accepted, which names it
	// in eight bytes.
	of   [recentSlots]message.Position
	rows [recentSlots][]byte
	// fresh are messages without a row, named alike.
	// Invariant: none of them has one.
	fresh [freshSlots]message.Position
}

const freshSlots = 1 << 17

func newStates() *states { return new(states) }

// get returns the row of id, empty if it has none. known is false where only
// the engine can tell.
func (c *states) get(id message.ID) (row []byte, known bool) {
	i, p := slotOf(id), id.Position()
	if c.of[i] == p {
		return c.rows[i], true
	}
	return nil, *c.freshAt(id) == p
}

// freshAt returns where id is, if it is fresh.
func (c *states) freshAt(id message.ID) *message.Position {
	return &c.fresh[binary.BigEndian.Uint32(id[len(id)-4:])%freshSlots]
}

// add remembers that id has no row.
func (c *states) add(id message.ID) { *c.freshAt(id) = id.Position() }

// put remembers a copy of the row.
func (c *states) put(id message.ID, row []byte) {
	i, p := slotOf(id), id.Position()
	if at := c.freshAt(id); *at == p {
		*at = 0
	}
	if len(row) > maxRecent {
		c.of[i], c.rows[i] = 0, nil
		return
	}
	if c.rows[i] == nil {
		c.rows[i] = make([]byte, 0, max(len(row), usualState))
	}
	c.of[i], c.rows[i] = p, append(c.rows[i][:0], row...)
}

// forget empties c, after rows were removed behind its back.
func (c *states) forget() { *c = states{} }

// targets remembers what provider ids stand for: receipts come soon. It is safe
// for concurrent use; the committer alone changes it.
type targets struct {
	seed  maphash.Seed
	locks [64]sync.Mutex // of the slots, in turn
	slots [recentSlots]knownTarget
}

type knownTarget struct {
	lane       message.Lane
	providerID string // empty: the slot is
	target
}

func newTargets() *targets { return &targets{seed: maphash.MakeSeed()} }

// lock returns the slot of an id, and its lock, which the caller then has.
func (c *targets) lock(providerID string) (*knownTarget, *sync.Mutex) {
	i := maphash.String(c.seed, providerID) % recentSlots
	l := &c.locks[i%uint64(len(c.locks))]
	l.Lock()
	return &c.slots[i], l
}

func (c *targets) get(lane message.Lane, providerID string) (target, bool) {
	k, l := c.lock(providerID)
	defer l.Unlock()
	if k.providerID != providerID || providerID == "" || k.lane != lane {
		return target{}, false
	}
	return k.target, true
}

func (c *targets) put(lane message.Lane, providerID string, t target) {
	k, l := c.lock(providerID)
	defer l.Unlock()
	*k = knownTarget{lane, providerID, t}
}

// drop forgets an id, whatever it stands for.
func (c *targets) drop(providerID string) {
	k, l := c.lock(providerID)
	defer l.Unlock()
	*k = knownTarget{}
}

// early counts the rows of early receipts by a hash of their key. Nearly every
// answer of a provider asks for one, and nearly none is there.
//
// Ownership: the committer's.
type early struct {
	seed   maphash.Seed
	counts [recentSlots]uint32
}

func newEarly() *early { return &early{seed: maphash.MakeSeed()} }

func (c *early) count(key []byte) *uint32 {
	return &c.counts[maphash.Bytes(c.seed, key)%recentSlots]
}

// mayHold is false only where there is no row at key.
func (c *early) mayHold(key []byte) bool { return *c.count(key) > 0 }
