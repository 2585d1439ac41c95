package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrLocked: another process has the directory open.
var ErrLocked = errors.New("store is in use by another process")

// engine is what is open of Pebble, in the order of closing.
type engine struct {
	db     *pebble.DB
	lock   *pebble.Lock
	health io.Closer
}

func (e *engine) close() error {
	var faults []error
	if e.db != nil {
		faults = append(faults, e.db.Close())
	}
	if e.lock != nil {
		faults = append(faults, e.lock.Close())
	}
	if e.health != nil {
		faults = append(faults, e.health.Close())
	}
	*e = engine{}
	return errors.Join(faults...)
}

// closeDB closes Pebble alone; the directory stays locked.
func (e *engine) closeDB() error {
	db := e.db
	e.db = nil
	return db.Close()
}

// lockDir takes the lock of dir, making dir if need be.
func (s *Store) lockDir(dir string) error {
	if err := s.options.FS.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	lock, err := pebble.LockDirectory(dir, s.options.FS)
	if err != nil {
		return lockError(err)
	}
	s.engine.lock = lock
	return nil
}

// lockError tells a lock that somebody has from one that can't be taken.
func lockError(err error) error {
	taken := errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES)
	var file *fs.PathError // about the lock's file, not its lock
	if (taken && !errors.As(err, &file)) || strings.Contains(err.Error(), "lock held") {
		return ErrLocked
	}
	return fmt.Errorf("lock directory: %w", err)
}

// openEngine opens Pebble in dir, which is locked.
func (s *Store) openEngine(dir string) error {
	o := s.engineOptions()
	if o.FS == vfs.Default {
		o.FS, s.engine.health = vfs.WithDiskHealthChecks(o.FS, slowDisk, nil, s.diskSlow)
	}
	s.pace.pressed = s.pressed
	o.FS = paced{ordered{o.FS}, &s.pace}
	db, err := pebble.Open(dir, o)
	if err != nil {
		return markCorrupt(err)
	}
	s.db, s.engine.db = db, db
	return nil
}

const (
	// memtableSize is how much is sorted in memory before it becomes a table.
	// A pending row that is gone by then never reaches a table.
	memtableSize = 64 << 20
	// slowDisk is how long one call to the disk may take before it is slow.
	slowDisk = time.Second
)

// engineOptions are Pebble's options for rows that are written once, read
// soon or never, and removed in ranges.
func (s *Store) engineOptions() *pebble.Options {
	o := &pebble.Options{
		FS:   s.options.FS,
		Lock: s.engine.lock,
		// The default is an old format that drops everything behind a flipped
		// bit of the log without an error.
		FormatMajorVersion: pebble.FormatNewest,
		Logger:             engineLogger{s},
		EventListener:      s.listener(),
		// The engine takes what it sorts in memory off its cache: two of them, in
		// the long run.
		CacheSize:                   s.options.CacheSize + 2*memtableSize,
		MemTableSize:                memtableSize,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		LBaseMaxBytes:               memtableSize,
		MaxOpenFiles:                4096,
		// The superblock's keeper reads the manifest whole, and an erasure waits for
		// a new one. One is written once the changes outnumber the tables.
		MaxManifestFileSize:        1,
		BytesPerSync:               1 << 20,
		CompactionConcurrencyRange: func() (lower, upper int) { return 1, 2 },
	}
	// Fresh rows are read soon: the first levels are kept plain.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	for i := range o.Levels {
		o.Levels[i].BlockSize = 16 << 10
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}
