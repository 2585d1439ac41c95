package store

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrCorrupt: a file of the store is not as it was written.
var ErrCorrupt = errors.New("store is corrupt")

// guard watches the engine's files whose loss the engine itself would not
// notice. One flipped bit in the manifest makes it forget every table that was
// added behind that bit, and delete them; a log cut between two blocks looks
// like a shorter log.
type guard struct {
	fs  vfs.FS
	dir string
	// manifest is the prefix of the current manifest that has been read.
	manifest fileMark
}

// survey returns marks of the files as they are now, while the engine runs:
// the manifest, and the logs that are needed beside it and have been closed.
func (g *guard) survey() ([]fileMark, error) {
	if err := g.readManifest(); err != nil {
		return nil, err
	}
	numbers, err := neededLogs(g.fs, g.dir, g.manifest)
	if err != nil {
		return nil, err
	}
	marks := []fileMark{g.manifest}
	for _, n := range numbers[:max(0, len(numbers)-1)] {
		size, err := fileSize(g.fs, g.fs.PathJoin(g.dir, logName(n)))
		if err != nil {
			return nil, err
		}
		marks = append(marks, fileMark{kind: logFile, number: n, size: size})
	}
	return marks, nil
}

// readManifest extends the mark of the manifest to its present end, after
// making that end durable.
func (g *guard) readManifest() error {
	number, ok, err := currentManifest(g.fs, g.dir)
	if err != nil || !ok {
		return errors.Join(err, missing(ok, "manifest marker"))
	}
	m := g.manifest
	if m.number != number || m.kind != manifestFile {
		m = fileMark{kind: manifestFile, whole: true, number: number}
		if err := syncDir(g.fs, g.dir); err != nil {
			return err
		}
	}
	if err := extend(&m, g.fs, g.fs.PathJoin(g.dir, manifestName(number))); err != nil {
		return err
	}
	g.manifest = m
	return nil
}

// extend reads the file from m.size to its end into m, and makes it durable.
func extend(m *fileMark, files vfs.FS, path string) (err error) {
	f, err := files.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil || uint64(info.Size()) <= m.size {
		return err
	}
	size := uint64(info.Size())
	if m.crc, err = sumRange(f, m.crc, m.size, size); err != nil {
		return err
	}
	m.size = size
	return f.Sync()
}

// sumRange continues crc over the bytes from..to of f.
func sumRange(f io.ReaderAt, crc uint32, from, to uint64) (uint32, error) {
	buf := make([]byte, min(to-from, 1<<20))
	for from < to {
		n := min(uint64(len(buf)), to-from)
		if _, err := f.ReadAt(buf[:n], int64(from)); err != nil {
			return 0, err
		}
		crc = crc32.Update(crc, castagnoli, buf[:n])
		from += n
	}
	return crc, nil
}

// seal returns marks of the whole manifest and of the logs needed beside it, of
// an engine that is closed.
func seal(files vfs.FS, dir string) ([]fileMark, error) {
	number, ok, err := currentManifest(files, dir)
	if err != nil || !ok {
		return nil, errors.Join(err, missing(ok, "manifest marker"))
	}
	marks := []fileMark{{kind: manifestFile, whole: true, number: number}}
	if err := extend(&marks[0], files, files.PathJoin(dir, marks[0].name())); err != nil {
		return nil, err
	}
	numbers, err := neededLogs(files, dir, marks[0])
	if err != nil {
		return nil, err
	}
	for _, n := range numbers {
		m := fileMark{kind: logFile, whole: true, number: n}
		if err := extend(&m, files, files.PathJoin(dir, m.name())); err != nil {
			return nil, err
		}
		marks = append(marks, m)
	}
	return marks, nil
}

// verify compares the engine's files with what sb says of them. It writes
// nothing. After a crash the engine may have moved on since sb was written:
// to a newer manifest, and then it no longer needs the logs of the older one.
func (sb *superblock) verify(files vfs.FS, dir string) error {
	if len(sb.files) == 0 {
		return nil
	}
	number, ok, err := currentManifest(files, dir)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%w: no manifest", ErrCorrupt)
	}
	m := sb.files[0]
	switch {
	case number < m.number || (sb.sealed && number != m.number):
		return fmt.Errorf("%w: %s is in use, but %s was", ErrCorrupt, manifestName(number), m.name())
	case number > m.number:
		return nil
	}
	grown, err := m.compare(files, dir, sb.sealed)
	if err != nil || grown {
		return err
	}
	for _, f := range sb.files[1:] {
		if _, err := f.compare(files, dir, sb.sealed); err != nil {
			return err
		}
	}
	return nil
}

// compare checks one file against its mark. exact: it must not have grown.
func (m fileMark) compare(files vfs.FS, dir string, exact bool) (grown bool, err error) {
	f, err := files.Open(files.PathJoin(dir, m.name()))
	if errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("%w: %s is missing", ErrCorrupt, m.name())
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	size := uint64(info.Size())
	if size < m.size || (exact && size != m.size) {
		return false, fmt.Errorf("%w: %s has %d bytes, but had %d", ErrCorrupt, m.name(), size, m.size)
	}
	if !m.whole {
		return size > m.size, nil
	}
	crc, err := sumRange(f, 0, 0, m.size)
	if err == nil && crc != m.crc {
		err = fmt.Errorf("%w: %s has changed within its first %d bytes", ErrCorrupt, m.name(), m.size)
	}
	return size > m.size, err
}

func (m fileMark) name() string {
	if m.kind == manifestFile {
		return manifestName(m.number)
	}
	return logName(m.number)
}

func manifestName(number uint64) string { return fmt.Sprintf("MANIFEST-%06d", number) }

func logName(number uint64) string { return fmt.Sprintf("%06d.log", number) }

func fileSize(files vfs.FS, path string) (uint64, error) {
	info, err := files.Stat(path)
	if err != nil {
		return 0, err
	}
	return uint64(info.Size()), nil
}

func missing(ok bool, what string) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%w: no %s", ErrCorrupt, what)
}
