package store

import (
	"encoding/binary"
	"errors"
	"time"

	"messagehub/store/message"
)

const (
	// OrphanFor is how long a receipt waits for its message.
	OrphanFor = 24 * time.Hour
	// maxOrphans bounds the receipts that wait under one provider id.
	maxOrphans = 16
	// maxProviderID is the longest provider id that is indexed.
	maxProviderID = 1 << 10

	orphansVersion = 1
)

// orphans are the receipts that have come for a provider id before the send's
// own answer has told us of it.
type orphans struct {
	expires  message.Time
	receipts []orphan
}

type orphan struct {
	at      message.Time // when it came
	receipt message.Receipt
}

// learn makes attempt i findable by its provider id, and folds what has been
// reported about it already.
func (t *txn) learn(o *message.Outbound, s *message.State, i int) {
	a := &s.Attempts[i]
	if len(a.ProviderID) > maxProviderID {
		return
	}
	lane := o.Lane(a.Step)
	t.key = appendProviderKey(t.key[:0], periodOf(s.UpdatedAt), lane, a.ProviderID)
	of := target{o.Workspace, o.ID, i}
	t.row = appendTarget(t.row[:0], of)
	t.set(t.key, t.row)
	t.targets.put(message.Lane{Channel: t.lanes.of(lane).Channel, Test: lane.Test}, a.ProviderID, of)
	early, ok := t.orphans(lane, a.ProviderID)
	if !ok {
		return
	}
	t.dropOrphans(lane, a.ProviderID, early.expires)
	for k := range early.receipts {
		t.foldInto(o, s, early.receipts[k].fact(i, s.UpdatedAt))
	}
}

// fact makes the Fact of an early receipt, folded at the moment now: what
// follows from it begins then. It was reported when it came.
func (e *orphan) fact(attempt int, now message.Time) message.Fact {
	f := factOf(&e.receipt, attempt, now)
	if f.ReportedAt == 0 {
		f.ReportedAt = e.at
	}
	return f
}

// shelve keeps a receipt for the message that it will turn out to be about.
func (t *txn) shelve(r *reportOp) {
	id := r.receipt.ProviderID
	if id == "" || len(id) > maxProviderID {
		return
	}
	early, ok := t.orphans(r.lane(), id)
	if !ok {
		early.expires = r.at.Add(OrphanFor)
		t.wake(appendOrphansTimer(nil, early.expires, r.lane(), id), early.expires)
	}
	if len(early.receipts) < maxOrphans {
		early.receipts = append(early.receipts, orphan{r.at, r.receipt})
	}
	t.key = appendOrphanKey(t.key[:0], r.lane(), id)
	t.row = appendOrphans(t.row[:0], &early)
	t.set(t.key, t.row)
	if !ok {
		*t.early.count(t.key)++
	}
}

func (t *txn) orphans(lane message.Lane, providerID string) (early orphans, ok bool) {
	t.key = appendOrphanKey(t.key[:0], lane, providerID)
	if !t.early.mayHold(t.key) {
		return early, false
	}
	value, ok := t.get(t.key)
	if !ok {
		return early, false
	}
	if err := decodeOrphans(&early, string(value)); err != nil {
		t.fail(errors.Join(ErrCorrupt, err))
		return early, false
	}
	return early, true
}

func (t *txn) dropOrphans(lane message.Lane, providerID string, expires message.Time) {
	t.removeOrphans(appendOrphanKey(t.key[:0], lane, providerID))
	t.drop(appendOrphansTimer(t.key[:0], expires, lane, providerID))
}

// removeOrphans removes the row at key, which exists.
func (t *txn) removeOrphans(key []byte) {
	t.delete(key)
	*t.early.count(key)--
}

// appendOrphans appends the value of a row of early receipts.
func appendOrphans(dst []byte, early *orphans) []byte {
	dst = appendTime(append(dst, orphansVersion), early.expires)
	dst = appendInt(dst, len(early.receipts))
	for i := range early.receipts {
		o := &early.receipts[i]
		dst = append(dst, byte(o.receipt.Status), bit(o.receipt.Failure != nil))
		dst = appendTime(appendTime(dst, o.at), o.receipt.At)
		dst = binary.AppendVarint(dst, int64(o.receipt.RetryAfter))
		if o.receipt.Failure != nil {
			dst = appendFailure(dst, o.receipt.Failure)
		}
	}
	return dst
}

// decodeOrphans reads what appendOrphans wrote: of each receipt, what a fact
// needs.
func decodeOrphans(early *orphans, text string) error {
	r := openValue(text, orphansVersion)
	early.expires = r.time()
	for n := r.count(maxOrphans); n > 0 && !r.fault; n-- {
		var o orphan
		o.receipt.Status = r.status()
		failed := r.enum(1) == 1
		o.at = r.time()
		o.receipt.At = r.time()
		o.receipt.RetryAfter = time.Duration(r.int64())
		if failed {
			o.receipt.Failure = new(message.Failure)
			r.failure(o.receipt.Failure)
		}
		early.receipts = append(early.receipts, o)
	}
	return r.done("early receipts")
}
