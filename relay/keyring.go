package relay

import (
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"

	"messagehub/store/message"
)

// Key is a stored key with what requests need beside it. It is immutable but
// for its counters.
type Key struct {
	tenant *tenant
	usage  *usage
	minute atomic.Int64 // of its last use
	message.Key
}

// usage is what requests spend of a key's own limit. It outlives the key's
// record, so that an edited key does not get its tokens back.
type usage struct{ own bucket }

// tenant is what the keys of a workspace share.
type tenant struct {
	live, test bucket
	inFlight   atomic.Int64
}

// ringShards is how many tables the keys are spread over, so that a change
// copies one of them and not all.
const ringShards = 1024

// Keyring finds a key by the token that a client sends. Look-ups take no
// lock and allocate nothing; a change is seen by the next look-up.
type Keyring struct {
	shards [ringShards]atomic.Pointer[keyTable]
	// version changes after every change, before the change is acknowledged.
	version atomic.Uint64

	mu struct {
		sync.Mutex
		tenants map[message.WorkspaceID]*tenant
	}
}

// NewKeyring makes an empty Keyring.
func NewKeyring() *Keyring {
	k := &Keyring{}
	k.mu.tenants = make(map[message.WorkspaceID]*tenant)
	return k
}

var errUnknownKey = errors.New("no such key")

// Lookup finds the key of a token. Its error is errUnknownKey, or says by the
// token's form alone why it can't be a key. The form is looked at only where
// nothing was found: a token that is on the ring has it.
func (k *Keyring) Lookup(token []byte) (*Key, error) {
	if len(token) != message.KeyLength {
		return nil, message.ErrKeyForm
	}
	hash := sha256.Sum256(token)
	if key := k.shards[shardOf(&hash)].Load().find(&hash); key != nil {
		return key, nil
	}
	if _, err := message.ParseKeyForm(token); err != nil {
		return nil, err
	}
	return nil, errUnknownKey
}

// PutWorkspace sets a workspace's tier. Keys put before it keep their
// tokens spent.
func (k *Keyring) PutWorkspace(w message.Workspace) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := k.tenantLocked(w.ID)
	t.live.limit.Store(int64(w.PerMinute))
	t.test.limit.Store(int64(w.PerMinute))
}

// tenantLocked returns the workspace's part; one not heard of yet has the
// smallest tier.
func (k *Keyring) tenantLocked(id message.WorkspaceID) *tenant {
	t := k.mu.tenants[id]
	if t == nil {
		t = &tenant{}
		t.live.limit.Store(message.TierFree)
		t.test.limit.Store(message.TierFree)
		k.mu.tenants[id] = t
	}
	return t
}

// Put adds a key, or replaces the one of the same hash: that is how a key is
// revoked, too.
func (k *Keyring) Put(key message.Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := &k.shards[shardOf(&key.Hash)]
	old := at.Load()
	at.Store(old.with(k.entryLocked(key, old.find(&key.Hash))))
	k.version.Add(1)
}

// ofWorkspace returns the keys of a workspace, with their last use. It walks
// all keys there are.
func (k *Keyring) ofWorkspace(id message.WorkspaceID) (keys []message.Key) {
	for i := range k.shards {
		for _, slot := range k.shards[i].Load().all() {
			if slot.key != nil && slot.key.Workspace == id {
				key := slot.key.Key
				key.LastUsed = slot.key.lastUsed()
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// lastUsed returns the minute in which a key was last used; 0: never.
func (k *Keyring) lastUsed(key *message.Key) message.Time {
	if entry := k.shards[shardOf(&key.Hash)].Load().find(&key.Hash); entry != nil {
		return entry.lastUsed()
	}
	return key.LastUsed
}

func (k *Key) lastUsed() message.Time { return message.Time(k.minute.Load() * minute) }

// Replace makes keys the whole content of the ring.
func (k *Keyring) Replace(keys []message.Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	entries := make([][]*Key, ringShards)
	for _, key := range keys {
		i := shardOf(&key.Hash)
		entries[i] = append(entries[i], k.entryLocked(key, k.shards[i].Load().find(&key.Hash)))
	}
	for i := range entries {
		k.shards[i].Store(newKeyTable(entries[i]))
	}
	k.version.Add(1)
}

// entryLocked makes the entry of a key; old is the one that it replaces.
func (k *Keyring) entryLocked(key message.Key, old *Key) *Key {
	key.Allow = plainPrefixes(key.Allow)
	entry := &Key{Key: key, tenant: k.tenantLocked(key.Workspace)}
	if old != nil {
		entry.usage = old.usage
		entry.minute.Store(old.minute.Load())
	} else {
		entry.usage = &usage{}
		entry.minute.Store(int64(key.LastUsed) / minute)
	}
	entry.usage.own.limit.Store(int64(key.PerMinute))
	return entry
}

const minute = 60_000 // milliseconds

// take charges one request to the key's own limit and to its workspace's.
func (k *Key) take(now message.Time) quota {
	if k.PerMinute <= 0 {
		return k.bucket().take(now)
	}
	own := k.usage.own.take(now)
	if !own.ok {
		return own
	}
	shared := k.bucket().take(now)
	if !shared.ok {
		k.usage.own.giveBack()
	}
	return tighter(own, shared)
}

// spent reports whether take would find no token, and what it would say.
func (k *Key) spent(now message.Time) (quota, bool) {
	if k.PerMinute > 0 {
		if q, spent := k.usage.own.spent(now); spent {
			return q, true
		}
	}
	return k.bucket().spent(now)
}

// look is take that charges nothing.
func (k *Key) look(now message.Time) quota {
	if k.PerMinute <= 0 {
		return k.bucket().look(now)
	}
	return tighter(k.usage.own.look(now), k.bucket().look(now))
}

func (k *Key) bucket() *bucket {
	if k.Test {
		return &k.tenant.test
	}
	return &k.tenant.live
}

// touched reports whether this is the first request of the key in a minute.
func (k *Key) touched(now message.Time) bool {
	m := int64(now) / minute
	old := k.minute.Load()
	return old < m && k.minute.CompareAndSwap(old, m)
}

// refusal says why the key may not be used now; "" if it may.
func (k *Key) refusal(now message.Time) Code {
	switch {
	case k.RevokedAt != 0 && k.RevokedAt <= now:
		return KeyRevoked
	case k.ExpiresAt != 0 && k.ExpiresAt <= now:
		return KeyExpired
	}
	return ""
}
