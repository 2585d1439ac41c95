package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrNotEmpty: the target of a restore holds something already.
var ErrNotEmpty = errors.New("directory is not empty")

// VerifyBackup reads every file of the backup in dir and compares it with the
// manifest. It writes nothing.
func VerifyBackup(dir string, files vfs.FS) (*BackupManifest, error) {
	files = orDisk(files)
	m, err := readBackupManifest(files, dir)
	if err != nil {
		return nil, fmt.Errorf("verify backup %s: %w", dir, err)
	}
	for _, f := range m.Files {
		read, err := hashFile(files, dir, f.Name, leave)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %w", ErrBadBackup, err)
		}
		if err == nil {
			err = f.same(read)
		}
		if err != nil {
			return nil, fmt.Errorf("verify backup %s: %w", dir, err)
		}
	}
	return m, nil
}

// Restore makes a data directory from the backup in backupDir. The directory
// must be missing or empty.
//
// Guarantee: a restore that was cut short does not open as a store.
func Restore(backupDir, dataDir string, files vfs.FS) (*BackupManifest, error) {
	files = orDisk(files)
	m, err := VerifyBackup(backupDir, files)
	if err != nil {
		return nil, err
	}
	if err := makeEmptyDir(files, dataDir); err != nil {
		return nil, fmt.Errorf("restore into %s: %w", dataDir, err)
	}
	for _, f := range slotsFirst(m.Files) {
		if err := copyFile(files, backupDir, dataDir, f); err != nil {
			return nil, fmt.Errorf("restore into %s: %w", dataDir, err)
		}
	}
	if err := syncDir(files, dataDir); err != nil {
		return nil, fmt.Errorf("restore into %s: %w", dataDir, err)
	}
	return m, nil
}

// slotsFirst puts the superblock before the files that it vouches for: while
// one of them is missing, the store refuses to open.
func slotsFirst(list []BackupFile) []BackupFile {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b BackupFile) int {
		return int(bit(isSlot(b.Name))) - int(bit(isSlot(a.Name)))
	})
	return list
}

func isSlot(name string) bool { return slices.Contains(slotNames[:], name) }

// makeEmptyDir makes dir, or accepts it if it is empty.
func makeEmptyDir(files vfs.FS, dir string) error {
	names, err := files.List(dir)
	switch {
	case err == nil && len(names) > 0:
		return ErrNotEmpty
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := files.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(files, files.PathDir(dir))
}

// copyFile copies one file, durably, and checks what it has copied.
func copyFile(files vfs.FS, from, to string, want BackupFile) error {
	src, err := files.Open(files.PathJoin(from, want.Name))
	if err != nil {
		return err
	}
	dst, err := files.Create(files.PathJoin(to, want.Name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return errors.Join(err, src.Close())
	}
	sum := sha256.New()
	n, err := io.Copy(dst, io.TeeReader(src, sum))
	err = errors.Join(syncAndClose(dst, err), src.Close())
	if err != nil {
		return err
	}
	if err := want.same(BackupFile{want.Name, n, hex.EncodeToString(sum.Sum(nil))}); err != nil {
		return err
	}
	if isSlot(want.Name) {
		return syncDir(files, to)
	}
	return nil
}

// hashFile reads a file's size and hash, and hands it to last before it is
// closed.
func hashFile(files vfs.FS, dir, name string, last func(vfs.File) error) (BackupFile, error) {
	f, err := files.Open(files.PathJoin(dir, name))
	if err != nil {
		return BackupFile{}, err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	if err == nil {
		err = last(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return BackupFile{}, err
	}
	return BackupFile{name, n, hex.EncodeToString(sum.Sum(nil))}, nil
}

func leave(vfs.File) error { return nil }

func orDisk(files vfs.FS) vfs.FS {
	if files == nil {
		return vfs.Default
	}
	return files
}
