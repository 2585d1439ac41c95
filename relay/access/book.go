package access

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"messagehub/store/message"
)

// MaxOverlap bounds how long two keys of a rotation are valid at once.
const MaxOverlap = 90 * 24 * time.Hour

var (
	// ErrOver: the key is revoked or has expired.
	ErrOver = errors.New("key is not valid any more")
	// ErrRotated: the key has been rotated already.
	ErrRotated = errors.New("key has been rotated already")
)

// Shelf is where keys are kept. A key that there is not is
// [message.ErrNotFound].
type Shelf interface {
	Key(id message.ID) (message.Key, error)
	// PutKey is durable when it returns, together with the audit entries.
	PutKey(k message.Key, why ...message.AuditEntry) error
}

// Ring is where requests look keys up.
type Ring interface{ Put(message.Key) }

// Book manages the keys of a shelf. There is one for a shelf: what it reads
// nobody else changes.
type Book struct {
	shelf Shelf
	ring  Ring
	mu    sync.Mutex // held from the reading of a key to its writing
}

// NewBook makes a Book; ring may be nil, where no server runs.
func NewBook(shelf Shelf, ring Ring) *Book { return &Book{shelf: shelf, ring: ring} }

// Draft is what a key is to be.
type Draft struct {
	Name      string
	Test      bool
	Scopes    message.Scope
	Allow     []netip.Prefix
	PerMinute int          // 0: no limit of its own
	ExpiresAt message.Time // 0: never
}

// Create makes a key of a workspace. The secret is shown this once. The error
// may be a [*Fault] or an [*Excess].
func (b *Book) Create(who Who, ws message.WorkspaceID, d Draft) (secret string, key message.Key, err error) {
	secret, key = message.NewKey(d.Test)
	key.Workspace, key.Name, key.Scopes, key.Allow = ws, d.Name, d.Scopes, d.Allow
	key.PerMinute, key.CreatedAt, key.ExpiresAt = d.PerMinute, who.At, d.ExpiresAt
	if err := errors.Join(check(&key, who.At), who.mayGive(&key)); err != nil {
		return "", message.Key{}, err
	}
	return secret, key, b.put(key, who.entry("key.create", nil, &key))
}

// Adopt takes a key on that was made elsewhere.
func (b *Book) Adopt(who Who, key message.Key) error {
	return b.put(key, who.entry("key.create", nil, &key))
}

// put stores a key and makes it count on the next request.
func (b *Book) put(key message.Key, why ...message.AuditEntry) error {
	if err := b.shelf.PutKey(key, why...); err != nil {
		return err
	}
	if b.ring != nil {
		b.ring.Put(key)
	}
	return nil
}

// Get returns a key, or [message.ErrNotFound].
func (b *Book) Get(who Who, id message.ID) (message.Key, error) {
	key, err := b.shelf.Key(id)
	if err == nil && !who.sees(&key) {
		return message.Key{}, message.ErrNotFound
	}
	return key, err
}

// Change is what is to be different about a key; nil: nothing.
type Change struct {
	Name      *string
	Allow     *[]netip.Prefix
	PerMinute *int
	ExpiresAt *message.Time
}

// Change changes a key. The error may be a [*Fault], an [*Excess] or ErrOver:
// what is over stays so.
func (b *Book) Change(who Who, id message.ID, c Change) (message.Key, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key, err := b.Get(who, id)
	if err != nil {
		return key, err
	}
	if over(&key, who.At) {
		return key, ErrOver
	}
	before, given := key, *orNothing(who.Key)
	if c.Name != nil {
		key.Name = *c.Name
	}
	if c.Allow != nil {
		key.Allow, given.Allow = *c.Allow, *c.Allow
	}
	if c.PerMinute != nil {
		key.PerMinute, given.PerMinute = *c.PerMinute, *c.PerMinute
	}
	if c.ExpiresAt != nil {
		key.ExpiresAt, given.ExpiresAt = *c.ExpiresAt, *c.ExpiresAt
	}
	if err := errors.Join(check(&key, who.At), who.mayGive(&given)); err != nil {
		return before, err
	}
	return key, b.put(key, who.entry("key.update", &before, &key))
}

// orNothing is a client's own key, which gives nothing beyond itself.
func orNothing(k *message.Key) *message.Key {
	if k == nil {
		return &message.Key{}
	}
	return k
}

func over(k *message.Key, now message.Time) bool {
	return k.RevokedAt != 0 || k.ExpiresAt != 0 && k.ExpiresAt <= now
}

// Revoke ends a key from the next request on. Doing it twice is no error.
func (b *Book) Revoke(who Who, id message.ID) (message.Key, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key, err := b.Get(who, id)
	if err != nil || key.RevokedAt != 0 {
		return key, err
	}
	before := key
	key.RevokedAt = who.At
	return key, b.put(key, who.entry("key.revoke", &before, &key))
}

// Rotation is a key and the one that it replaces.
type Rotation struct {
	Secret   string // shown this once
	New, Old message.Key
}

// Rotate makes a key that may do the same, and ends the old one after the
// overlap. The error may be a [*Fault], an [*Excess], ErrOver or ErrRotated.
func (b *Book) Rotate(who Who, id message.ID, overlap time.Duration) (Rotation, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	old, err := b.Get(who, id)
	switch {
	case err != nil:
		return Rotation{}, err
	case over(&old, who.At):
		return Rotation{}, ErrOver
	case !old.Successor.IsZero():
		return Rotation{}, fmt.Errorf("%w, to %s", ErrRotated, Name(old.Successor))
	case overlap < 0 || overlap > MaxOverlap:
		return Rotation{}, &Fault{"overlap", fmt.Sprintf("must be 0 to %d seconds", int(MaxOverlap/time.Second))}
	}
	if err := who.mayGive(&old); err != nil {
		return Rotation{}, err
	}
	r := Rotation{Old: old}
	r.Secret, r.New = message.NewKey(old.Test)
	r.New.Workspace, r.New.Name, r.New.Scopes, r.New.Allow = old.Workspace, old.Name, old.Scopes, old.Allow
	r.New.PerMinute, r.New.CreatedAt, r.New.ExpiresAt = old.PerMinute, who.At, old.ExpiresAt
	if end := who.At.Add(overlap); old.ExpiresAt == 0 || end < old.ExpiresAt {
		r.Old.ExpiresAt = end
	}
	r.Old.Successor = r.New.ID
	if err := b.put(r.New, who.entry("key.create", nil, &r.New)); err != nil {
		return Rotation{}, err
	}
	return r, b.put(r.Old, who.entry("key.rotate", &old, &r.Old))
}
