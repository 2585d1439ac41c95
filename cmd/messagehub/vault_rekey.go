package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"messagehub/store"
	"messagehub/store/message"
)

// findVault opens the vault of the store in dir with the key that is found.
// Where a change of the key beside the data was broken off between the two
// steps, it does the second.
func findVault(s *store.Store, env, file, dir string) (*vault, error) {
	own := ""
	if env == "" && file == "" {
		own = ownKeyFile(dir)
		if err := mustHaveKey(s, own); err != nil {
			return nil, err
		}
	}
	key, err := vaultKey(env, file, dir)
	if err != nil {
		return nil, err
	}
	v, err := openVault(s, key)
	if err != nil && own != "" {
		if key, fault := vaultKey("", own+freshKey, dir); fault == nil {
			if v, fault = openVault(s, key); fault == nil {
				err = takeVaultKey(own)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	v.own = own
	return v, nil
}

// mustHaveKey refuses to go on without the key beside the data where values
// are sealed already: a new one would open none of them.
func mustHaveKey(s *store.Store, own string) error {
	if _, err := os.Stat(own); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	_, err := s.LoadSealed(vaultProof)
	if errors.Is(err, message.ErrNotFound) {
		return nil
	}
	return errors.Join(err, fail(exitConfig, "Put it back, or name the key that was used before in $"+vaultEnv+" or with vaultKeyFile (--key-file for a command).", "open vault: there is no %s, and values are sealed already", own))
}

// rekey seals all values and all secrets of webhooks with another key: all of
// them, or none. It returns how many there are.
func (v *vault) rekey(key []byte) (int, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return 0, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	values, err := v.store.Sealed()
	if err != nil {
		return 0, err
	}
	for name, sealed := range values {
		value, err := unseal(v.aead, name, sealed)
		if err == nil {
			values[name], err = seal(aead, name, value)
		}
		if err != nil {
			return 0, fmt.Errorf("seal %s anew: %w", name, err)
		}
	}
	endpoints, err := v.store.AllEndpoints()
	if err != nil {
		return 0, err
	}
	n := len(values)
	for i := range endpoints {
		if err := v.reseal(&endpoints[i], aead); err != nil {
			return 0, err
		}
		n += len(endpoints[i].Secrets)
	}
	if err := v.store.Reseal(values, endpoints); err != nil {
		return 0, err
	}
	v.former = append(v.former, v.aead)
	v.aead = aead
	return n, nil
}

// rekeyOwn changes the key beside the data. The new one is on disk before a
// value is sealed with it.
func (v *vault) rekeyOwn() (int, error) {
	key, err := drawVaultKey(v.own + freshKey)
	if err != nil {
		return 0, fmt.Errorf("make vault key: %w", err)
	}
	n, err := v.rekey(key)
	if err != nil {
		return 0, errors.Join(err, os.Remove(v.own+freshKey))
	}
	return n, takeVaultKey(v.own)
}

// rekeying asks for another key of the vault.
type rekeying struct {
	// KeyFile is where the key in force is, for a store that no server has
	// open; NewKeyFile is the other key. Both may be empty: see vaultKey.
	KeyFile    string `json:"keyFile"`
	NewKeyFile string `json:"newKeyFile"`
}

type rekeyedView struct {
	Values  int    `json:"values"`
	KeyFile string `json:"keyFile"`
	// Own: the key lies beside the data, and nothing is left to do.
	Own bool `json:"own"`
}

func (o *office) rekey(actor string, in rekeying) (rekeyedView, error) {
	v, err := o.vault(in.KeyFile)
	if err != nil {
		return rekeyedView{}, err
	}
	view := rekeyedView{KeyFile: in.NewKeyFile}
	switch {
	case in.NewKeyFile != "":
		var key []byte
		if key, err = vaultKey("", in.NewKeyFile, ""); err == nil {
			view.Values, err = v.rekey(key)
		}
	case v.own != "":
		view.KeyFile, view.Own = v.own, true
		view.Values, err = v.rekeyOwn()
	default:
		err = usage("the key in force is not the one beside the data: name the new one with --new-key-file")
	}
	if err != nil {
		return rekeyedView{}, err
	}
	why := o.entry(actor, "vault.rekey", "")
	why.After = fmt.Sprintf("values=%d", view.Values)
	return view, o.store.Audit(why)
}
