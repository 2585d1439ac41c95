package store

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2"
)

// damage is an error of the engine about its files. It is ErrCorrupt.
type damage struct{ cause error }

// Error says it in one line, with the place in the log where that is known.
func (d *damage) Error() string {
	text := ErrCorrupt.Error() + ": " + oneLine(d.cause.Error())
	var place interface{ ErrorDetail() string }
	if errors.As(d.cause, &place) {
		text += " (" + oneLine(place.ErrorDetail()) + ")"
	}
	return text
}

func (d *damage) Unwrap() []error { return []error{ErrCorrupt, d.cause} }

// markCorrupt makes the engine's errors about damaged files ours.
func markCorrupt(err error) error {
	if err == nil || errors.Is(err, ErrCorrupt) || !isDamage(err) {
		return err
	}
	return &damage{err}
}

// isDamage tells files that are not as they were from a disk that can't be
// read. The engine has no mark for a table that is missing or cut short.
func isDamage(err error) bool {
	return pebble.IsCorruptionError(err) || errors.Is(err, ErrBadRow) ||
		errors.Is(err, fs.ErrNotExist) || errors.Is(err, pebble.ErrDBNotPristine) ||
		strings.Contains(err.Error(), "object size mismatch")
}

// oneLine puts the lines of an error behind each other.
func oneLine(text string) string {
	text = strings.ReplaceAll(text, "\n<corruption detail carrier>", "")
	return strings.ReplaceAll(text, "\n", "; ")
}
