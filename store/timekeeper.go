package store

import (
	"errors"
	"math"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

const (
	// maxFired bounds the timers that go into the queue at once.
	maxFired = 1024
	// longestSleep bounds a sleep, so that a wall clock that was set forward
	// is noticed.
	longestSleep = time.Minute
	horizon      = message.Time(longestSleep / time.Millisecond)
	// retryTimers is how long the timekeeper waits after a read that failed.
	retryTimers = time.Second

	never = message.Time(math.MaxInt64)
)

// timekeeper makes facts of the timers that have run out. It sleeps until the
// first one is due.
type timekeeper struct {
	store *Store
	mu    sync.Mutex
	// first is a moment before which no timer is due: where the next scan
	// begins, past the rows of timers that are gone. Protected by mu.
	first message.Time
	// earlier tells run that first has moved forward. Capacity 1.
	earlier chan struct{}
	begun   bool
	quit    chan struct{}
	done    chan struct{}
}

func newTimekeeper(s *Store) *timekeeper {
	return &timekeeper{
		store: s, earlier: make(chan struct{}, 1),
		quit: make(chan struct{}), done: make(chan struct{}),
	}
}

// start begins to fire. stop ends it and waits.
func (k *timekeeper) start() {
	k.begun = true
	go k.run()
}

func (k *timekeeper) stop() {
	close(k.quit)
	if k.begun {
		<-k.done
	}
}

// armed notes a timer that has become durable; 0 is none.
func (k *timekeeper) armed(at message.Time) {
	if at == 0 {
		return
	}
	k.mu.Lock()
	earlier := at < k.first
	if earlier {
		k.first = at
	}
	k.mu.Unlock()
	if earlier {
		select {
		case k.earlier <- struct{}{}:
		default: // it has been told already
		}
	}
}

func (k *timekeeper) run() {
	defer close(k.done)
	clock := time.NewTimer(0)
	defer clock.Stop()
	for {
		select {
		case <-k.quit:
			return
		case <-clock.C:
		case <-k.earlier:
		}
		sleep, err := k.fire()
		if errors.Is(err, message.ErrUnavailable) {
			return
		}
		if err != nil {
			k.store.options.Logger.Error("read timers", "error", err)
			sleep = retryTimers
		}
		clock.Reset(sleep)
	}
}

// fire folds all timers that are due, and returns how long to sleep then.
func (k *timekeeper) fire() (time.Duration, error) {
	for {
		from := k.exchange(never)
		now := message.TimeOf(k.store.options.Now())
		due, next, err := k.store.dueTimers(from, now)
		if err == nil {
			err = k.store.commitAll(due)
		}
		if err != nil {
			next = from
		}
		k.remember(next)
		if err != nil || next > now {
			return max(0, min(next, now+horizon).Sub(now)), err
		}
	}
}

// exchange replaces first, before a scan: what is armed from now on may be
// missing in it.
func (k *timekeeper) exchange(first message.Time) message.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	was := k.first
	k.first = first
	return was
}

// remember is armed for what a scan has found.
func (k *timekeeper) remember(next message.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.first = min(k.first, next)
}

// dueTimers returns the operations of the timers that are due, at most
// maxFired, and when the next one is; never, if there is none.
func (s *Store) dueTimers(from, now message.Time) (due []op, next message.Time, err error) {
	rows, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: appendTimerHead(nil, from, 0),
		UpperBound: successor([]byte{prefixTimer}),
	})
	if err != nil {
		return nil, from, err
	}
	defer func() { err = errors.Join(err, rows.Error(), rows.Close()) }()
	for ok := rows.First(); ok; ok = rows.Next() {
		at := timeOfTimer(rows.Key())
		if at > now || len(due) == maxFired {
			return due, at, nil
		}
		o, err := s.timerOp(rows.Key(), now)
		if err != nil {
			return nil, from, err
		}
		due = append(due, o)
	}
	return due, never, nil
}
