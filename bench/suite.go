package bench

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Planned is one scenario of a suite, with flags of its own.
type Planned struct {
	Scenario string
	Flags    []string
}

// Suite is what measures every figure that has a goal. The full one has as
// many messages stored as the goals ask for.
func Suite(full bool) []Planned {
	stored := "1000000"
	if full {
		stored = "10000000"
	}
	return []Planned{
		{"accept", nil},
		{"batch", nil},
		{"shed", nil},
		{"deliver", nil},
		{"kannel", nil},
		{"tiers", nil},
		{"distribute", nil},
		{"growth", []string{"--stored", stored}},
		{"footprint", []string{"--stored", stored}},
		{"recovery", []string{"--stored", stored}},
	}
}

// sheetSuffix ends the names of the files that hold a Sheet.
const sheetSuffix = "-figures.txt"

// Keep writes the sheet into a directory, under its date.
func (s *Sheet) Keep(dir string) (string, error) {
	path := filepath.Join(dir, s.Date+sheetSuffix)
	var text strings.Builder
	if err := s.Write(&text); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("keep figures: %w", err)
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		return "", fmt.Errorf("keep figures: %w", err)
	}
	return path, nil
}

// Newest reads the newest sheet of a directory.
func Newest(dir string) (*Sheet, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read figures: %w", err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), sheetSuffix) {
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("read figures: %s holds no file *%s: %w", dir, sheetSuffix, fs.ErrNotExist)
	}
	text, err := os.ReadFile(filepath.Join(dir, slices.Max(names)))
	if err != nil {
		return nil, fmt.Errorf("read figures: %w", err)
	}
	return ParseSheet(text)
}
