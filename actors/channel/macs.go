package channel

import (
	"crypto/hmac"
	"hash"
	"sync"
)

// MACs makes the codes (HMAC, RFC 2104) by which a provider's callbacks are
// known, all with one key. It is safe for concurrent use.
type MACs struct{ pool sync.Pool }

// NewMACs makes the MACs of a key over a hash such as [sha256.New].
func NewMACs(of func() hash.Hash, key []byte) *MACs {
	return &MACs{pool: sync.Pool{New: func() any { return hmac.New(of, key) }}}
}

// Append appends the code of text to dst.
func (m *MACs) Append(dst, text []byte) []byte {
	h := m.pool.Get().(hash.Hash)
	defer m.pool.Put(h)
	h.Reset()
	h.Write(text)
	return h.Sum(dst)
}
