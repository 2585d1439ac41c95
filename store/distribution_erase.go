package store

import (
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// distributions returns what removes the contact from the recipients that
// distributions have still to reach, and addresses from what they are called.
func (e *eraser) distributions(r *erasure, found *traces) (ops []op, err error) {
	err = e.scan(appendDistributionOwner(nil, distributionRecipients, r.Owner.Workspace), func(key, value []byte) error {
		var c message.RecipientChunk
		if err := decodeRecipients(&c, string(value)); err != nil {
			return errors.Join(ErrCorrupt, err)
		}
		if slices.ContainsFunc(c.Recipients, r.receives) {
			ops = append(ops, &eraseRecipientsOp{r, slices.Clone(key)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = e.scan(appendDistributionOwner(nil, distributionPlan, r.Owner.Workspace), func(key, value []byte) error {
		var d message.Distribution
		if err := decodePlan(&d, string(value)); err != nil {
			return errors.Join(ErrCorrupt, err)
		}
		if d.Owner.Test == r.Owner.Test && found.in(d.Plan.Reference) {
			d.Plan.Reference = ""
			ops = append(ops, &eraseRowOp{slices.Clone(key), appendPlan(nil, d.Owner.Test, d.CreatedAt, &d.Plan)})
		}
		return nil
	})
	return ops, err
}

// receives reports whether a recipient is the contact.
func (r *erasure) receives(p message.Addressee) bool {
	if !p.Contact.IsZero() {
		return p.Contact == r.Contact
	}
	return slices.ContainsFunc(p.To, func(i message.Identity) bool { return slices.Contains(r.addresses, i.Address) })
}

// eraseRecipientsOp removes the contact from a chunk of recipients. Messages
// that are being made from the chunk meanwhile are refused: see expandOp.
type eraseRecipientsOp struct {
	of  *erasure
	key []byte
}

func (o *eraseRecipientsOp) apply(t *txn) error {
	value, ok := t.get(o.key)
	if !ok { // they have their messages, and those are found by themselves
		return t.err
	}
	var c message.RecipientChunk
	if err := decodeRecipients(&c, string(value)); err != nil {
		t.fail(errors.Join(ErrCorrupt, err))
		return t.err
	}
	for i := range c.Recipients {
		if p := &c.Recipients[i]; o.of.receives(*p) {
			*p = message.Addressee{Index: p.Index}
		}
	}
	c.Revision++
	t.set(o.key, appendRecipients(nil, &c))
	return t.err
}

// removeDistributions removes the distributions of the workspace from before the
// bound that there is nothing left to do for.
func (o *retainOp) removeDistributions(t *txn) {
	it, err := t.db.NewIter(&pebble.IterOptions{
		LowerBound: appendDistributionOwner(nil, distributionProgress, o.workspace),
		UpperBound: appendDistributionKey(nil, distributionProgress, o.workspace, message.NewID(message.At(o.bound, 0), 0)),
	})
	if err != nil {
		t.fail(err)
		return
	}
	var over []message.ID
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		d := new(message.Distribution)
		if err = decodeProgress(d, string(it.Value())); err == nil && d.Progress.State >= message.DistributionCompleted && !d.Active() {
			over = append(over, message.ID(it.Key()[6:]))
		}
	}
	if err := closeScan(it, err); err != nil {
		t.fail(err)
		return
	}
	for _, id := range over {
		for _, kind := range []byte{distributionPlan, distributionProgress} {
			t.delete(appendDistributionKey(nil, kind, o.workspace, id))
		}
		start := appendDistributionKey(nil, distributionSpan, o.workspace, id)
		t.deleteRange(start, successor(start))
	}
}
