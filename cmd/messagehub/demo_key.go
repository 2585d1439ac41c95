package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"messagehub/relay/access"
	"messagehub/store"
	"messagehub/store/message"
)

// demoKeyFile keeps the demo's key between runs. It opens nothing but the
// sandbox of this directory, so it may lie there in plain.
const demoKeyFile = "demo.key"

// demoWorkspace makes the workspace "demo", or gives it the limit asked for.
func (o *office) demoWorkspace(perMinute int) (message.Workspace, error) {
	w, err := o.store.WorkspaceByName("demo")
	if err != nil && !errors.Is(err, store.ErrNoWorkspace) {
		return w, err
	}
	if err == nil && w.PerMinute == perMinute && w.Tier == "" {
		return w, nil
	}
	if err != nil {
		w = message.Workspace{Name: "demo", CreatedAt: o.now()}
	}
	w.PerMinute, w.Tier = perMinute, ""
	why := o.entry(demoActor, "workspace.create", "demo")
	why.After = describeLimit(w)
	return o.store.PutWorkspace(w, why)
}

// demoKey returns the key of the last run if it is still good, else a new
// one.
func (o *office) demoKey(dir string, ws message.WorkspaceID) (string, error) {
	path := filepath.Join(dir, demoKeyFile)
	secret, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the demo's key: %w", reason(err))
	}
	key, known, err := o.keyOf(secret)
	if err != nil {
		return "", err
	}
	if test, bad := message.ParseKeyForm(secret); bad != nil || !test || (known && key.RevokedAt != 0) {
		text, _ := message.NewKey(true)
		secret, known = []byte(text), false
		if err := writePrivate(path, secret); err != nil {
			return "", fmt.Errorf("keep the demo's key: %w", reason(err))
		}
	}
	if known {
		return string(secret), nil
	}
	_, key = message.NewKey(true)
	key.Hash, key.Last4 = sha256.Sum256(secret), string(secret[len(secret)-4:])
	key.Workspace, key.Name, key.Scopes, key.CreatedAt = ws, "demo", message.ScopeUsual, o.now()
	return string(secret), o.keys.Adopt(access.Who{Actor: demoActor, At: o.now()}, key)
}

// keyOf finds the key of a secret.
func (o *office) keyOf(secret []byte) (message.Key, bool, error) {
	hash := sha256.Sum256(secret)
	for key, err := range o.store.Keys() {
		if err != nil {
			return key, false, err
		}
		if key.Hash == hash {
			return key, true, nil
		}
	}
	return message.Key{}, false, nil
}

// writePrivate writes a file that only this user can read, all of it or
// nothing.
func writePrivate(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
