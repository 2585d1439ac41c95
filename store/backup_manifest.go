package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/store/message/json"
)

// backupListName is the list of a backup's files. It is written last: a
// directory without it is no backup.
const (
	backupListName  = "backup.json"
	backupVersion   = 1
	backupListLimit = 64 << 20
)

// ErrBadBackup: the directory is not a whole backup.
var ErrBadBackup = errors.New("not a whole backup")

// BackupManifest says what a backup holds.
type BackupManifest struct {
	Version  int          `json:"version"`
	Sequence uint64       `json:"sequence"` // of the last record in it
	Accepted uint64       `json:"accepted"` // messages, since the store was made
	Files    []BackupFile `json:"files"`
}

// BackupFile is one file of a backup.
type BackupFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // hex
}

// Bytes returns the size of all files.
func (m *BackupManifest) Bytes() int64 {
	var n int64
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// parseBackupManifest reads a manifest that may come from anywhere.
func parseBackupManifest(b []byte) (*BackupManifest, error) {
	var m BackupManifest
	if err := json.UnmarshalStrict(b, &m); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrBadBackup, backupListName, err)
	}
	if m.Version != backupVersion {
		return nil, fmt.Errorf("%w: version %d, this program reads %d", ErrBadBackup, m.Version, backupVersion)
	}
	seen := make(map[string]bool, len(m.Files))
	for i, f := range m.Files {
		digits, err := hex.DecodeString(f.SHA256)
		if !plainName(f.Name) || f.Size < 0 || err != nil || len(digits) != sha256.Size {
			return nil, fmt.Errorf("%w: entry %d of %s", ErrBadBackup, i, backupListName)
		}
		if seen[f.Name] {
			return nil, fmt.Errorf("%w: %s is listed twice", ErrBadBackup, f.Name)
		}
		seen[f.Name] = true
	}
	return &m, nil
}

// plainName reports whether name can only mean a file of the directory itself.
func plainName(name string) bool {
	if name == "" || name == "." || name == ".." || name == backupListName {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r == '/' || r == '\\' || r == ':' || r > '~'
	})
}

// readBackupManifest reads the manifest of the backup in dir.
func readBackupManifest(files vfs.FS, dir string) (*BackupManifest, error) {
	b, err := readAll(files, files.PathJoin(dir, backupListName), backupListLimit)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadBackup, err)
	}
	return parseBackupManifest(b)
}

// same compares what is listed with what was read.
func (f BackupFile) same(read BackupFile) error {
	switch {
	case f.Size != read.Size:
		return fmt.Errorf("%w: %s has %d bytes, listed with %d", ErrBadBackup, f.Name, read.Size, f.Size)
	case !strings.EqualFold(f.SHA256, read.SHA256):
		return fmt.Errorf("%w: %s differs from its hash", ErrBadBackup, f.Name)
	}
	return nil
}
