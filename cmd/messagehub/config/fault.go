package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Fault is one thing wrong with a file.
type Fault struct {
	Line, Column int // from 1, in characters; 0: the file as a whole
	Path         string
	Message      string
	Remedy       string
	source       string // of what the caret points to, as it is written
	excerpt      string // the line, with every value that could be a secret masked
	caret, width int    // where the caret goes in it, from 1
}

// Faults is everything wrong with a file.
type Faults struct {
	File string
	List []Fault
}

// Error implements error: each fault with its place, an excerpt and the
// remedy.
func (f *Faults) Error() string {
	var b strings.Builder
	for i := range f.List {
		f.List[i].write(&b, f.File)
	}
	if n := len(f.List); n > 1 {
		fmt.Fprintf(&b, "%d faults in %s", n, f.File)
	} else {
		fmt.Fprintf(&b, "1 fault in %s", f.File)
	}
	return b.String()
}

// First tells the first fault in one line, for a log.
func (f *Faults) First() string {
	first := f.List[0]
	return fmt.Sprintf("%s: %s", first.where(f.File), first.headline())
}

func (f *Faults) sort() {
	slices.SortStableFunc(f.List, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

func (f *Fault) where(file string) string {
	if f.Line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d:%d", file, f.Line, f.Column)
}

func (f *Fault) headline() string {
	if f.Path == "" {
		return f.Message
	}
	return f.Path + " " + f.Message
}

func (f *Fault) write(b *strings.Builder, file string) {
	fmt.Fprintf(b, "%s: %s\n", f.where(file), f.headline())
	gutter := strings.Repeat(" ", 5)
	if f.excerpt != "" {
		fmt.Fprintf(b, "%5d | %s\n", f.Line, f.excerpt)
		fmt.Fprintf(b, "%s | %s%s\n", gutter, strings.Repeat(" ", f.caret-1), strings.Repeat("^", max(f.width, 1)))
	}
	if f.Remedy != "" {
		fmt.Fprintf(b, "%s = %s\n", gutter, strings.ReplaceAll(f.Remedy, "\n", "\n"+gutter+"   "))
	}
	b.WriteByte('\n')
}

// maxExcerpt bounds the characters of a line that are shown.
const maxExcerpt = 160

// printable makes a line of the file safe to show: control characters become
// spaces, so that columns stay where they are.
func printable(line string) string {
	var b strings.Builder
	n := 0
	for _, r := range line {
		if n++; n > maxExcerpt {
			b.WriteString("…")
			break
		}
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || r == utf8.RuneError || (r >= 0x2028 && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}
