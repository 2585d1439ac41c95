package kakao

import (
	"strconv"
	"sync"
	"time"
)

const (
	idempotencyHeader = "X-NC-API-IDEMPOTENCY-KEY"
	// repeatFor is how long a key may be used again: NHN refuses one for ten
	// minutes after its first use, and then has forgotten it.
	repeatFor = 9 * time.Minute
	// maxKeys bounds how many references are remembered.
	maxKeys = 1 << 12
)

// keys gives requests their idempotency keys. A key is the attempt's
// reference, so that a request whose answer was lost is not taken twice. But
// NHN refuses a key that it has seen whatever came of it: a request that
// failed on its side is made again under the next key, the reference, a dot
// and a number. That is only remembered by this process; after a restart the
// old key is used, and refused.
//
// Invariant: a reference that had an unknown outcome never gets another key.
type keys struct {
	mu   sync.Mutex
	used map[string]key
}

type key struct {
	spent int  // keys before it
	fixed bool // the reference had an unknown outcome
}

func (k *keys) of(ref string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := k.used[ref].spent; n > 0 {
		return ref + "." + strconv.Itoa(n+1)
	}
	return ref
}

// spend says that NHN has failed to do what was asked under the current key.
func (k *keys) spend(ref string) {
	k.change(ref, func(was key) key {
		if !was.fixed {
			was.spent++
		}
		return was
	})
}

// fix says that nobody knows what came of the request under the current key.
func (k *keys) fix(ref string) {
	k.change(ref, func(was key) key { return key{was.spent, true} })
}

func (k *keys) change(ref string, next func(key) key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.used == nil || len(k.used) >= maxKeys {
		k.used = make(map[string]key)
	}
	k.used[ref] = next(k.used[ref])
}
