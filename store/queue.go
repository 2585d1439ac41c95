package store

import (
	"sync"

	"messagehub/store/message"
)

const (
	// maxOps bounds the operations of one record, so that an index fits into a
	// Position.
	maxOps = message.MaxIndex + 1
	// maxRecordBytes is where a record takes no further operation.
	maxRecordBytes = 4 << 20
)

// waiter is where a caller parks until its operation is durable.
type waiter struct {
	done chan struct{} // capacity 1; one signal per operation
	err  error
}

// entry is an operation in the queue. Either its waiter or its completion hears
// of its end.
type entry struct {
	op         op
	waiter     *waiter
	completion message.Completion
	size       int   // of what it will write, roughly
	width      int   // how many positions it takes
	err        error // what apply said
}

// record is a batch of operations on its way to become one record of the log:
// callers fill it, the committer writes and answers it.
type record struct {
	entries  []entry
	size     int
	width    int    // of all entries
	sequence uint64 // in the log; set when the record is taken
	txn      txn
	mark     mark // the log's, when this record is its last
	// answered: the callers have their answer, from the committer or from the
	// latch, whichever came first. Protected by queue.mu.
	answered bool
}

// queue is where callers leave operations, in the order of the log. It is
// bounded by one record: who finds that full waits for room.
type queue struct {
	mu      sync.Mutex
	room    sync.Cond // signalled when filling changes
	filling *record
	// sequence is the one that filling will have in the log: records are
	// written in the order in which they are taken.
	sequence uint64
	closed   error // why it takes nothing any more
	// wake tells the committer that filling is no longer empty, or that the
	// queue is closed. Capacity 1.
	wake chan struct{}
	// plenty tells it that filling has enough operations to be worth a sync.
	// Capacity 1.
	plenty chan struct{}
}

func newQueue(first *record) *queue {
	q := &queue{filling: first, wake: make(chan struct{}, 1), plenty: make(chan struct{}, 1)}
	q.room.L = &q.mu
	return q
}

// put appends an operation and returns the place that it will have in the log.
// It waits for room.
func (q *queue) put(e entry) (message.Position, error) {
	q.mu.Lock()
	for q.closed == nil && !q.filling.fits(&e) {
		q.room.Wait()
	}
	if q.closed != nil {
		defer q.mu.Unlock()
		return 0, q.closed
	}
	r := q.filling
	p := message.At(q.sequence, r.width)
	r.entries = append(r.entries, e)
	r.size += e.size
	r.width += e.width
	n := len(r.entries)
	q.mu.Unlock()
	switch n {
	case 1:
		rouse(q.wake)
	case plentyOps:
		rouse(q.plenty)
	}
	return p, nil
}

// take waits for operations, and exchanges them for an empty record. It
// returns nil once the queue is closed and empty.
func (q *queue) take(next *record) *record {
	for {
		q.mu.Lock()
		if r := q.filling; len(r.entries) > 0 {
			q.filling, r.sequence = next, q.sequence
			q.sequence++
			select {
			case <-q.plenty: // it was about r
			default:
			}
			q.mu.Unlock()
			q.room.Broadcast()
			return r
		}
		closed := q.closed != nil
		q.mu.Unlock()
		if closed {
			return nil
		}
		<-q.wake
	}
}

// close makes put fail with err from now on. What is queued stays queued.
func (q *queue) close(err error) {
	q.mu.Lock()
	if q.closed == nil {
		q.closed = err
	}
	q.mu.Unlock()
	q.room.Broadcast()
	rouse(q.wake)
}

// rouse signals the committer.
func rouse(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // it has been told already
	}
}

// claim makes the calling goroutine the one that answers r, unless another
// one was first.
func (q *queue) claim(r *record) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	was := r.answered
	r.answered = true
	return !was
}

// fits reports whether r takes e: its positions have to fit, and the record must
// not have its size yet.
func (r *record) fits(e *entry) bool { return r.width+e.width <= maxOps && r.size < maxRecordBytes }

// answer wakes the callers, and has the completions told. failure, if not nil,
// is everybody's answer.
func (r *record) answer(all *piles, failure error) {
	var p *pile
	for i := range r.entries {
		e := &r.entries[i]
		err := failure
		if err == nil {
			err = e.err
		}
		if e.waiter == nil {
			done := completion{told: e.completion, err: err}
			if a, ok := e.op.(*acceptOp); ok && err == nil { // else the committer may still be at it
				done.acceptance = a.acceptance
			}
			p = all.add(p, done)
			continue
		}
		e.waiter.err = err
		e.waiter.done <- struct{}{}
	}
	all.tell(p)
}

// recycle empties r for the next callers. The committer calls it, after answer.
func (q *queue) recycle(r *record) {
	clear(r.entries)
	r.entries, r.size, r.width = r.entries[:0], 0, 0
	q.mu.Lock()
	r.answered = false
	q.mu.Unlock()
}
