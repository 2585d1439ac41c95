package store

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ordered makes the engine's change of a marker safe on file systems that may
// lose changes of a directory in any order. The engine makes a manifest, makes
// the marker that names it, removes the old marker, and only then syncs the
// directory: power lost in between can leave a marker without its manifest, or
// no marker at all, which looks like a new store.
type ordered struct{ vfs.FS }

// Create makes what a new marker names durable before the marker.
func (o ordered) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := o.syncFor(name); err != nil {
		return nil, err
	}
	return o.FS.Create(name, c)
}

// Remove makes the new marker durable before the old one goes.
func (o ordered) Remove(name string) error {
	if err := o.syncFor(name); err != nil {
		return err
	}
	return o.FS.Remove(name)
}

func (o ordered) syncFor(name string) error {
	if !strings.HasPrefix(o.PathBase(name), "marker.") {
		return nil
	}
	return syncDir(o.FS, o.PathDir(name))
}

// ReuseForWrite makes a new log of an old one, unless an erasure has taken the
// old one away.
func (o ordered) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := o.FS.ReuseForWrite(old, name, c)
	if errors.Is(err, fs.ErrNotExist) {
		return o.FS.Create(name, c)
	}
	return f, err
}

// Unwrap returns the file system underneath.
func (o ordered) Unwrap() vfs.FS { return o.FS }
