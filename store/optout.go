package store

import (
	"encoding/binary"
	"slices"

	"messagehub/store/message"
)

// Opt-outs are rows of their own, by address: they outlive the contact, and
// they are found by whoever is about to send. An address is in them as a hash
// only, so that erasing a contact need not undo them.

// optOutSlots is the size of the filter before the rows.
const optOutSlots = 1 << 16

// optOuts counts the rows of opt-outs by their hash: while there are none, a
// start of a send asks for none, and few where there are few.
//
// Ownership: the committer's.
type optOuts struct {
	n      int
	counts [optOutSlots]uint32
}

// count returns the counter of the row at key, whose end is a hash.
func (c *optOuts) count(key []byte) *uint32 {
	return &c.counts[binary.BigEndian.Uint16(key[contactOwner:])]
}

func (c *optOuts) add(key []byte, n int) {
	c.n += n
	*c.count(key) += uint32(n)
}

// mayHold is false only where there is no row at key.
func (c *optOuts) mayHold(key []byte) bool { return *c.count(key) > 0 }

// optedOut reports whether an address wants nothing on its channel.
//
// Guarantee: an opt-out that was durable before is seen, whatever it was that
// wrote it.
func (t *txn) optedOut(o message.Owner, i message.Identity) bool {
	if t.optOuts.n == 0 || i.Address == "" {
		return false
	}
	return t.holdsOptOut(o, i.Channel, i) || t.holdsOptOut(o, message.AllChannels, i)
}

func (t *txn) holdsOptOut(o message.Owner, scope string, i message.Identity) bool {
	t.key = appendOptOutKey(t.key[:0], o, scope, i)
	return t.holds(t.key)
}

// holds reports whether there is a row of an opt-out at key.
func (t *txn) holds(key []byte) bool {
	if !t.optOuts.mayHold(key) {
		return false
	}
	_, ok := t.get(key)
	return ok
}

// setOptOut begins or ends an opt-out of an address.
func (t *txn) setOptOut(o message.Owner, scope string, i message.Identity, out bool, at message.Time) {
	key := appendOptOutKey(nil, o, scope, i)
	switch held := t.holds(key); {
	case out && !held:
		t.set(key, appendOptOut(nil, at))
		t.optOuts.add(key, 1)
	case !out && held:
		t.delete(key)
		t.optOuts.add(key, -1)
	}
}

// concerns reports whether an opt-out from scope is one of a channel.
func concerns(scope, channel string) bool { return scope == channel || scope == message.AllChannels }

// moveOptOuts brings the opt-outs of after's addresses up to what is asked for:
// an address that is new to the contact is under all that the contact has
// opted out from.
func (t *txn) moveOptOuts(after, before *message.Contact, changes []message.OptOutChange) {
	var old []message.Identity
	if before != nil {
		old = before.Identities
	}
	scopes := slices.Clone(after.OptOut)
	for _, c := range changes {
		scopes = slices.DeleteFunc(scopes, func(s string) bool { return s == c.Scope })
		if c.Out {
			scopes = append(scopes, c.Scope)
		}
		for _, i := range after.Identities {
			if concerns(c.Scope, i.Channel) {
				t.setOptOut(after.Owner, c.Scope, i, c.Out, after.UpdatedAt)
			}
		}
	}
	for _, i := range after.Identities {
		if slices.Contains(old, i) {
			continue
		}
		for _, scope := range scopes {
			if concerns(scope, i.Channel) {
				t.setOptOut(after.Owner, scope, i, true, after.UpdatedAt)
			}
		}
	}
	after.OptOut = scopes
	after.OptOut = effectiveOptOuts(after, t.holds)
}

// effectiveOptOuts returns what a contact has opted out from, as the rows of
// its addresses say. Where it has no address that a row could be of, what it
// said itself counts.
func effectiveOptOuts(c *message.Contact, holds func(key []byte) bool) []string {
	var out []string
	add := func(scope string) {
		if !slices.Contains(out, scope) {
			out = append(out, scope)
		}
	}
	for _, scope := range c.OptOut {
		if c.Address(scope) == "" && (scope != message.AllChannels || len(c.Identities) == 0) {
			add(scope)
		}
	}
	for _, i := range c.Identities {
		for _, scope := range [...]string{i.Channel, message.AllChannels} {
			if holds(appendOptOutKey(nil, c.Owner, scope, i)) {
				add(scope)
			}
		}
	}
	slices.Sort(out)
	return out
}

// OptOut begins or ends an opt-out of an address that its holder has asked for
// himself. It is durable when it returns nil.
func (s *Store) OptOut(o message.Owner, i message.Identity, out bool, at message.Time) error {
	return s.commit(&optOutOp{o, i, out, at})
}

// optOutOp is the operation of OptOut.
type optOutOp struct {
	owner    message.Owner
	identity message.Identity
	out      bool
	at       message.Time
}

func (o *optOutOp) apply(t *txn) error {
	t.tick(o.at)
	t.choose(o.owner, o.identity, o.out, o.at)
	return t.err
}

// choose begins or ends an opt-out as the holder of the address wants it. To
// begin again ends an opt-out from all.
func (t *txn) choose(o message.Owner, i message.Identity, out bool, at message.Time) {
	t.setOptOut(o, i.Channel, i, out, at)
	if !out {
		t.setOptOut(o, message.AllChannels, i, false, at)
	}
}

// barred returns why an attempt must not be started.
func (t *txn) barred(o *message.Outbound, s *message.State, attempt int) *message.Failure {
	if attempt < 0 || attempt >= len(s.Attempts) {
		return nil
	}
	step := &o.Steps[s.Attempts[attempt].Step]
	if failure := step.NoAddress(); failure != nil {
		return failure
	}
	if t.optedOut(o.Owner(), message.Identity{Channel: step.Channel, Address: step.To}) {
		return &message.Failure{Code: message.CodeOptedOut, Class: message.Policy, Permanent: true}
	}
	return nil
}
