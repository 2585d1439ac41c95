package store

import (
	"sync/atomic"
	"time"
)

// pace decides whether those who write tables give way.
type pace struct {
	busyAt atomic.Int64 // Unix nanoseconds of the last record of pacedOps or more
	looked atomic.Int64 // Unix nanoseconds of the last look at the engine
	urgent atomic.Bool  // what it has shown
	// pressed looks whether the engine waits for tables. It is called only
	// after busy.
	pressed func() bool
}

const (
	// busyFor is how long such a record counts.
	busyFor = 50 * time.Millisecond
	// lookEvery is how often the engine is asked for what waits.
	lookEvery = 100 * time.Millisecond
	// urgentMemtables, in bytes, is more than what is being filled and what is
	// being flushed; urgentSublevels is a third of where the engine stops.
	urgentMemtables = memtableSize * 5 / 2
	urgentSublevels = 8
)

// busy notes a record of pacedOps or more.
func (p *pace) busy(now time.Time) { p.busyAt.Store(now.UnixNano()) }

// givesWay reports whether a writer of tables is to rest: others have work for
// the CPU, and nothing waits for its tables.
func (p *pace) givesWay(now time.Time) bool {
	return now.UnixNano()-p.busyAt.Load() < int64(busyFor) && !p.isUrgent(now)
}

func (p *pace) isUrgent(now time.Time) bool {
	last := p.looked.Load()
	if now.UnixNano()-last >= int64(lookEvery) && p.looked.CompareAndSwap(last, now.UnixNano()) {
		p.urgent.Store(p.pressed())
	}
	return p.urgent.Load()
}

// pressed reports whether more is waiting to become a table, or to be merged,
// than a pace with rests may get done before the engine stops all writes.
func (s *Store) pressed() bool {
	m := s.db.Metrics()
	return m.MemTable.Size >= urgentMemtables || m.Levels[0].Sublevels >= urgentSublevels
}
