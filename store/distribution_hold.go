package store

import (
	"errors"

	"messagehub/store/message"
)

// A pause is one row: the progress of the distribution. Nothing is done to the
// messages that wait; the committer looks at the row when one of them is about
// to be started, and takes that out of its lane. What it has taken out so is
// released, run by run, after the distribution is resumed.

// halted returns what becomes of a message of a distribution that is about to be
// started: Withheld where the distribution is paused, Cancel where it is
// canceled and has not been swept so far, else NoFact.
//
// Guarantee: a pause or a cancel that was durable before is seen.
func (t *txn) halted(o *message.Outbound, s *message.State) message.FactKind {
	if o.Distribution.IsZero() || !s.Recallable() {
		return message.NoFact
	}
	t.key = appendDistributionKey(t.key[:0], distributionProgress, o.Workspace, o.Distribution)
	value, ok := t.get(t.key)
	if !ok {
		return message.NoFact
	}
	switch state, err := decodeDistributionState(value); {
	case err != nil:
		t.fail(errors.Join(ErrCorrupt, err))
	case state == message.Paused:
		return message.Withheld
	case state == message.DistributionCanceled:
		return message.Cancel
	}
	return message.NoFact
}

// releaseOp lets messages go that a pause has withheld, and moves their
// distribution on: either both are in the log, or none.
type releaseOp struct{ *message.Release }

func (o *releaseOp) width() int { return len(o.Messages) + 1 }

func (o *releaseOp) apply(t *txn) error {
	t.tick(o.At)
	d, err := t.distribution(o.Owner.Workspace, o.ID, o.Version)
	if err == nil && d.Progress.Held == 0 {
		err = message.ErrDistributionState
	}
	if err != nil {
		return err
	}
	for _, m := range o.Messages {
		outbound := t.erased.current(m.Message)
		if s := t.state(outbound); s != nil {
			t.foldInto(outbound, s, message.Fact{Kind: message.Released, At: o.At, Attempt: s.Current(), RetryAt: m.At})
		}
		t.index, t.ordinal = t.index+1, 0
	}
	t.setProgress(o.Owner.Workspace, o.ID, &o.Progress, o.At)
	return t.err
}
