package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"messagehub/store"
	"messagehub/store/message"
)

// newKey asks for a key.
type newKey struct {
	Workspace string       `json:"workspace"`
	Name      string       `json:"name"`
	Test      bool         `json:"test"`
	Scopes    []string     `json:"scopes"`
	Allow     []string     `json:"allow"` // addresses and networks
	PerMinute int          `json:"perMinute"`
	ExpiresAt message.Time `json:"expiresAt"` // Unix milliseconds; 0: never
}

func (o *office) createKey(actor string, in newKey) (createdKey, error) {
	w, err := o.workspace(in.Workspace)
	if err != nil {
		return createdKey{}, err
	}
	secret, key := message.NewKey(in.Test)
	key.Workspace, key.Name, key.PerMinute = w.ID, in.Name, in.PerMinute
	key.CreatedAt, key.ExpiresAt = o.now(), in.ExpiresAt
	if err := o.describeKey(&key, in); err != nil {
		return createdKey{}, err
	}
	if err := o.put(key, o.keyEntry(actor, "key.create", nil, &key)); err != nil {
		return createdKey{}, err
	}
	return createdKey{Key: secret, keyView: viewKey(&key, w.Name)}, nil
}

// describeKey fills in what a new key may do, checked.
func (o *office) describeKey(key *message.Key, in newKey) error {
	if len(in.Name) > 128 || strings.ContainsFunc(in.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return usage("--name must be at most 128 bytes of plain text")
	}
	for _, name := range in.Scopes {
		scope, ok := message.ParseScope(name)
		if !ok {
			return fail(exitUsage, "known are "+strings.Join(message.ScopeAll.Names(), ", "), "no scope %q", name)
		}
		key.Scopes |= scope
	}
	for _, text := range in.Allow {
		p, err := parsePrefix(text)
		if err != nil {
			return usage("--allow %q: must be an address or a network such as 10.0.0.0/8", text)
		}
		key.Allow = append(key.Allow, p)
	}
	switch {
	case key.Scopes == 0:
		return usage("a key needs at least one scope")
	case in.PerMinute < 0 || in.PerMinute > maxPerMinute:
		return usage("--per-minute must be 1 to %d", maxPerMinute)
	case in.ExpiresAt != 0 && in.ExpiresAt <= o.now():
		return usage("the key would have expired already")
	}
	return nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// put stores a key and makes it count on the next request.
func (o *office) put(key message.Key, why ...message.AuditEntry) error {
	if err := o.store.PutKey(key, why...); err != nil {
		return err
	}
	if o.ring != nil {
		o.ring.Put(key)
	}
	return nil
}

// keyEntry is the audit entry about a key before and after.
func (o *office) keyEntry(actor, action string, before, after *message.Key) message.AuditEntry {
	e := o.entry(actor, action, keyName(after.ID))
	if before != nil {
		e.Before = describeKey(before)
	}
	e.After = describeKey(after)
	return e
}

func describeKey(k *message.Key) string {
	text := fmt.Sprintf("workspace=%d name=%q test=%t scopes=%s allow=%v perMinute=%d", k.Workspace, k.Name, k.Test,
		strings.Join(k.Scopes.Names(), ","), k.Allow, k.PerMinute)
	for _, at := range []struct {
		name string
		time message.Time
	}{{"expires", k.ExpiresAt}, {"revoked", k.RevokedAt}} {
		if at.time != 0 {
			text += " " + at.name + "=" + at.time.Std().Format(time.RFC3339)
		}
	}
	if !k.Successor.IsZero() {
		text += " successor=" + keyName(k.Successor)
	}
	return text
}

type whichKeys struct {
	Workspace string `json:"workspace"` // empty: of all
}

func (o *office) listKeys(_ string, in whichKeys) ([]keyView, error) {
	names, err := o.workspaceNames()
	if err != nil {
		return nil, err
	}
	if in.Workspace != "" {
		if _, err := o.workspace(in.Workspace); err != nil {
			return nil, err
		}
	}
	views := []keyView{}
	for key, err := range o.store.Keys() {
		if err != nil {
			return nil, err
		}
		if name := names[key.Workspace]; in.Workspace == "" || in.Workspace == name {
			views = append(views, viewKey(&key, name))
		}
	}
	return views, nil
}

func (o *office) workspaceNames() (map[message.WorkspaceID]string, error) {
	all, err := o.store.Workspaces()
	names := make(map[message.WorkspaceID]string, len(all))
	for _, w := range all {
		names[w.ID] = w.Name
	}
	return names, err
}

type whichKey struct {
	Key string `json:"key"` // key_…
}

// find reads a key and the name of its workspace.
func (o *office) find(in whichKey) (message.Key, string, error) {
	id, err := message.ParseID(message.PrefixKey, in.Key)
	if err != nil {
		return message.Key{}, "", fail(exitUsage, `give the id, "key_…", as "messagehub keys list" shows it`, "not the id of a key")
	}
	key, err := o.store.Key(id)
	if errors.Is(err, store.ErrNoKey) {
		return key, "", fail(exitFailure, `see "messagehub keys list"`, "there is no key %s", in.Key)
	}
	if err != nil {
		return key, "", err
	}
	w, err := o.store.Workspace(key.Workspace)
	return key, w.Name, err
}

// revokeKey ends a key from the next request on. Doing it twice is no error.
func (o *office) revokeKey(actor string, in whichKey) (keyView, error) {
	key, workspace, err := o.find(in)
	if err != nil {
		return keyView{}, err
	}
	if key.RevokedAt == 0 {
		before := key
		key.RevokedAt = o.now()
		if err := o.put(key, o.keyEntry(actor, "key.revoke", &before, &key)); err != nil {
			return keyView{}, err
		}
	}
	return viewKey(&key, workspace), nil
}

type rotation struct {
	Key     string        `json:"key"`
	Overlap time.Duration `json:"overlap"` // for which the old key stays valid
}

// rotateKey makes a key that may do the same, and ends the old one after the
// overlap.
func (o *office) rotateKey(actor string, in rotation) (rotatedKey, error) {
	old, workspace, err := o.find(whichKey{in.Key})
	switch now := o.now(); {
	case err != nil:
		return rotatedKey{}, err
	case old.RevokedAt != 0 || (old.ExpiresAt != 0 && old.ExpiresAt <= now):
		return rotatedKey{}, fail(exitFailure, `make a new one with "messagehub keys create"`, "key %s is not valid any more", in.Key)
	case !old.Successor.IsZero():
		return rotatedKey{}, fail(exitFailure, "rotate that one", "key %s has been rotated already, to %s", in.Key, keyName(old.Successor))
	case in.Overlap < 0 || in.Overlap > maxOverlap:
		return rotatedKey{}, usage("--overlap must be 0 to %s", maxOverlap)
	}
	secret, key := message.NewKey(old.Test)
	key.Workspace, key.Name, key.Scopes, key.Allow, key.PerMinute = old.Workspace, old.Name, old.Scopes, old.Allow, old.PerMinute
	key.CreatedAt, key.ExpiresAt = o.now(), old.ExpiresAt
	before := old
	end := o.now().Add(in.Overlap)
	if old.ExpiresAt == 0 || end < old.ExpiresAt {
		old.ExpiresAt = end
	}
	old.Successor = key.ID
	if err := o.put(key, o.keyEntry(actor, "key.create", nil, &key)); err != nil {
		return rotatedKey{}, err
	}
	if err := o.put(old, o.keyEntry(actor, "key.rotate", &before, &old)); err != nil {
		return rotatedKey{}, err
	}
	return rotatedKey{createdKey{secret, viewKey(&key, workspace)}, viewKey(&old, workspace)}, nil
}

// maxOverlap bounds how long two keys of a rotation are valid at once.
const maxOverlap = 90 * 24 * time.Hour
