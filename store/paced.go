package store

import (
	"bufio"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// paced has the engine write its tables in small pieces of work while the log
// is busy. Otherwise a flush takes a whole CPU for as long as it lasts: a
// goroutine that only computes goes on for up to 10 ms before the scheduler
// lets another have its place, and requests wait for that.
type paced struct {
	vfs.FS
	pace *pace
}

// What the engine says a table is written for.
const (
	flushCategory      vfs.DiskWriteCategory = "pebble-memtable-flush"
	compactionCategory vfs.DiskWriteCategory = "pebble-compaction"
)

// Create paces what a flush or a compaction writes.
func (p paced) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := p.FS.Create(name, c)
	if err != nil || c != flushCategory && c != compactionCategory {
		return f, err
	}
	return &pacedTable{File: f, buf: bufio.NewWriterSize(f, tableBuffer), pace: p.pace, resumed: time.Now()}, nil
}

// Unwrap returns the file system underneath.
func (p paced) Unwrap() vfs.FS { return p.FS }

// tableBuffer is how many bytes go to the file at once; the engine would write
// 4 KiB at a time.
const tableBuffer = 64 << 10

// pacedTable is a table that is being written. One goroutine writes it, and who
// makes its blocks waits for that one, so a rest in Write is a rest for both.
type pacedTable struct {
	vfs.File
	buf     *bufio.Writer
	pace    *pace
	resumed time.Time // since when its makers have worked
}

// Write implements [vfs.File].
func (t *pacedTable) Write(p []byte) (int, error) {
	n, err := t.buf.Write(p)
	now := time.Now()
	if worked := now.Sub(t.resumed); worked >= pieceOfWork {
		if t.pace.givesWay(now) {
			time.Sleep(min(restShare*worked, longestRest))
			now = time.Now()
		}
		t.resumed = now
	}
	return n, err
}

// Sync implements [vfs.File].
func (t *pacedTable) Sync() error {
	if err := t.buf.Flush(); err != nil {
		return err
	}
	return t.File.Sync()
}

// SyncData implements [vfs.File].
func (t *pacedTable) SyncData() error {
	if err := t.buf.Flush(); err != nil {
		return err
	}
	return t.File.SyncData()
}

// SyncTo implements [vfs.File].
func (t *pacedTable) SyncTo(length int64) (fullSync bool, err error) {
	if err := t.buf.Flush(); err != nil {
		return false, err
	}
	return t.File.SyncTo(length)
}

// Close implements [vfs.File].
func (t *pacedTable) Close() error {
	flushed := t.buf.Flush()
	if err := t.File.Close(); err != nil {
		return err
	}
	return flushed
}

// pieceOfWork is followed by a rest of restShare times as long.
const (
	pieceOfWork = 500 * time.Microsecond
	restShare   = 4
	longestRest = 5 * time.Millisecond
)
