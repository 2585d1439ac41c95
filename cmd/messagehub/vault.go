package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"sync"

	"messagehub/store"
	"messagehub/store/message"
)

// vaultProof is the name of the value that tells the right key.
const vaultProof = "proof"

// vault seals what senders keep, and the secrets of webhooks: AES-256-GCM under
// one key, bound to the name of the value, so that no row can stand for another.
// It is safe for concurrent use.
type vault struct {
	store *store.Store
	// own is the file of its key, where that lies beside the data; "" if the
	// key is the operator's.
	own  string
	mu   sync.RWMutex // held for writing while the key changes
	aead cipher.AEAD
	// former are the keys before it, since the start: for endpoints that were
	// read before a change of the key.
	former []cipher.AEAD
	prove  func() error // saves the proof, once
}

// openVault opens the vault of a store, and proves that the key is the one
// that its values were sealed with.
func openVault(s *store.Store, key []byte) (*vault, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	v := &vault{store: s, aead: aead}
	v.prove = sync.OnceValue(func() error { return v.keep(vaultProof, []byte(vaultProof)) })
	_, err = v.load(vaultProof)
	if err != nil {
		return nil, fail(exitConfig, "Start with the key that was used before, in $"+vaultEnv+" or in the file that vaultKeyFile names. Without it, senders' tokens have to be given anew, and webhooks' secrets drawn anew.", "open vault: %w", err)
	}
	return v, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// load returns the named value; nil if there is none.
func (v *vault) load(name string) ([]byte, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	sealed, err := v.store.LoadSealed(name)
	if errors.Is(err, message.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return unseal(v.aead, name, sealed)
}

// save is durable when it returns nil. With the first value goes the proof of
// the key: a store without values opens with any.
func (v *vault) save(name string, value []byte) error {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if err := v.prove(); err != nil {
		return err
	}
	return v.keep(name, value)
}

func (v *vault) keep(name string, value []byte) error {
	sealed, err := seal(v.aead, name, value)
	if err != nil {
		return err
	}
	return v.store.SaveSealed(name, sealed)
}

// Seal implements [webhook.Sealer]: for values that are kept in rows of their
// own.
func (v *vault) Seal(name string, value []byte) ([]byte, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if err := v.prove(); err != nil {
		return nil, err
	}
	return seal(v.aead, name, value)
}

// Open implements [webhook.Sealer].
func (v *vault) Open(name string, sealed []byte) ([]byte, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.open(name, sealed)
}

// open is Open for those who hold the lock.
func (v *vault) open(name string, sealed []byte) ([]byte, error) {
	value, err := unseal(v.aead, name, sealed)
	for i := 0; err != nil && i < len(v.former); i++ {
		if older, fault := unseal(v.former[i], name, sealed); fault == nil {
			return older, nil
		}
	}
	return value, err
}

func seal(aead cipher.AEAD, name string, value []byte) ([]byte, error) {
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return aead.Seal(nonce, nonce, value, []byte(name)), nil
}

func unseal(aead cipher.AEAD, name string, sealed []byte) ([]byte, error) {
	size := aead.NonceSize()
	if len(sealed) < size {
		return nil, errors.New("sealed value is cut short")
	}
	value, err := aead.Open([]byte{}, sealed[:size], sealed[size:], []byte(name))
	if err != nil {
		return nil, errors.New("sealed value does not open with this key")
	}
	return value, nil
}

// senderVault is the part of the vault that one sender sees. It implements
// [channel.Vault].
type senderVault struct {
	*vault
	prefix string
}

// of returns the vault of a sender.
func (v *vault) of(lane message.Lane, sender string) *senderVault {
	return &senderVault{v, "sender/" + lane.String() + "/" + sender + "/"}
}

// Load implements [channel.Vault].
func (s *senderVault) Load(name string) ([]byte, error) { return s.load(s.prefix + name) }

// Save implements [channel.Vault].
func (s *senderVault) Save(name string, value []byte) error { return s.save(s.prefix+name, value) }
