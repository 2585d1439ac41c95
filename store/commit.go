package store

import (
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// inFlight is how many records may be between the queue and their sync: one is
// built and applied while another one syncs.
const inFlight = 2

// commit hands o to the committer and returns when it is durable, with what
// its apply said. After ErrPoisoned the engine may hold o for ever: the caller
// must not reuse it.
//
//	caller    put ───▶ queue (one record)                      ┌──▶ returns
//	committer           take ─▶ apply ops ─▶ write             │
//	settler                                  sync ─▶ feed jobs, events, answer
func (s *Store) commit(o op) error { return s.commitSized(o, 0) }

func (s *Store) commitSized(o op, size int) error {
	w, err := s.submit(o, size)
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
	for _, w := range waiters {
		if err := s.await(w); refused == nil {
			refused = err
		}
	}
	return refused
}

// submit leaves o in the queue. Its waiter goes to await.
func (s *Store) submit(o op, size int) (*waiter, error) {
	w := s.waiters.Get().(*waiter)
	if err := s.queue.put(entry{op: o, waiter: w, size: size}); err != nil {
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
func (s *Store) commitLoop() {
	defer close(s.settling)
	for next := range s.spare {
		r := s.queue.take(next)
		if r == nil || s.latch.err() != nil {
			return
		}
		if err := s.write(r); err != nil {
			s.poison(err)
			return
		}
		s.settling <- r
	}
}

// write applies the operations of r, and starts the sync of what they wrote.
func (s *Store) write(r *record) error {
	t := &r.txn
	t.begin()
	for i := range r.entries {
		e := &r.entries[i]
		e.err = t.run(e.op, i)
	}
	t.writeHead()
	if t.err != nil {
		return t.err
	}
	r.mark = t.head.mark
	if err := s.db.ApplyNoSyncWait(t.batch, pebble.Sync); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

// settleLoop is the settler: it waits for the syncs in log order, and tells
// everybody what has become durable.
//
// Invariant (I4): nobody hears of a record before its sync, nor of any record
// after a failed one.
func (s *Store) settleLoop() {
	defer close(s.settled)
	defer close(s.spare)
	for r := range s.settling {
		start := time.Now()
		if err := r.txn.batch.SyncWait(); err != nil {
			s.poison(fmt.Errorf("sync log: %w", err))
			return
		}
		if !s.queue.claim(r) { // the latch has tripped and answered
			return
		}
		s.tell(r, time.Since(start))
		r.answer(nil)
		s.queue.recycle(r)
		s.spare <- r
	}
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
}
