package store

import (
	"encoding/binary"
	"errors"
	"slices"

	"messagehub/store/message"
)

// eraseChunk is how many messages go into the queue at once.
const eraseChunk = 256

// rows erases what the log holds of one contact. busy: a message is being sent
// right now, and has to be asked again.
func (e *eraser) rows(r *erasure) (busy bool, err error) {
	s := e.store
	found := tracesOf(r.addresses)
	ids, err := e.messages(r)
	for len(ids) > 0 && err == nil && !e.stopped() {
		n := min(len(ids), eraseChunk)
		var ops []op
		for _, id := range ids[:n] {
			ops = append(ops, &eraseMessageOp{at: e.now(), of: r, found: found, id: id})
		}
		err = s.commitAll(ops)
		for _, o := range ops {
			o := o.(*eraseMessageOp)
			busy = busy || o.busy
			s.recent.drop(o.id)
		}
		ids = ids[n:]
	}
	for _, sweep := range []func(*erasure, *traces) ([]op, error){e.orphans, e.promises, e.batches, e.received, e.distributions} {
		if err != nil || e.stopped() {
			return true, err
		}
		var ops []op
		if ops, err = sweep(r, found); err == nil {
			err = s.commitAll(ops)
		}
	}
	return busy || e.stopped(), err
}

// messages returns the messages that were sent to the contact, or to one of its
// addresses and no other contact, and are not erased yet.
func (e *eraser) messages(r *erasure) (ids []message.ID, err error) {
	err = e.scan(appendOwnerKey(nil, prefixOutbound, r.Owner.Workspace), func(key, value []byte) error {
		var o message.Outbound
		id := idOfRow(key)
		if err := decodeOutbound(&o, r.Owner.Workspace, id, string(value)); err != nil {
			return errors.Join(ErrCorrupt, err)
		}
		if !o.Erased && o.Test == r.Owner.Test && r.concerns(&o) {
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

// concerns reports whether a message is one of the contact's.
func (r *erasure) concerns(o *message.Outbound) bool {
	if !o.Contact.IsZero() {
		return o.Contact == r.Contact
	}
	return o.CreatedAt <= r.RequestedAt && slices.ContainsFunc(o.Steps, func(step message.Step) bool {
		return slices.Contains(r.addresses, step.To)
	})
}

// scan is eachRow on behalf of the eraser, which ends early if it is to stop.
func (e *eraser) scan(prefix []byte, f func(key, value []byte) error) error {
	if err := e.store.reading.enter(); err != nil {
		return err
	}
	defer e.store.reading.leave()
	err := eachRow(e.store.db, prefix, func(key, value []byte) error {
		if e.stopped() {
			return errStopped
		}
		return f(key, value)
	})
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}

var errStopped = errors.New("stopped")

// eraseMessageOp erases one message, unless it is being sent.
type eraseMessageOp struct {
	at    message.Time
	of    *erasure
	found *traces // of it
	id    message.ID
	busy  bool
}

func (o *eraseMessageOp) apply(t *txn) error {
	t.tick(o.at)
	ws := o.of.Owner.Workspace
	was := t.outbound(ws, o.id)
	if was == nil || was.Erased {
		return t.err
	}
	s := t.state(was)
	if s == nil {
		return t.err
	}
	attempts := slices.Clone(s.Attempts)
	if o.busy = t.foldInto(was, s, message.Fact{Kind: message.Erased, At: o.at, Attempt: s.Current()}); o.busy {
		return t.err
	}
	for i := range attempts {
		if a := &attempts[i]; a.ProviderID != "" {
			t.forgetProvider(was.Lane(a.Step), a)
		}
	}
	left := was.Erase()
	if o.found.in(left.Reference) {
		left.Reference = ""
	}
	t.erased[o.id] = left
	t.set(appendRowKey(nil, prefixOutbound, ws, o.id), appendOutbound(nil, left))
	t.changeErasure(o.of.Owner, o.of.Contact, func(e *erasure) { e.Messages++ })
	return t.err
}

// forgetProvider removes what an attempt is found by at its provider.
func (t *txn) forgetProvider(lane message.Lane, a *message.Attempt) {
	t.delete(appendProviderKey(nil, periodOf(a.SentAt), lane, a.ProviderID))
	t.targets.drop(a.ProviderID)
	if early, ok := t.orphans(lane, a.ProviderID); ok {
		t.dropOrphans(lane, a.ProviderID, early.expires)
	}
}

// orphans returns what removes early receipts with an address in them.
func (e *eraser) orphans(_ *erasure, found *traces) (ops []op, err error) {
	err = e.scan([]byte{prefixOrphan}, func(key, value []byte) error {
		if !found.in(string(key)) && !found.in(string(value)) {
			return nil
		}
		lane, id, err := splitLane(key[1:])
		ops = append(ops, &eraseOrphansOp{lane, string(id)})
		return err
	})
	return ops, err
}

type eraseOrphansOp struct {
	lane       message.Lane
	providerID string
}

func (o *eraseOrphansOp) apply(t *txn) error {
	if early, ok := t.orphans(o.lane, o.providerID); ok {
		t.dropOrphans(o.lane, o.providerID, early.expires)
	}
	return t.err
}

// promises returns what removes idempotency keys with an address in them: all
// that a key holds beside is a hash.
func (e *eraser) promises(r *erasure, found *traces) (ops []op, err error) {
	err = e.scan([]byte{prefixIdempotency}, func(key, _ []byte) error {
		if message.WorkspaceID(binary.BigEndian.Uint32(key[5:])) == r.Owner.Workspace && found.in(string(key[9:])) {
			ops = append(ops, &eraseRowOp{key: slices.Clone(key)})
		}
		return nil
	})
	return ops, err
}

// eraseRowOp replaces a row, or removes it.
type eraseRowOp struct{ key, value []byte }

func (o *eraseRowOp) apply(t *txn) error {
	if o.value == nil {
		t.delete(o.key)
	} else {
		t.set(o.key, o.value)
	}
	return t.err
}

// erasedReason is what is left of why a message of a batch was not taken.
const erasedReason = `{"code":"invalid_parameter","message":"The reason named a contact that has been erased.","param":null,"errors":[]}`

// batches returns what removes addresses from the answers to batches.
func (e *eraser) batches(r *erasure, found *traces) (ops []op, err error) {
	err = e.scan(appendOwnerKey(nil, prefixBatch, r.Owner.Workspace), func(key, value []byte) error {
		if !found.in(string(value)) {
			return nil
		}
		b := message.Batch{ID: idOfRow(key), Workspace: r.Owner.Workspace}
		if err := decodeBatch(&b, string(value)); err != nil {
			return errors.Join(ErrCorrupt, err)
		}
		for i := range b.Items {
			if found.in(b.Items[i].Error) {
				b.Items[i].Error = erasedReason
			}
		}
		ops = append(ops, &eraseRowOp{slices.Clone(key), appendBatch(nil, &b)})
		return nil
	})
	return ops, err
}

// received returns what removes the messages that came from the contact.
func (e *eraser) received(r *erasure, _ *traces) (ops []op, err error) {
	err = e.scan(appendOwnerKey(nil, prefixReceived, r.Owner.Workspace), func(key, value []byte) error {
		var m message.Inbound
		if err := decodeInbound(&m, r.Owner.Workspace, idOfRow(key), string(value)); err != nil {
			return errors.Join(ErrCorrupt, err)
		}
		if m.Owner == r.Owner && slices.Contains(r.addresses, m.From) {
			ops = append(ops, &eraseReceivedOp{slices.Clone(key), m})
		}
		return nil
	})
	return ops, err
}

// eraseReceivedOp removes a message that came in, and what it is recognised by
// should it come again.
type eraseReceivedOp struct {
	key     []byte
	inbound message.Inbound
}

func (o *eraseReceivedOp) apply(t *txn) error {
	t.delete(o.key)
	promise := inboundPromise(&o.inbound)
	if len(promise.key) == 0 {
		return t.err
	}
	for _, day := range promise.days() {
		setDay(promise.key, day)
		t.delete(promise.key)
	}
	return t.err
}
