package main

import (
	"maps"
	"sync/atomic"

	"messagehub/relay"
	"messagehub/store/message"
)

// tierTable is the tiers in force. It is replaced as a whole.
type tierTable struct {
	perMinute atomic.Pointer[map[string]int]
}

func (t *tierTable) set(tiers map[string]int) {
	tiers = maps.Clone(tiers)
	t.perMinute.Store(&tiers)
}

// all returns the tiers; nobody may write to them.
func (t *tierTable) all() map[string]int { return *t.perMinute.Load() }

// apply gives a workspace the limit that its tier has now. One whose tier is
// gone keeps what it had.
func (t *tierTable) apply(w message.Workspace) message.Workspace {
	if n, ok := t.all()[w.Tier]; ok && w.Tier != "" {
		w.PerMinute = n
	}
	return w
}

// tieredRing puts workspaces into the keyring with the limit of their tier.
type tieredRing struct {
	*relay.Keyring
	tiers *tierTable
}

// PutWorkspace sets a workspace's limit.
func (r tieredRing) PutWorkspace(w message.Workspace) { r.Keyring.PutWorkspace(r.tiers.apply(w)) }
