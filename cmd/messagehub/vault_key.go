package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// vaultEnv holds the vault's key, 32 bytes in Base64.
	vaultEnv = "MESSAGEHUB_VAULT_KEY"
	// vaultFile is where the key lies if nobody says otherwise.
	vaultFile   = "vault.key"
	vaultKeyLen = 32
)

var errVaultKey = errors.New("vault key must be 32 bytes in Base64")

// vaultKey finds the vault's key: in the environment, in the file that the
// configuration names, or in one beside the data, which it makes if need be.
func vaultKey(env, file, dir string) ([]byte, error) {
	if env != "" {
		return parseVaultKey(env, "$"+vaultEnv)
	}
	own := file == ""
	if own {
		file = ownKeyFile(dir)
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

func ownKeyFile(dir string) string { return filepath.Join(dir, vaultFile) }

// makeVaultKey draws a key, and returns it once it is on disk.
func makeVaultKey(file string) ([]byte, error) {
	key, err := drawVaultKey(file + freshKey)
	if err == nil {
		err = takeVaultKey(file)
	}
	if err != nil {
		return nil, fmt.Errorf("make vault key: %w", err)
	}
	return key, nil
}

// freshKey is what the name of a key's file ends with until the key is in
// force.
const freshKey = ".new"

// drawVaultKey writes a new key to the file, durably but for its name.
func drawVaultKey(file string) ([]byte, error) {
	key := make([]byte, vaultKeyLen)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	return key, errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(file)))
}

// takeVaultKey puts a key that was drawn in the place of the one before.
func takeVaultKey(file string) error {
	if err := os.Rename(file+freshKey, file); err != nil {
		return err
	}
	return syncDir(filepath.Dir(file))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
