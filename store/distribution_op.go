package store

import (
	"errors"

	"messagehub/store/message"
)

// distributeOp adds a distribution. All that can be encoded before its id is
// known is encoded by the caller.
type distributeOp struct {
	request *message.DistributionRequest
	promise acceptOp // for its key alone
	plan    []byte
	chunks  [][]byte
	id      message.ID
	again   bool // it was accepted before
}

func newDistributeOp(r *message.DistributionRequest) *distributeOp {
	o := &distributeOp{request: r}
	for from := 0; from < len(r.Recipients); from += message.RecipientChunkSize {
		to := min(from+message.RecipientChunkSize, len(r.Recipients))
		o.chunks = append(o.chunks, appendRecipients(nil, &message.RecipientChunk{Recipients: r.Recipients[from:to]}))
	}
	r.Plan.Chunks = len(o.chunks)
	o.plan = appendPlan(nil, r.Owner.Test, r.At, &r.Plan)
	o.promise.prepareKey(r.Owner.Workspace, &r.Key)
	return o
}

func (o *distributeOp) size() int {
	n := len(o.plan)
	for _, chunk := range o.chunks {
		n += len(chunk)
	}
	return n
}

func (o *distributeOp) apply(t *txn) error {
	r := o.request
	t.tick(r.At)
	if len(o.promise.key) > 0 {
		found, err := o.promise.replay(t)
		if found || err != nil {
			o.id, o.again = o.promise.acceptance.ID, found
			return err
		}
	}
	ws := r.Owner.Workspace
	o.id = message.NewID(t.position(), r.Salt)
	t.set(appendDistributionKey(nil, distributionPlan, ws, o.id), o.plan)
	for i, chunk := range o.chunks {
		t.set(appendNumberedKey(nil, distributionRecipients, ws, o.id, i), chunk)
	}
	t.setProgress(ws, o.id, &r.Progress, r.At)
	if len(o.promise.key) > 0 {
		o.promise.remember(t, o.id)
	}
	return t.err
}

// distribution reads how far a distribution has come, without its plan. The
// error is message.ErrNotFound, or message.ErrVersion where version is neither
// 0 nor the one it has.
func (t *txn) distribution(ws message.WorkspaceID, id message.ID, version message.Position) (*message.Distribution, error) {
	value, ok := t.get(appendDistributionKey(nil, distributionProgress, ws, id))
	if !ok {
		return nil, errors.Join(message.ErrNotFound, t.err)
	}
	d := &message.Distribution{ID: id, Owner: message.Owner{Workspace: ws}}
	if err := decodeProgress(d, string(value)); err != nil {
		t.fail(errors.Join(ErrCorrupt, err))
		return nil, t.err
	}
	if version != 0 && d.Version != version {
		return nil, message.ErrVersion
	}
	return d, nil
}

// plan reads the plan of a distribution into it.
func (t *txn) plan(d *message.Distribution) {
	value, _ := t.get(appendDistributionKey(nil, distributionPlan, d.Owner.Workspace, d.ID))
	if err := decodePlan(d, string(value)); err != nil {
		t.fail(errors.Join(ErrCorrupt, err))
	}
}

func (t *txn) setProgress(ws message.WorkspaceID, id message.ID, p *message.DistributionProgress, at message.Time) {
	p.UpdatedAt = at
	t.set(appendDistributionKey(nil, distributionProgress, ws, id), appendProgress(nil, t.position(), p))
}

// dropRecipients removes what a distribution needs no more once it makes no
// further message.
func (t *txn) dropRecipients(ws message.WorkspaceID, id message.ID) {
	for _, kind := range []byte{distributionRecipients, distributionMark} {
		start := appendDistributionKey(nil, kind, ws, id)
		t.deleteRange(start, successor(start))
	}
}

// expandOp makes the next messages of a distribution and moves it on: either
// both are in the log, or none.
type expandOp struct {
	*message.Expansion
	accepts []*acceptOp
	basis   int // the chunk of recipients that the messages were made from
	chunked bool
}

// width is how many positions it takes: one for each message, and one for the
// distribution.
func (o *expandOp) width() int { return len(o.accepts) + 1 }

func (o *expandOp) apply(t *txn) error {
	t.tick(o.At)
	ws := o.Owner.Workspace
	d, err := t.distribution(ws, o.ID, o.Version)
	if err == nil && (d.Progress.State != message.Expanding || d.Progress.Held != 0) {
		err = message.ErrDistributionState
	}
	if err == nil && o.chunked {
		err = o.current(t)
	}
	if err != nil {
		return err
	}
	first := t.position()
	for _, a := range o.accepts {
		if err := a.apply(t); err != nil {
			return err
		}
		t.index++
	}
	o.Progress.Spans = d.Progress.Spans
	if n := len(o.accepts); n > 0 {
		t.set(appendNumberedKey(nil, distributionSpan, ws, o.ID, d.Progress.Spans), appendSpan(nil, message.Span{First: first, Count: n}))
		o.Progress.Spans++
	}
	o.finish(t)
	t.setProgress(ws, o.ID, &o.Progress, o.At)
	return t.err
}

// current reports whether the chunk of recipients is as it was when the messages
// were made: an erasure may have come.
func (o *expandOp) current(t *txn) error {
	value, ok := t.get(appendNumberedKey(nil, distributionRecipients, o.Owner.Workspace, o.ID, o.basis))
	var chunk message.RecipientChunk
	if !ok || decodeRecipients(&chunk, string(value)) != nil {
		t.fail(errors.Join(ErrCorrupt, ErrBadRow))
		return t.err
	}
	if chunk.Revision != o.Revision {
		return message.ErrVersion
	}
	return nil
}

// finish marks whom the messages go to, and drops recipients that are done.
func (o *expandOp) finish(t *txn) {
	ws := o.Owner.Workspace
	if o.Progress.State == message.Running {
		t.dropRecipients(ws, o.ID)
		return
	}
	for _, m := range o.Marks {
		t.key = append(appendDistributionKey(t.key[:0], distributionMark, ws, o.ID), m[:]...)
		key, _ := t.put(len(t.key), 0)
		copy(key, t.key)
	}
	if o.chunked && o.Progress.Cursor.Chunk > o.basis {
		t.delete(appendNumberedKey(nil, distributionRecipients, ws, o.ID, o.basis))
	}
}

// turnOp changes the state of a distribution at a client's wish.
type turnOp struct {
	owner message.Owner
	id    message.ID
	to    message.DistributionState
	at    message.Time
}

func (o *turnOp) apply(t *txn) error {
	t.tick(o.at)
	d, err := t.distribution(o.owner.Workspace, o.id, 0)
	if err != nil {
		return err
	}
	p := &d.Progress
	switch {
	case p.State == o.to || o.to == message.Expanding && p.State == message.Running:
		return nil
	case !turns(p.State, o.to):
		return message.ErrDistributionState
	}
	p.State, p.Held = o.to, 0
	if o.to == message.Expanding {
		if t.plan(d); d.Made() {
			p.State = message.Running
		}
		p.Held = p.Spans
	}
	t.setProgress(o.owner.Workspace, o.id, p, o.at)
	if o.to == message.DistributionCanceled {
		t.dropRecipients(o.owner.Workspace, o.id)
	}
	return t.err
}

// turns reports whether a client can bring a distribution from one state to
// another.
func turns(from, to message.DistributionState) bool {
	switch to {
	case message.Paused:
		return from == message.Expanding || from == message.Running
	case message.Expanding:
		return from == message.Paused
	case message.DistributionCanceled:
		return from == message.Expanding || from == message.Running || from == message.Paused
	}
	return false
}

// sweepOp takes back those of the next run of messages of a canceled
// distribution that no provider has.
type sweepOp struct {
	owner message.Owner
	id    message.ID
	span  message.Span
	at    message.Time
	// version is the one that the distribution must have.
	version message.Position
}

func (o *sweepOp) width() int { return o.span.Count + 1 }

func (o *sweepOp) apply(t *txn) error {
	t.tick(o.at)
	ws := o.owner.Workspace
	d, err := t.distribution(ws, o.id, o.version)
	if err != nil {
		return err
	}
	ids, err := spanIDs(t.db, ws, o.span)
	if err != nil {
		t.fail(err)
		return err
	}
	for _, id := range ids {
		was := t.outbound(ws, id)
		if was == nil {
			continue
		}
		if s := t.state(was); s != nil {
			t.foldInto(was, s, message.Fact{Kind: message.Cancel, At: o.at, Attempt: s.Current()})
		}
		t.index, t.ordinal = t.index+1, 0
	}
	d.Progress.Swept++
	t.setProgress(ws, o.id, &d.Progress, o.at)
	return t.err
}

// completeOp ends a distribution that has nothing on its way any more.
type completeOp struct {
	owner   message.Owner
	id      message.ID
	created message.Time
	version message.Position
	at      message.Time
}

func (o *completeOp) apply(t *txn) error {
	t.tick(o.at)
	d, err := t.distribution(o.owner.Workspace, o.id, o.version)
	if err == nil && d.Progress.State != message.Running {
		err = message.ErrDistributionState
	}
	if err != nil {
		return err
	}
	d.Progress.State = message.DistributionCompleted
	t.setProgress(o.owner.Workspace, o.id, &d.Progress, o.at)
	t.tell(message.Event{
		Workspace: o.owner.Workspace, Object: string(message.AppendID(nil, message.PrefixDistribution, o.id)),
		Test: o.owner.Test, CreatedAt: o.created,
		Entry: message.Entry{At: o.at, ReceivedAt: o.at, Type: message.DistributionDone},
	})
	return t.err
}
