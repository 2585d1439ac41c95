package store

import (
	"errors"
	"fmt"
	"sync/atomic"

	"messagehub/store/message"
)

// Why the log takes nothing. Each is message.ErrUnavailable.
var (
	// ErrPoisoned: a write or a sync has failed. Whether the operations in
	// flight are durable is not known; nothing is acknowledged any more.
	ErrPoisoned = fmt.Errorf("%w: a write has failed", message.ErrUnavailable)
	// ErrClosed: the store is closed, or closing.
	ErrClosed = fmt.Errorf("%w: it is closed", message.ErrUnavailable)
	// ErrNotStarted: Accept came before Start.
	ErrNotStarted = fmt.Errorf("%w: it has not started", message.ErrUnavailable)
	// ErrStorageLow: the disk is nearly full. Outcomes and receipts go on.
	ErrStorageLow = fmt.Errorf("%w: storage is low", message.ErrUnavailable)
	// ErrStalled: the disk doesn't keep up. Outcomes and receipts wait.
	ErrStalled = fmt.Errorf("%w: storage is stalled", message.ErrUnavailable)
)

// latch remembers the first failure of the engine, for good: a later sync that
// succeeds proves nothing about the bytes of the one that failed.
type latch struct {
	first   atomic.Pointer[error]
	tripped chan struct{} // closed with the first failure
}

// trip reports whether err is the first failure.
func (l *latch) trip(err error) bool {
	first := l.first.CompareAndSwap(nil, &err)
	if first {
		close(l.tripped)
	}
	return first
}

func (l *latch) err() error {
	if p := l.first.Load(); p != nil {
		return *p
	}
	return nil
}

// Healthy returns nil, or why the store is poisoned.
func (s *Store) Healthy() error {
	if err := s.latch.err(); err != nil {
		return errors.Join(ErrPoisoned, err)
	}
	return nil
}

// poison stops the acknowledgement of anything: callers in flight and all
// later ones get ErrPoisoned. It can be called by any goroutine, the engine's
// too, and it waits for none of them.
func (s *Store) poison(err error) {
	if !s.latch.trip(err) {
		return
	}
	s.options.Logger.Error("store is poisoned", "error", err)
	s.queue.close(ErrPoisoned)
	for _, r := range s.records {
		if s.queue.claim(r) {
			r.answer(&s.piles, ErrPoisoned)
		}
	}
	if s.options.OnPoison != nil {
		s.options.OnPoison(err)
	}
}
