package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

// Store is the durable log and the rows that it folds into. Its methods can be
// called by any goroutine.
type Store struct {
	options Options
	db      *pebble.DB
	engine  engine
	health  health
	pace    pace
	lanes   *lanes
	names   names

	queue     *queue
	rest      *time.Timer   // the committer's
	records   [2]*record    // the one being filled, and the other one
	committed chan struct{} // closed when the committer has ended
	waiters   sync.Pool     // of *waiter
	folds     sync.Pool     // of *foldOp
	reports   sync.Pool     // of *reportOp
	accepts   sync.Pool     // of *acceptOp
	piles     piles
	recent    outbounds
	targets   *targets

	latch   latch
	durable durable
	hooks   atomic.Pointer[Hooks]
	started atomic.Bool
	timers  *timekeeper
	disk    *diskWatch
	keeper  *keeper
	audits  *auditQueue
	eraser  *eraser
	closing sync.Once
	reading gate
}

// Hooks are told what has become durable, in log order, by one goroutine. They
// must not block and must not wait for the store. Any may be nil.
type Hooks struct {
	// Feed hands a job to a shard's mailbox.
	// Guarantee (I1): the job is committed, and jobs come in log order.
	Feed func(lane message.Lane, shard int, job message.Job)
	// Observe is told every public event.
	Observe func(message.Event)
	// Committed is told how many operations a record had, and how long its
	// sync took.
	Committed func(ops int, sync time.Duration)
}

// Open opens the store in dir, or makes one there. Rows can be read and
// managed at once; Accept works after Start.
func Open(dir string, o Options) (*Store, error) {
	o = o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := newStore(o)
	dir = canonical(o.FS, dir)
	a, err := s.open(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store in %s: %w", dir, err), s.engine.close())
	}
	s.timers = newTimekeeper(s)
	s.eraser = newEraser(s, dir)
	s.disk = newDiskWatch(s, dir)
	go s.commitLoop()
	if err := s.watch(dir, a); err != nil {
		return nil, errors.Join(fmt.Errorf("open store in %s: %w", dir, err), s.Close())
	}
	return s, nil
}

// newStore makes a store that has opened nothing yet.
func newStore(o Options) *Store {
	s := &Store{
		options:   o,
		committed: make(chan struct{}),
		latch:     latch{tripped: make(chan struct{})},
	}
	s.waiters.New = func() any { return &waiter{done: make(chan struct{}, 1)} }
	s.folds.New = func() any { return new(foldOp) }
	s.reports.New = func() any { return new(reportOp) }
	s.accepts.New = func() any { return new(acceptOp) }
	s.hooks.Store(&Hooks{})
	s.makeRecords()
	return s
}

// open brings the rows up. What it has opened is in s.engine, error or not.
func (s *Store) open(dir string) (*admission, error) {
	if err := s.lockDir(dir); err != nil {
		return nil, err
	}
	a, err := s.admit(dir)
	if err != nil {
		return nil, err
	}
	if err := s.openEngine(dir); err != nil {
		return nil, err
	}
	h, err := s.readBasis()
	if err != nil {
		return nil, err
	}
	h.sequence = max(h.sequence, a.floor())
	s.durable.advance(h.mark)
	return a, s.equipRecords(h)
}

// makeRecords makes the two records that circulate between queue and committer.
func (s *Store) makeRecords() {
	s.records = [...]*record{new(record), new(record)}
	s.queue = newQueue(s.records[0])
	s.rest = time.NewTimer(0)
}

// equipRecords makes the records ready to write. They share the head of the
// log, which only the committer touches.
func (s *Store) equipRecords(h head) error {
	states, early, optOuts, erased := newStates(), newEarly(), new(optOuts), erased{}
	s.targets = newTargets()
	s.queue.sequence = h.sequence + 1
	for _, r := range s.records {
		batch := s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(2 * maxRecordBytes))
		r.txn = txn{db: s.db, batch: batch, head: &h, lanes: s.lanes, names: &s.names, states: states, targets: s.targets, early: early, optOuts: optOuts, erased: erased}
	}
	return countRare(s.db, early, optOuts)
}

// countRare counts the rows that are hardly ever there when they are asked for.
func countRare(db pebble.Reader, early *early, out *optOuts) error {
	err := eachRow(db, []byte{prefixOrphan}, func(key, _ []byte) error {
		*early.count(key)++
		return nil
	})
	if err != nil {
		return err
	}
	return eachRow(db, []byte{prefixContact, contactOptOut}, func(key, _ []byte) error {
		if len(key) != contactOwner+hashSize {
			return fmt.Errorf("%w: opt-out", ErrBadRow)
		}
		out.add(key, 1)
		return nil
	})
}

// Start begins to feed jobs and events to h, to fire timers and to take
// messages. It is called once, after whoever h speaks to has been made.
func (s *Store) Start(h Hooks) {
	s.hooks.Store(&h)
	s.disk.start()
	s.timers.start()
	s.eraser.start()
	s.started.Store(true)
}

// Close commits what is queued and closes the store. Operations that come
// later are refused with ErrClosed. Of a poisoned store it leaves the files as
// they are.
func (s *Store) Close() error {
	err := ErrClosed
	s.closing.Do(func() { err = s.close() })
	return err
}

func (s *Store) close() error {
	s.started.Store(false)
	s.timers.stop()
	s.eraser.halt()
	s.disk.stop()
	s.audits.close()
	s.queue.close(ErrClosed)
	select {
	case <-s.committed:
	case <-s.latch.tripped:
	}
	s.keeper.halt()
	if err := s.Healthy(); err != nil {
		return err
	}
	<-s.keeper.done
	s.reading.close()
	return s.seal()
}

// Shards returns how many shards each lane has.
func (s *Store) Shards() int { return s.options.Shards }
