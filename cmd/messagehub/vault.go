package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"messagehub/store"
	"messagehub/store/message"
)

const (
	// vaultEnv holds the vault's key, 32 bytes in Base64.
	vaultEnv = "MESSAGEHUB_VAULT_KEY"
	// vaultFile is where the key lies if nobody says otherwise.
	vaultFile = "vault.key"
	// vaultProof is the name of the value that tells the right key.
	vaultProof  = "proof"
	vaultKeyLen = 32
)

var errVaultKey = errors.New("vault key must be 32 bytes in Base64")

// vault seals what senders keep, and the secrets of webhooks: AES-256-GCM under one key, bound to the name
// of the value, so that no row can stand for another.
type vault struct {
	store *store.Store
	aead  cipher.AEAD
	prove func() error // saves the proof, once
}

// openVault opens the vault of a store, and proves that the key is the one
// that its values were sealed with.
func openVault(s *store.Store, key []byte) (*vault, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	v := &vault{store: s, aead: aead}
	v.prove = sync.OnceValue(func() error { return v.seal(vaultProof, []byte(vaultProof)) })
	_, err = v.load(vaultProof)
	if err != nil {
		return nil, fail(exitConfig, "Start with the key that was used before, in $"+vaultEnv+" or in the file that vaultKeyFile names. Without it, senders' tokens have to be given anew, and webhooks' secrets drawn anew.", "open vault: %w", err)
	}
	return v, nil
}

// load returns the named value; nil if there is none.
func (v *vault) load(name string) ([]byte, error) {
	sealed, err := v.store.LoadSealed(name)
	if errors.Is(err, message.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return v.Open(name, sealed)
}

// save is durable when it returns nil. With the first value goes the proof of
// the key: a store without values opens with any.
func (v *vault) save(name string, value []byte) error {
	if err := v.prove(); err != nil {
		return err
	}
	return v.seal(name, value)
}

func (v *vault) seal(name string, value []byte) error {
	sealed, err := v.lock(name, value)
	if err != nil {
		return err
	}
	return v.store.SaveSealed(name, sealed)
}

func (v *vault) lock(name string, value []byte) ([]byte, error) {
	nonce := make([]byte, v.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	return v.aead.Seal(nonce, nonce, value, []byte(name)), nil
}

// Seal implements [webhook.Sealer]: for values that are kept in rows of their
// own.
func (v *vault) Seal(name string, value []byte) ([]byte, error) {
	if err := v.prove(); err != nil {
		return nil, err
	}
	return v.lock(name, value)
}

// Open implements [webhook.Sealer].
func (v *vault) Open(name string, sealed []byte) ([]byte, error) {
	size := v.aead.NonceSize()
	if len(sealed) < size {
		return nil, errors.New("sealed value is cut short")
	}
	value, err := v.aead.Open([]byte{}, sealed[:size], sealed[size:], []byte(name))
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

// vaultKey finds the vault's key: in the environment, in the file that the
// configuration names, or in one beside the data, which it makes if need be.
func vaultKey(env, file, dir string) ([]byte, error) {
	if env != "" {
		return parseVaultKey(env, "$"+vaultEnv)
	}
	own := file == ""
	if own {
		file = filepath.Join(dir, vaultFile)
	}
	text, err := os.ReadFile(file)
	if own && errors.Is(err, fs.ErrNotExist) {
		return makeVaultKey(file)
	}
	if err != nil {
		return nil, fail(exitConfig, "Name a file that holds 32 random bytes in Base64: openssl rand -base64 32", "read vault key: %w", err)
	}
	return parseVaultKey(string(text), file)
}

func parseVaultKey(text, where string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != vaultKeyLen {
		return nil, fail(exitConfig, "Make one with: openssl rand -base64 32", "read %s: %w", where, errVaultKey)
	}
	return key, nil
}

// makeVaultKey draws a key, and returns it once it is on disk.
func makeVaultKey(file string) ([]byte, error) {
	key := make([]byte, vaultKeyLen)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	fresh := file + ".new"
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make vault key: %w", err)
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(fresh, file)
	}
	if err == nil {
		err = syncDir(filepath.Dir(file))
	}
	if err != nil {
		return nil, fmt.Errorf("make vault key: %w", err)
	}
	return key, nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
