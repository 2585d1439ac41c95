package store

import (
	"strconv"
	"sync"
	"time"

	"messagehub/store/message"
)

const (
	// auditRoom is how many entries wait at most.
	auditRoom = 1024
	// auditEvery is the time between two writes: with auditRoom it bounds how
	// fast strangers can fill the log.
	auditEvery = 250 * time.Millisecond
)

// auditQueue holds the entries of AuditLater until they are written.
type auditQueue struct {
	// write appends entries to the audit log, durably.
	write      func([]message.AuditEntry) error
	stop, done chan struct{}
	wake       chan struct{} // capacity 1

	mu struct {
		sync.Mutex
		waiting []message.AuditEntry
		dropped uint64
	}
}

func newAuditQueue(write func([]message.AuditEntry) error) *auditQueue {
	return &auditQueue{
		write: write,
		stop:  make(chan struct{}),
		done:  make(chan struct{}),
		wake:  make(chan struct{}, 1),
	}
}

// add leaves an entry to be written. It never blocks.
func (q *auditQueue) add(e message.AuditEntry) {
	q.mu.Lock()
	if len(q.mu.waiting) < auditRoom {
		q.mu.waiting = append(q.mu.waiting, e)
	} else {
		q.mu.dropped++
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run writes what waits, until close or until a write fails: then the store
// is poisoned or closed, and the rest is lost with the process.
func (q *auditQueue) run() {
	defer close(q.done)
	for {
		select {
		case <-q.wake:
		case <-q.stop:
			q.flush()
			return
		}
		if !q.flush() {
			return
		}
		select {
		case <-time.After(auditEvery):
		case <-q.stop:
			q.flush()
			return
		}
	}
}

// close writes what waits, and ends run.
func (q *auditQueue) close() {
	close(q.stop)
	<-q.done
}

// flush writes everything that waits. It reports whether the log still takes
// entries.
func (q *auditQueue) flush() bool {
	entries := q.take()
	return len(entries) == 0 || q.write(entries) == nil
}

// take returns what waits, and behind it how many there was no room for.
func (q *auditQueue) take() []message.AuditEntry {
	q.mu.Lock()
	defer q.mu.Unlock()
	entries, dropped := q.mu.waiting, q.mu.dropped
	q.mu.waiting, q.mu.dropped = nil, 0
	if dropped > 0 {
		entries = append(entries, message.AuditEntry{
			At:     entries[len(entries)-1].At,
			Actor:  "system",
			Action: "audit.dropped",
			Object: strconv.FormatUint(dropped, 10),
		})
	}
	return entries
}
