package store

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// health is what the engine has said about the disk.
type health struct {
	stalls atomic.Int32 // write stalls that go on
	slowAt atomic.Int64 // Unix nanoseconds of the last slow call on the log
	// logged is when the engine's background errors were last logged; the
	// engine retries them in a hot loop.
	logged atomic.Int64
}

const (
	// slowFor is how long a slow call to the disk counts.
	slowFor = 3 * time.Second
	// logEvery is how often the same kind of trouble is logged.
	logEvery = time.Second
)

// Stalled reports whether the disk doesn't keep up: what is written now would
// wait.
func (s *Store) Stalled() bool {
	if s.health.stalls.Load() > 0 {
		return true
	}
	at := s.health.slowAt.Load()
	return at != 0 && time.Since(time.Unix(0, at)) < slowFor
}

// listener is what the engine tells its events to.
func (s *Store) listener() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: s.backgroundError,
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			s.poison(fmt.Errorf("%w: %s: %w", ErrCorrupt, info.Path, info.Details))
		},
		DiskSlow:        s.diskSlow,
		WriteStallBegin: func(pebble.WriteStallBeginInfo) { s.health.stalls.Add(1) },
		WriteStallEnd:   func() { s.health.stalls.Add(-1) },
	}
}

func (s *Store) backgroundError(err error) {
	now := time.Now().UnixNano()
	last := s.health.logged.Load()
	if now-last < int64(logEvery) || !s.health.logged.CompareAndSwap(last, now) {
		return
	}
	s.options.Logger.Warn("store engine has trouble in the background", "error", err)
}

func (s *Store) diskSlow(info vfs.DiskSlowInfo) {
	if strings.HasSuffix(info.Path, ".log") {
		s.health.slowAt.Store(time.Now().UnixNano())
	}
	if info.Duration >= s.options.StallLimit {
		s.poison(fmt.Errorf("disk stalled: %s has taken %s", info.OpType, info.Duration))
	}
}

// engineLogger takes what the engine has to say. Only the fatal matters here:
// the rest comes through the listener.
type engineLogger struct{ store *Store }

func (engineLogger) Infof(string, ...any) {}

func (l engineLogger) Errorf(format string, args ...any) {
	l.store.options.Logger.Debug("store engine", "detail", fmt.Sprintf(format, args...))
}

// Fatalf does not return, as the engine expects: its state is broken, and it
// may hold locks. The goroutine is parked until OnPoison has ended the process.
func (l engineLogger) Fatalf(format string, args ...any) {
	l.store.poison(fmt.Errorf("engine: "+format, args...))
	select {}
}
