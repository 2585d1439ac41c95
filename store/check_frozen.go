package store

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// frozen is a file system that can only be read: whoever is given it can't
// change a directory that is being examined, not even by a lock file.
type frozen struct{ vfs.FS }

var errFrozen = errors.New("directory is only read")

func (frozen) Create(string, vfs.DiskWriteCategory) (vfs.File, error) { return nil, errFrozen }
func (frozen) Link(string, string) error                              { return errFrozen }
func (frozen) Remove(string) error                                    { return errFrozen }
func (frozen) RemoveAll(string) error                                 { return errFrozen }
func (frozen) Rename(string, string) error                            { return errFrozen }
func (frozen) MkdirAll(string, os.FileMode) error                     { return errFrozen }
func (frozen) OpenReadWrite(string, vfs.DiskWriteCategory, ...vfs.OpenOption) (vfs.File, error) {
	return nil, errFrozen
}

func (frozen) ReuseForWrite(string, string, vfs.DiskWriteCategory) (vfs.File, error) {
	return nil, errFrozen
}

// Lock locks nothing: see lockFrozen.
func (frozen) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// lockFrozen takes the lock of a directory, unless nobody has ever made one.
func lockFrozen(files vfs.FS, dir string) (io.Closer, error) {
	path := files.PathJoin(dir, "LOCK")
	if _, err := files.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return io.NopCloser(nil), nil
	}
	return files.Lock(path)
}
