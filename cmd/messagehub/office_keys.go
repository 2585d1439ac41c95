package main

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"messagehub/relay/access"
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
	draft := access.Draft{Name: in.Name, Test: in.Test, PerMinute: in.PerMinute, ExpiresAt: in.ExpiresAt}
	if draft.Scopes, err = parseScopes(in.Scopes); err != nil {
		return createdKey{}, err
	}
	if draft.Allow, err = parseAllowed(in.Allow); err != nil {
		return createdKey{}, err
	}
	secret, key, err := o.keys.Create(o.who(actor), w.ID, draft)
	if err != nil {
		return createdKey{}, keyFailure(err, "")
	}
	return createdKey{Key: secret, keyView: viewKey(&key, w.Name)}, nil
}

// who is the operator, who may do everything.
func (o *office) who(actor string) access.Who { return access.Who{Actor: actor, At: o.now()} }

func parseScopes(names []string) (scopes message.Scope, err error) {
	for _, name := range names {
		scope, ok := message.ParseScope(name)
		if !ok {
			return 0, fail(exitUsage, "known are "+strings.Join(message.ScopeAll.Names(), ", "), "no scope %q", name)
		}
		scopes |= scope
	}
	return scopes, nil
}

func parseAllowed(texts []string) (allow []netip.Prefix, err error) {
	for _, text := range texts {
		p, err := access.ParseAllowed(text)
		if err != nil {
			return nil, usage("--allow %q: must be an address or a network such as 10.0.0.0/8", text)
		}
		allow = append(allow, p)
	}
	return allow, nil
}

// keyFailure says what an error about a key means on the command line.
func keyFailure(err error, key string) error {
	var fault *access.Fault
	switch {
	case errors.As(err, &fault):
		flags := map[string]string{"perMinute": "per-minute", "expiresAt": "expires"}
		if flag, ok := flags[fault.Param]; ok {
			return usage("--%s %s", flag, fault.Rule)
		}
		return usage("--%s %s", fault.Param, fault.Rule)
	case errors.Is(err, message.ErrNotFound):
		return fail(exitFailure, `see "messagehub keys list"`, "there is no key %s", key)
	case errors.Is(err, access.ErrOver):
		return fail(exitFailure, `make a new one with "messagehub keys create"`, "key %s is not valid any more", key)
	case errors.Is(err, access.ErrRotated):
		return fail(exitFailure, "rotate that one", "key %s: %w", key, err)
	}
	return err
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

func (in whichKey) id() (message.ID, error) {
	id, err := message.ParseID(message.PrefixKey, in.Key)
	if err != nil {
		return id, fail(exitUsage, `give the id, "key_…", as "messagehub keys list" shows it`, "not the id of a key")
	}
	return id, nil
}

// revokeKey ends a key from the next request on. Doing it twice is no error.
func (o *office) revokeKey(actor string, in whichKey) (keyView, error) {
	id, err := in.id()
	if err != nil {
		return keyView{}, err
	}
	key, err := o.keys.Revoke(o.who(actor), id)
	if err != nil {
		return keyView{}, keyFailure(err, in.Key)
	}
	w, err := o.store.Workspace(key.Workspace)
	return viewKey(&key, w.Name), err
}

type rotation struct {
	Key     string        `json:"key"`
	Overlap time.Duration `json:"overlap"` // for which the old key stays valid
}

// rotateKey makes a key that may do the same, and ends the old one after the
// overlap.
func (o *office) rotateKey(actor string, in rotation) (rotatedKey, error) {
	id, err := whichKey{in.Key}.id()
	if err != nil {
		return rotatedKey{}, err
	}
	r, err := o.keys.Rotate(o.who(actor), id, in.Overlap)
	if err != nil {
		return rotatedKey{}, keyFailure(err, in.Key)
	}
	w, err := o.store.Workspace(r.New.Workspace)
	return rotatedKey{createdKey{r.Secret, viewKey(&r.New, w.Name)}, viewKey(&r.Old, w.Name)}, err
}
