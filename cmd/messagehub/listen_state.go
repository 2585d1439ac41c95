package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"messagehub/store/message/json"
)

// listenState is what "listen" keeps from one run to the next.
type listenState struct {
	path   string
	Secret string `json:"secret"`
	After  string `json:"after"` // the last event that was forwarded
}

// openListenState reads the file of a URL and a key, or draws a new secret.
func openListenState(path string, a *api, target string) (*listenState, error) {
	if path == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fail(exitUsage, "name a file with --state", "find the user's cache: %w", err)
		}
		sum := sha256.Sum256([]byte(a.base + "\n" + a.key + "\n" + target))
		path = filepath.Join(cache, "messagehub", "listen", hex.EncodeToString(sum[:8])+".json")
	}
	k := &listenState{path: path}
	b, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		var secret [32]byte
		rand.Read(secret[:]) // never fails
		k.Secret = "whsec_" + base64.StdEncoding.EncodeToString(secret[:])
		return k, nil
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", path, reason(err))
	}
	if err := json.UnmarshalStrict(b, k); err != nil {
		return nil, fail(exitUsage, "remove it, or name another with --state", "%s is not of listen: %w", path, err)
	}
	return k, nil
}

// save keeps it, for this user alone.
func (k *listenState) save() error {
	b, err := json.Marshal(k)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(k.path), 0o700); err != nil {
		return fail(exitFailure, "name another file with --state", "keep %s: %w", k.path, reason(err))
	}
	if err := writePrivate(k.path, b); err != nil {
		return fail(exitFailure, "name another file with --state", "keep %s: %w", k.path, reason(err))
	}
	return nil
}
