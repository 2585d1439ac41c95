package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// slotNames are the two copies of the superblock, beside the engine's files.
var slotNames = [2]string{"hw.0", "hw.1"}

// slots is the pair of slots on disk. A write goes to the older one, so that a
// write cut short leaves the newer one whole.
type slots struct {
	fs  vfs.FS
	dir string

	mu struct {
		sync.Mutex
		current superblock
		buf     []byte
	}
}

// slotState is what reading the two slots found.
type slotState struct {
	newest superblock
	found  int      // files that exist
	whole  int      // files that parse
	faults [2]error // per slot; nil where it is whole or absent
}

// readSlots reads both slots. It writes nothing.
func readSlots(files vfs.FS, dir string) (slotState, error) {
	var st slotState
	for i, name := range slotNames {
		b, err := readAll(files, files.PathJoin(dir, name), slotSize+1)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return st, fmt.Errorf("read superblock %s: %w", name, err)
		}
		st.found++
		sb, err := parseSlot(b)
		if err != nil {
			st.faults[i] = err
			continue
		}
		if st.whole++; st.whole == 1 || sb.generation > st.newest.generation {
			st.newest = sb
		}
	}
	return st, nil
}

// newSlots continues from what readSlots found.
func newSlots(files vfs.FS, dir string, newest superblock) *slots {
	s := &slots{fs: files, dir: dir}
	s.mu.current = newest
	return s
}

// current returns the superblock written last.
func (s *slots) current() superblock {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.current
}

// write makes next the newest superblock, durably.
func (s *slots) write(next superblock) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writeLocked(next)
}

// writeBoth writes next to both slots, so that losing either one of them loses
// nothing.
func (s *slots) writeBoth(next superblock) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writeLocked(next); err != nil {
		return err
	}
	return s.writeLocked(next)
}

func (s *slots) writeLocked(next superblock) error {
	next.generation = s.mu.current.generation + 1
	s.mu.buf = appendSlot(s.mu.buf[:0], next)
	name := slotNames[next.generation%2]
	if err := writeSlot(s.fs, s.dir, name, s.mu.buf); err != nil {
		return fmt.Errorf("write superblock %s: %w", name, err)
	}
	s.mu.current = next
	return nil
}

// writeSlot overwrites a slot in place: its blocks are there since it was
// made, so a full disk does not stop it. A slot of the wrong size is made anew.
func writeSlot(files vfs.FS, dir, name string, b []byte) error {
	path := files.PathJoin(dir, name)
	size, err := fileSize(files, path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && size == slotSize {
		f, err := files.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		_, err = f.WriteAt(b, 0)
		return syncAndClose(f, err)
	}
	return writeFile(files, path, b)
}

// writeFile makes a file that holds b, durably.
func writeFile(files vfs.FS, path string, b []byte) error {
	f, err := files.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := syncAndClose(f, err); err != nil {
		return err
	}
	return syncDir(files, files.PathDir(path))
}

// syncAndClose makes what was written to f durable, unless the write failed.
func syncAndClose(f vfs.File, failed error) error {
	if failed == nil {
		failed = f.Sync()
	}
	return errors.Join(failed, f.Close())
}

func syncDir(files vfs.FS, dir string) error {
	d, err := files.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// readAll reads a file, but no more than limit bytes of it.
func readAll(files vfs.FS, path string, limit int64) ([]byte, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, limit))
	return b, errors.Join(err, f.Close())
}
