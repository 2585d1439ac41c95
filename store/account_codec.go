package store

import (
	"encoding/binary"
	"math"
	"net/netip"

	"messagehub/store/message"
)

// The second byte of an account row's key.
const (
	byID   = 'i' // workspace: its id, 4 bytes; key: its id, 16 bytes
	byName = 'n' // workspace: its name
	byUse  = 'u' // key: its id; the value is when it was last used
)

const (
	workspaceVersion = 1
	keyVersion       = 1
	maxAllow         = 1 << 16
)

func appendWorkspaceKey(dst []byte, id message.WorkspaceID) []byte {
	return binary.BigEndian.AppendUint32(append(dst, prefixWorkspace, byID), uint32(id))
}

func appendNameKey(dst []byte, name string) []byte {
	return append(append(dst, prefixWorkspace, byName), name...)
}

func appendKeyKey(dst []byte, kind byte, id message.ID) []byte {
	return append(append(dst, prefixKey, kind), id[:]...)
}

func appendWorkspace(dst []byte, w *message.Workspace) []byte {
	dst = binary.AppendUvarint(append(dst, workspaceVersion), uint64(w.ID))
	dst = appendString(dst, w.Name)
	dst = appendString(dst, w.Tier)
	dst = appendInt(dst, w.PerMinute)
	return appendTime(dst, w.CreatedAt)
}

func decodeWorkspace(value string) (message.Workspace, error) {
	r := openValue(value, workspaceVersion)
	w := message.Workspace{
		ID:        message.WorkspaceID(r.uint32()),
		Name:      r.string(),
		Tier:      r.string(),
		PerMinute: r.int(math.MaxInt32),
		CreatedAt: r.time(),
	}
	return w, r.done("workspace")
}

func decodeWorkspaceID(value string) (message.WorkspaceID, error) {
	r := reader{text: value}
	id := message.WorkspaceID(r.uint32())
	return id, r.done("workspace id")
}

// appendKey appends all of k but its id, which is in the row's key, and
// LastUsed, which has a row of its own.
func appendKey(dst []byte, k *message.Key) []byte {
	dst = append(append(dst, keyVersion), k.Hash[:]...)
	dst = binary.AppendUvarint(dst, uint64(k.Workspace))
	dst = append(dst, bit(k.Test), byte(k.Scopes))
	dst = appendString(dst, k.Name)
	dst = appendInt(dst, len(k.Allow))
	for _, p := range k.Allow {
		dst = append(appendString(dst, string(p.Addr().AsSlice())), byte(p.Bits()))
	}
	dst = appendInt(dst, k.PerMinute)
	dst = appendString(dst, k.Last4)
	dst = appendTime(dst, k.CreatedAt)
	dst = appendTime(dst, k.ExpiresAt)
	dst = appendTime(dst, k.RevokedAt)
	return append(dst, k.Successor[:]...)
}

func decodeKey(id message.ID, value string) (message.Key, error) {
	r := openValue(value, keyVersion)
	k := message.Key{ID: id}
	r.bytes(k.Hash[:])
	k.Workspace = message.WorkspaceID(r.uint32())
	k.Test = r.enum(1) == 1
	k.Scopes = message.Scope(r.enum(byte(message.ScopeAll)))
	k.Name = r.string()
	if n := r.count(maxAllow); n > 0 {
		k.Allow = make([]netip.Prefix, n)
		for i := range k.Allow {
			k.Allow[i] = r.prefix()
		}
	}
	k.PerMinute = r.int(math.MaxInt32)
	k.Last4 = r.string()
	k.CreatedAt, k.ExpiresAt, k.RevokedAt = r.time(), r.time(), r.time()
	r.bytes(k.Successor[:])
	return k, r.done("key")
}

// prefix reads a valid address range.
func (r *reader) prefix() netip.Prefix {
	addr, ok := netip.AddrFromSlice([]byte(r.string()))
	p := netip.PrefixFrom(addr, int(r.byte()))
	if !ok || !p.IsValid() {
		r.fail()
		return netip.Prefix{}
	}
	return p
}

func decodeUse(value string) (message.Time, error) {
	r := reader{text: value}
	at := r.time()
	return at, r.done("use of a key")
}
