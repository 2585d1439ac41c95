package store

import (
	"errors"

	"messagehub/store/message"
)

const (
	// batchChunk is how many messages of a batch one operation adds.
	batchChunk = 1000
	// MaxBatch is the most messages that a batch can have.
	MaxBatch = 10_000
)

var errBatchTooLarge = errors.New("batch has too many messages")

// Routes of the idempotency rows that stand for a reference.
const (
	referenceRoute     = "reference"
	testReferenceRoute = "reference/test"
)

// batchEntry is a batch on its way into the log. The committer writes the ids
// of the messages into items.
type batchEntry struct {
	store   *Store
	batch   message.Batch
	salt    uint64
	accepts []*acceptOp
	places  []int // of accepts, in batch.Items
	size    int
	// promise is the batch's own idempotency key, if it has one.
	promise acceptOp
	err     error // why the whole batch is refused
}

// NewBatch begins a batch of a workspace. salt is 44 random bits for its id.
func (s *Store) NewBatch(ws message.WorkspaceID, test bool, at message.Time, salt uint64) message.BatchEntry {
	return &batchEntry{store: s, batch: message.Batch{Workspace: ws, Test: test, CreatedAt: at}, salt: salt}
}

// Add implements [message.BatchEntry].
func (b *batchEntry) Add(o *message.Outbound, dedupe bool) error {
	if len(b.batch.Items) == MaxBatch {
		return errBatchTooLarge
	}
	var key message.Idempotency
	if dedupe && o.Reference != "" {
		key = message.Idempotency{Route: referenceRoute, Key: o.Reference, At: o.CreatedAt}
		if o.Test {
			key.Route = testReferenceRoute
		}
	}
	a := b.store.accepts.Get().(*acceptOp)
	if err := a.prepare(b.store, o, &key); err != nil {
		b.store.accepts.Put(a)
		return err
	}
	b.places = append(b.places, len(b.batch.Items))
	b.accepts = append(b.accepts, a)
	b.size += len(a.row)
	b.batch.Items = append(b.batch.Items, message.BatchItem{})
	return nil
}

// Reject implements [message.BatchEntry].
func (b *batchEntry) Reject(reason string) {
	b.batch.Items = append(b.batch.Items, message.BatchItem{Kind: message.BatchRejected, Error: reason})
}

// Commit implements [message.BatchEntry]. Errors are those of [Store.Await].
func (b *batchEntry) Commit(key message.Idempotency) (message.Batch, error) {
	s := b.store
	if err := s.admits(); err != nil {
		return message.Batch{}, err
	}
	b.promise.prepareKey(b.batch.Workspace, &key)
	if err := s.awaitAll(b.submit()); err != nil {
		return message.Batch{}, err
	}
	if b.err != nil {
		return message.Batch{}, b.err
	}
	for _, a := range b.accepts {
		if cap(a.row) <= maxPooledRow {
			s.accepts.Put(a)
		}
	}
	if !b.batch.Replayed {
		return b.batch, nil
	}
	first, err := s.Batch(b.batch.Workspace, b.batch.ID)
	first.Replayed = true
	return first, err
}

// submit queues the batch in chunks, the last of which writes its row.
func (b *batchEntry) submit() ([]*waiter, error) {
	var waiters []*waiter
	for from := 0; ; from += batchChunk {
		to := min(from+batchChunk, len(b.accepts))
		o := &batchOp{batchEntry: b, from: from, to: to, last: to == len(b.accepts)}
		w, err := b.store.submitWide(o, b.size/(1+len(b.accepts)/batchChunk), o.width())
		if err != nil {
			return waiters, err
		}
		waiters = append(waiters, w)
		if o.last {
			return waiters, nil
		}
	}
}

// batchOp adds one chunk of a batch.
type batchOp struct {
	*batchEntry
	from, to int
	last     bool
}

// width is how many positions the chunk takes: one for each message, and one
// for the batch.
func (o *batchOp) width() int { return o.to - o.from + 1 }

func (o *batchOp) apply(t *txn) error {
	t.tick(o.batch.CreatedAt)
	if o.from == 0 && len(o.promise.key) > 0 {
		if found, err := o.promise.replay(t); found || err != nil {
			o.batch.ID, o.batch.Replayed, o.err = o.promise.acceptance.ID, found, err
		}
	}
	if o.batch.Replayed || o.err != nil {
		return o.err
	}
	for i, a := range o.accepts[o.from:o.to] {
		if err := a.apply(t); err != nil {
			return err
		}
		o.note(&o.batch.Items[o.places[o.from+i]], a)
		t.index++
	}
	if o.last {
		o.conclude(t)
	}
	return nil
}

func (o *batchOp) note(item *message.BatchItem, a *acceptOp) {
	item.Kind, item.ID, item.Status = message.BatchAccepted, a.acceptance.ID, a.acceptance.Status
	if a.acceptance.Replayed {
		item.Kind = message.BatchDuplicate
	}
}

// conclude writes the row of the batch, and its idempotency key's.
func (o *batchOp) conclude(t *txn) {
	o.batch.ID = message.NewID(t.position(), o.salt)
	if len(o.promise.key) > 0 {
		o.promise.remember(t, o.batch.ID)
	}
	t.key = appendRowKey(t.key[:0], prefixBatch, o.batch.Workspace, o.batch.ID)
	t.row = appendBatch(t.row[:0], &o.batch)
	key, value := t.put(len(t.key), len(t.row))
	copy(key, t.key)
	copy(value, t.row)
}

// Batch returns a batch of the workspace, or message.ErrNotFound.
//
// Guarantee: what it shows is durable.
func (s *Store) Batch(ws message.WorkspaceID, id message.ID) (message.Batch, error) {
	b, err := s.readBatch(ws, id)
	if err == nil && !s.durable.holds(id.Position()) {
		err = s.commit(barrier{})
	}
	return b, err
}

func (s *Store) readBatch(ws message.WorkspaceID, id message.ID) (message.Batch, error) {
	if err := s.reading.enter(); err != nil {
		return message.Batch{}, err
	}
	defer s.reading.leave()
	value, ok, err := s.row(appendRowKey(nil, prefixBatch, ws, id))
	if err != nil {
		return message.Batch{}, err
	}
	if !ok {
		return message.Batch{}, message.ErrNotFound
	}
	b := message.Batch{ID: id, Workspace: ws}
	if err := decodeBatch(&b, value); err != nil {
		return message.Batch{}, errors.Join(ErrCorrupt, err)
	}
	return b, nil
}

// BatchStatuses counts the statuses of the batch's accepted messages. Those
// that retention has removed are not counted.
func (s *Store) BatchStatuses(b *message.Batch) (map[message.Status]int, error) {
	counts := make(map[message.Status]int)
	for i := range b.Items {
		if b.Items[i].Kind != message.BatchAccepted {
			continue
		}
		_, state, err := s.Message(b.Workspace, b.Items[i].ID)
		if errors.Is(err, message.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		counts[state.Status]++
	}
	return counts, nil
}
