package store

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	manifest "github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// neededLogs returns the numbers of the logs that the engine would read at
// open, with the manifest as far as m marks it. The engine's own count of them
// can't be used: it drops a log some time after the manifest has.
func neededLogs(files vfs.FS, dir string, m fileMark) ([]uint64, error) {
	first, err := firstNeeded(files, files.PathJoin(dir, m.name()), m.size)
	if err != nil {
		return nil, err
	}
	numbers, err := logNumbers(files, dir)
	return slices.DeleteFunc(numbers, func(n uint64) bool { return n < first }), err
}

// firstNeeded returns the first log that is needed beside the first size bytes
// of a manifest: the one that its last edit of that kind names.
func firstNeeded(files vfs.FS, path string, size uint64) (first uint64, err error) {
	f, err := files.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	edits := manifest.NewReader(io.LimitReader(f, int64(size)), 0)
	for {
		edit, err := edits.Next()
		if err != nil {
			return first, nil // the end, or an edit that is being written
		}
		head := make([]byte, maxEditHead)
		n, err := io.ReadFull(edit, head)
		if err == io.EOF || err != nil && err != io.ErrUnexpectedEOF {
			return first, nil
		}
		if log, ok := needsFrom(head[:n]); ok {
			first = log
		}
	}
}

// What an edit of a manifest begins with: tags of Pebble's format, which are
// those of LevelDB. A log number is first, or second after the comparator's name.
const (
	editComparator = 1
	editLogNumber  = 2
	maxEditHead    = 512
)

// needsFrom returns the number of the first log that is needed from an edit on,
// if it says so.
func needsFrom(edit []byte) (log uint64, ok bool) {
	tag, n := binary.Uvarint(edit)
	if n > 0 && tag == editComparator {
		edit = edit[n:]
		size, n := binary.Uvarint(edit)
		if n <= 0 || size > uint64(len(edit)-n) {
			return 0, false
		}
		edit = edit[n+int(size):]
		tag, n = binary.Uvarint(edit)
		if n <= 0 {
			return 0, false
		}
		return logNumberOf(tag, edit[n:])
	}
	if n <= 0 {
		return 0, false
	}
	return logNumberOf(tag, edit[n:])
}

func logNumberOf(tag uint64, rest []byte) (uint64, bool) {
	log, n := binary.Uvarint(rest)
	return log, n > 0 && tag == editLogNumber
}

// currentManifest returns the number of the manifest that the engine would
// open, and whether there is one.
func currentManifest(files vfs.FS, dir string) (number uint64, ok bool, err error) {
	desc, err := pebble.Peek(dir, files)
	if err != nil {
		return 0, false, fmt.Errorf("look for manifest: %w", err)
	}
	if !desc.Exists {
		return 0, false, nil
	}
	base := files.PathBase(desc.ManifestFilename)
	number, err = strconv.ParseUint(strings.TrimPrefix(base, "MANIFEST-"), 10, 64)
	if err != nil {
		return 0, false, fmt.Errorf("look for manifest: odd name %q", base)
	}
	return number, true, nil
}

// logNumbers returns the numbers of the engine's logs, in order.
func logNumbers(files vfs.FS, dir string) ([]uint64, error) {
	names, err := files.List(dir)
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, name := range names {
		digits, isLog := strings.CutSuffix(name, ".log")
		n, err := strconv.ParseUint(digits, 10, 64)
		if isLog && err == nil && n < math.MaxInt64 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}
