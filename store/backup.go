package store

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message/json"
)

// Backup writes a copy of the store, as it is at one moment, to dir, which
// must not exist. The store goes on meanwhile. Where the disk allows it, tables
// are linked, not copied: a copy elsewhere is what protects from the disk.
func (s *Store) Backup(dir string) (*BackupManifest, error) {
	if err := s.Healthy(); err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	files := s.options.FS
	if _, err := files.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("back up to %s: %w", dir, errors.Join(fs.ErrExist, err))
	}
	m, err := s.backup(files, dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("back up to %s: %w", dir, err), files.RemoveAll(dir))
	}
	return m, s.noteBackup()
}

// noteBackup writes the superblock, unless the store has been closed meanwhile:
// the backup is whole all the same.
func (s *Store) noteBackup() error {
	if s.reading.enter() != nil {
		return nil
	}
	defer s.reading.leave()
	err := s.keeper.note()
	if err != nil {
		s.poison(err)
	}
	return err
}

func (s *Store) backup(files vfs.FS, dir string) (*BackupManifest, error) {
	if err := s.checkpoint(dir); err != nil {
		return nil, fmt.Errorf("copy engine: %w", err)
	}
	o := s.engineOptions()
	o.FS, o.Lock = frozen{files}, nil
	copied, err := probeEngine(dir, o)
	if err != nil {
		return nil, fmt.Errorf("read copy: %w", err)
	}
	marks, err := seal(files, dir)
	if err != nil {
		return nil, fmt.Errorf("read copy: %w", err)
	}
	super := superblock{mark: copied, sealed: true, files: marks}
	if err := newSlots(files, dir, superblock{}).writeBoth(super); err != nil {
		return nil, err
	}
	return writeBackupManifest(files, dir, copied)
}

func (s *Store) checkpoint(dir string) error {
	if err := s.reading.enter(); err != nil {
		return err
	}
	defer s.reading.leave()
	return s.db.Checkpoint(dir, pebble.WithFlushedWAL())
}

// writeBackupManifest lists the files of dir, made durable before. It is what
// makes dir a backup.
func writeBackupManifest(files vfs.FS, dir string, copied mark) (*BackupManifest, error) {
	names, err := files.List(dir)
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	m := &BackupManifest{Version: backupVersion, Sequence: copied.sequence, Accepted: copied.accepted}
	for _, name := range names {
		f, err := hashFile(files, dir, name, vfs.File.Sync)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", name, err)
		}
		m.Files = append(m.Files, f)
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return m, writeFile(files, files.PathJoin(dir, backupListName), append(b, '\n'))
}
