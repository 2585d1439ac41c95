package message

import (
	"net/netip"
)

// Workspace owns messages, keys and a rate limit.
type Workspace struct {
	ID   WorkspaceID
	Name string // unique
	// Tier names one of the configuration's tiers; empty: a limit of its own.
	Tier string
	// PerMinute is the limit: requests a minute for live and for test keys
	// each. That of a Tier is what the tier had when it was last set.
	PerMinute int
	CreatedAt Time
}

// The tiers of the contract, in requests a minute.
const (
	TierFree       = 60
	TierPro        = 600
	TierEnterprise = 6000
)

// Scope is a set of rights.
type Scope uint8

// The scopes. The values are stored.
const (
	ScopeSend Scope = 1 << iota
	ScopeRead
	ScopeContactsRead
	ScopeContactsWrite
	ScopeDistribute
	ScopeWebhooks
	ScopeKeys
	ScopeAll = ScopeUsual | ScopeKeys
	// ScopeUsual is all that an application can need. Managing keys is not part
	// of it: that is for consoles and automation, and asked for by name.
	ScopeUsual = ScopeSend | ScopeRead | ScopeContactsRead | ScopeContactsWrite | ScopeDistribute | ScopeWebhooks
)

var scopeNames = [...]string{
	"messages:send", "messages:read", "contacts:read", "contacts:write", "content:distribute", "webhooks:manage", "keys:manage",
}

// Names returns the scopes' API names, in a fixed order.
func (s Scope) Names() []string {
	var out []string
	for i, name := range scopeNames {
		if s&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// ParseScope returns the Scope of one API name.
func ParseScope(name string) (Scope, bool) {
	for i, n := range scopeNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}

// Key is an API key as it is stored: never the key itself.
type Key struct {
	ID        ID       // shown with PrefixKey
	Hash      [32]byte // SHA-256 of the whole key
	Workspace WorkspaceID
	Test      bool
	Name      string
	Scopes    Scope
	Allow     []netip.Prefix // empty: from anywhere
	PerMinute int            // lower limit of its own; 0: the workspace's alone
	Last4     string
	CreatedAt Time
	ExpiresAt Time // 0: never
	RevokedAt Time // 0: not revoked
	LastUsed  Time // to the minute
	// Successor is the key that replaced this one by rotation, if any.
	Successor ID
}

// Event is a line of a workspace's event feed, told to observers after it is
// durable.
type Event struct {
	Position  Position
	Ordinal   int // among the events of its position
	Workspace WorkspaceID
	Message   ID // zero: it is of no message
	// Object is the id that an event of no message is about, with its prefix.
	Object    string
	Test      bool
	Channel   string
	Status    Status // of the message, after the event
	CreatedAt Time   // of the message
	Entry     Entry
}

// AuditEntry is a line of the audit log.
type AuditEntry struct {
	At        Time
	Actor     string // "key_…", "admin socket", "system"
	Action    string // "key.create", "auth.refused", …
	Object    string
	Address   string // client address, where there is one
	RequestID string
	Before    string
	After     string
}
