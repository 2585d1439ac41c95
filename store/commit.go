package store

import (
	"fmt"
	"runtime"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// commit hands o to the committer and returns when it is durable, with what
// its apply said. After ErrPoisoned the engine may hold o for ever: the caller
// must not reuse it.
//
//	caller     put ──▶ queue                                    ┌──▶ returns
//	committer           └──▶ apply ─▶ write ─▶ sync ─▶ tell ─▶ answer
//
// While one record syncs, the callers fill the next. A committer that builds
// the next record during the sync was tried: its records are smaller, so it
// syncs more often, and costs half as much again per message.
func (s *Store) commit(o op) error {
	w, err := s.submit(o, 0)
	if err != nil {
		return err
	}
	return s.await(w)
}

// commitAll is commit for operations that need not be of one record.
func (s *Store) commitAll(ops []op) error {
	waiters := make([]*waiter, 0, len(ops))
	var refused error
	for _, o := range ops {
		w, err := s.submit(o, 0)
		if err != nil {
			refused = err
			break
		}
		waiters = append(waiters, w)
	}
	return s.awaitAll(waiters, refused)
}

// awaitAll returns when all operations are durable, with the first error:
// refused, or one of theirs.
func (s *Store) awaitAll(waiters []*waiter, refused error) error {
	for _, w := range waiters {
		if err := s.await(w); refused == nil {
			refused = err
		}
	}
	return refused
}

// submit leaves o in the queue. Its waiter goes to await.
func (s *Store) submit(o op, size int) (*waiter, error) { return s.submitWide(o, size, 1) }

// submitWide is submit for an operation that takes several positions.
func (s *Store) submitWide(o op, size, width int) (*waiter, error) {
	w := s.waiters.Get().(*waiter)
	if _, err := s.queue.put(entry{op: o, waiter: w, size: size, width: width}); err != nil {
		s.waiters.Put(w)
		return nil, err
	}
	return w, nil
}

// await returns when the operation of w is durable.
func (s *Store) await(w *waiter) error {
	<-w.done
	err := w.err
	s.waiters.Put(w)
	return err
}

// commitLoop is the committer: the one goroutine that writes rows.
//
// Invariant (I4): nobody hears of a record before its sync, nor of any record
// after a failed one.
func (s *Store) commitLoop() {
	defer close(s.committed)
	next := s.records[1]
	for {
		r := s.queue.take(next)
		if r == nil || s.latch.err() != nil {
			return
		}
		start := time.Now()
		took, err := s.write(r)
		if err != nil {
			s.poison(err)
			return
		}
		if !s.queue.claim(r) { // the latch has tripped and answered
			return
		}
		s.tell(r, took)
		r.answer(&s.piles, nil)
		s.reclaim(r)
		ops := len(r.entries)
		s.queue.recycle(r)
		next = r
		s.gather(ops, start)
	}
}

// busyOps is the size of a record from which on the log counts as busy.
// busyInterval is how far apart its records then begin, unless there are
// plentyOps before. From pacedOps on those who write tables give way.
const (
	pacedOps     = 8
	busyOps      = 32
	busyInterval = 2 * time.Millisecond
	plentyOps    = 96
)

// gather lets callers fill the next record: a sync costs as much CPU as some
// ten messages, however many it carries. A log that is not busy waits for
// nobody, and one whose callers have come in number has no reason to wait.
func (s *Store) gather(last int, began time.Time) {
	runtime.Gosched() // who was just answered may have more
	if last >= pacedOps {
		s.pace.busy(began)
	}
	if last < busyOps {
		return
	}
	if wait := busyInterval - time.Since(began); wait > 0 {
		s.rest.Reset(wait)
		select {
		case <-s.queue.plenty:
		case <-s.rest.C:
		}
	}
}

// write applies the operations of r and makes them durable. It returns how
// long the sync took.
func (s *Store) write(r *record) (sync time.Duration, err error) {
	t := &r.txn
	t.begin()
	if t.head.sequence != r.sequence { // ids have been promised
		return 0, fmt.Errorf("BUG: record %d is written as %d", r.sequence, t.head.sequence)
	}
	index := 0
	for i := range r.entries {
		e := &r.entries[i]
		e.err = t.run(e.op, index)
		index += e.width
	}
	t.putAdmitted()
	t.writeHead()
	if t.err != nil {
		return 0, t.err
	}
	r.mark = t.head.mark
	// Apply would end the process on an error; these two return it.
	start := time.Now()
	if err := s.db.ApplyNoSyncWait(t.batch, pebble.Sync); err != nil {
		return 0, fmt.Errorf("write log: %w", err)
	}
	if err := t.batch.SyncWait(); err != nil {
		return 0, fmt.Errorf("sync log: %w", err)
	}
	return time.Since(start), nil
}

// tell publishes what r has made durable, in log order.
func (s *Store) tell(r *record, sync time.Duration) {
	s.durable.advance(r.mark)
	h := s.hooks.Load()
	if h.Committed != nil {
		h.Committed(len(r.entries), sync)
	}
	if h.Feed != nil {
		for i := range r.txn.fed {
			f := &r.txn.fed[i]
			h.Feed(f.lane.Lane, f.shard, f.job)
		}
	}
	if h.Observe != nil {
		for i := range r.txn.events {
			h.Observe(r.txn.events[i])
		}
	}
	s.timers.armed(r.txn.earliest)
	if r.txn.reopened {
		s.eraser.rouse()
	}
}
