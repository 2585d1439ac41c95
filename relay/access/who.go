package access

import (
	"net/netip"
	"slices"

	"messagehub/store/message"
)

// Who asks for something: for the audit log, and for what he may give away.
type Who struct {
	Actor     string
	Address   string
	RequestID string
	At        message.Time
	// Key is the client's own; nil: the operator, who may do everything.
	Key *message.Key
}

// sees reports whether a key exists for him.
func (w *Who) sees(k *message.Key) bool {
	return w.Key == nil || k.Workspace == w.Key.Workspace && (k.Test || !w.Key.Test)
}

// Excess is the error of giving away what one does not have.
type Excess struct {
	// Param names what goes too far: test, scopes, allow, perMinute, expiresAt.
	Param string
	// Scopes are those that are lacking, where it is scopes.
	Scopes message.Scope
}

func (e *Excess) Error() string { return e.Param + " goes beyond what the key has itself" }

// mayGive returns what of a key goes beyond his own; nil: nothing.
func (w *Who) mayGive(k *message.Key) error {
	own := w.Key
	switch {
	case own == nil:
	case own.Test && !k.Test:
		return &Excess{Param: "test"}
	case k.Scopes&^own.Scopes != 0:
		return &Excess{"scopes", k.Scopes &^ own.Scopes}
	case !covers(own.Allow, k.Allow):
		return &Excess{Param: "allow"}
	case own.PerMinute != 0 && (k.PerMinute == 0 || k.PerMinute > own.PerMinute):
		return &Excess{Param: "perMinute"}
	case own.ExpiresAt != 0 && (k.ExpiresAt == 0 || k.ExpiresAt > own.ExpiresAt):
		return &Excess{Param: "expiresAt"}
	}
	return nil
}

// covers reports whether one allowlist lets in all that another one does. An
// empty one lets everybody in.
func covers(outer, inner []netip.Prefix) bool {
	if len(outer) == 0 {
		return true
	}
	return len(inner) > 0 && !slices.ContainsFunc(inner, func(p netip.Prefix) bool {
		return !slices.ContainsFunc(outer, func(o netip.Prefix) bool { return o.Bits() <= p.Bits() && o.Contains(p.Addr()) })
	})
}

func (w *Who) entry(action string, before, after *message.Key) message.AuditEntry {
	e := message.AuditEntry{
		At: w.At, Actor: w.Actor, Action: action, Object: Name(after.ID), Address: w.Address, RequestID: w.RequestID,
		After: describe(after),
	}
	if before != nil {
		e.Before = describe(before)
	}
	return e
}
