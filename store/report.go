package store

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// Report folds receipts into the messages they are about, and returns when
// that is durable. One whose provider id is not known yet is kept for
// OrphanFor and folded when it becomes known; one that can belong to no
// message is dropped.
func (s *Store) Report(rs []message.Receipt, at message.Time) error {
	if len(rs) == 1 { // nearly always
		return s.reportOne(&rs[0], at)
	}
	ops := make([]op, 0, len(rs))
	for i := range rs {
		r := &reportOp{receipt: rs[i], at: at}
		if err := r.prefetch(s); err != nil {
			return err
		}
		ops = append(ops, r)
	}
	return s.commitAll(ops)
}

func (s *Store) reportOne(receipt *message.Receipt, at message.Time) error {
	r, err := s.prepareReport(receipt, at)
	if err != nil {
		return err
	}
	if err := s.commit(r); err != nil { // the engine may hold r for ever
		return err
	}
	s.reclaimReport(r)
	return nil
}

// SubmitReport is Report for one receipt and a caller who does not wait: c is
// told what became of it. After an error c is told nothing.
func (s *Store) SubmitReport(receipt *message.Receipt, at message.Time, c message.Completion) error {
	r, err := s.prepareReport(receipt, at)
	if err != nil {
		return err
	}
	_, err = s.queue.put(entry{op: r, completion: c, width: 1})
	return err
}

// prepareReport makes the operation that folds a receipt.
func (s *Store) prepareReport(receipt *message.Receipt, at message.Time) (*reportOp, error) {
	r := s.reports.Get().(*reportOp)
	*r = reportOp{receipt: *receipt, at: at, key: r.key}
	if err := r.prefetch(s); err != nil {
		return nil, err
	}
	return r, nil
}

// reclaimReport takes back an operation that is durable.
func (s *Store) reclaimReport(r *reportOp) {
	*r = reportOp{key: r.key}
	s.reports.Put(r)
}

// reportOp folds a receipt.
type reportOp struct {
	receipt message.Receipt
	at      message.Time
	// outbound and attempt are what the receipt is about, where the caller
	// could tell. A provider's id may become known between its look and apply.
	outbound *message.Outbound
	attempt  int
	key      []byte // scratch
}

// prefetch looks the message up in the caller's goroutine.
func (r *reportOp) prefetch(s *Store) error {
	if err := s.reading.enter(); err != nil {
		return err
	}
	defer s.reading.leave()
	t, ok := r.named()
	if !ok {
		t, ok = s.targets.get(r.lane(), r.receipt.ProviderID)
	}
	if !ok {
		found, err := s.target(&t, r.providerKey(0))
		if err != nil || !found {
			return err
		}
	}
	o, err := s.shared(t.workspace, t.id)
	if errors.Is(err, message.ErrNotFound) {
		return nil
	}
	r.outbound, r.attempt = o, t.attempt
	return err
}

// target reads the row of a provider's id.
func (s *Store) target(t *target, key []byte) (found bool, err error) {
	v, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read row: %w", markCorrupt(err))
	}
	if err := decodeTarget(t, string(v)); err != nil {
		return false, errors.Join(ErrCorrupt, err, closer.Close())
	}
	return true, closer.Close()
}

// named returns the attempt that the receipt's Ref names.
func (r *reportOp) named() (t target, ok bool) {
	t.workspace, t.id, t.attempt, ok = message.ParseAttemptRef(r.receipt.Ref)
	return t, ok
}

// providerKey returns the key of the receipt's provider id, ago periods back.
func (r *reportOp) providerKey(ago uint32) []byte {
	period := periodOf(r.at)
	r.key = appendProviderKey(r.key[:0], period-min(ago, period), r.lane(), r.receipt.ProviderID)
	return r.key
}

func (r *reportOp) lane() message.Lane {
	return message.Lane{Channel: r.receipt.Channel, Test: r.receipt.Test}
}

func (r *reportOp) apply(t *txn) error {
	t.tick(r.at)
	if r.outbound == nil {
		r.find(t)
	}
	if r.outbound == nil {
		t.shelve(r)
		return nil
	}
	r.outbound = t.erased.current(r.outbound)
	s := t.state(r.outbound)
	if s == nil || !r.fits(s) {
		return nil
	}
	t.foldInto(r.outbound, s, factOf(&r.receipt, r.attempt, r.at))
	return nil
}

// find looks the provider's id up among the rows as they are now.
func (r *reportOp) find(t *txn) {
	if r.receipt.ProviderID == "" {
		return
	}
	for ago := range uint32(2) {
		value, ok := t.get(r.providerKey(ago))
		if !ok {
			continue
		}
		var found target
		if err := decodeTarget(&found, string(value)); err != nil {
			t.fail(errors.Join(ErrCorrupt, err))
			return
		}
		r.outbound, r.attempt = t.outbound(found.workspace, found.id), found.attempt
		return
	}
}

// fits reports whether the attempt went the way that the receipt came: what
// the sandbox reports says nothing about a live message.
func (r *reportOp) fits(s *message.State) bool {
	if r.attempt >= len(s.Attempts) {
		return false
	}
	return r.outbound.Lane(s.Attempts[r.attempt].Step) == r.lane()
}

// factOf makes the Fact of a receipt.
func factOf(r *message.Receipt, attempt int, at message.Time) message.Fact {
	f := message.Fact{
		Kind: message.Reported, At: at, Attempt: attempt, Status: r.Status,
		ReportedAt: r.At, Failure: r.Failure, RetryAfter: r.RetryAfter,
	}
	if r.Status == message.Failed && r.Failure == nil {
		f.Failure = &message.Failure{Code: "provider_error", Class: message.Provider, Permanent: true}
	}
	return f
}
