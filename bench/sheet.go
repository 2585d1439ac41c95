package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"messagehub/bench/result"
)

// Sheet is the figures of one suite of runs, as they are kept in
// bench/results: a text file of lines with tabs.
type Sheet struct {
	Date, Machine, Version string
	// Others is how many processors others used at most, in one of the runs.
	Others float64
	Rows   []SheetRow
}

// SheetRow is one figure of a Sheet.
type SheetRow struct {
	ID      string
	Value   float64
	Rounds  int
	Command string
}

// NewSheet begins a Sheet.
func NewSheet() *Sheet { return &Sheet{Date: time.Now().UTC().Format("2006-01-02")} }

// Add adds the figures of a result.
func (s *Sheet) Add(r *result.Result) {
	s.Machine, s.Version = r.Machine.String(), r.Build.Version+" "+r.Build.Go
	s.Others = max(s.Others, r.Machine.Others)
	for _, f := range r.Figures {
		s.Rows = append(s.Rows, SheetRow{f.ID, f.Value, len(f.Rounds), r.Command})
	}
}

const sheetHead = "# Figures measured by \"messagehub bench suite\"; the table of the README is made of the newest such file.\n"

// Write writes the sheet.
func (s *Sheet) Write(w io.Writer) error {
	fmt.Fprint(w, sheetHead)
	fmt.Fprintf(w, "date\t%s\nmachine\t%s\nothers\t%.2f\nversion\t%s\n\n", s.Date, s.Machine, s.Others, s.Version)
	for _, r := range s.Rows {
		if _, err := fmt.Fprintf(w, "%s\t%.6g\t%d\t%s\n", r.ID, r.Value, r.Rounds, r.Command); err != nil {
			return err
		}
	}
	return nil
}

// ParseSheet reads what Write wrote.
func ParseSheet(text []byte) (*Sheet, error) {
	s := &Sheet{}
	others := "0"
	heads := map[string]*string{"date": &s.Date, "machine": &s.Machine, "others": &others, "version": &s.Version}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		fields := strings.Split(line, "\t")
		switch {
		case line == "" || line[0] == '#':
		case len(fields) == 2 && heads[fields[0]] != nil:
			*heads[fields[0]] = fields[1]
		case len(fields) == 4:
			v, err1 := strconv.ParseFloat(fields[1], 64)
			n, err2 := strconv.Atoi(fields[2])
			if err := errors.Join(err1, err2); err != nil {
				return nil, fmt.Errorf("read figure %s: %w", fields[0], err)
			}
			s.Rows = append(s.Rows, SheetRow{fields[0], v, n, fields[3]})
		default:
			return nil, fmt.Errorf("read figures: line %q has %d fields, not 4", line, len(fields))
		}
	}
	var err error
	if s.Others, err = strconv.ParseFloat(others, 64); err != nil {
		return nil, fmt.Errorf("read figures: others: %w", err)
	}
	return s, nil
}

func (s *Sheet) row(id string) *SheetRow {
	for i := range s.Rows {
		if s.Rows[i].ID == id {
			return &s.Rows[i]
		}
	}
	return nil
}

// Markdown writes the table of the README.
func (s *Sheet) Markdown(w io.Writer) error {
	if len(s.Rows) == 0 {
		fmt.Fprint(w, "Not measured yet with this bench.\n\n")
	} else {
		fmt.Fprintf(w, "Measured %s on %s, version %s; others used up to %.1f processors meanwhile.\n\n", s.Date, s.Machine, s.Version, s.Others)
	}
	fmt.Fprint(w, "| what | figure | aim / at least | command |\n|---|---|---|---|\n")
	for _, a := range Aims() {
		if a.Goal == nil {
			continue
		}
		if _, err := fmt.Fprintf(w, "| %s | %s | %s | `messagehub bench %s` |\n", a.What, s.cell(a), aimCell(a), a.Command); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sheet) cell(a Aim) string {
	r := s.row(a.ID)
	if r == nil {
		return "not measured"
	}
	text := Quantity(r.Value, a.Unit)
	switch a.Goal.Verdict(r.Value) {
	case "aim":
		return "**" + text + "**"
	case "missed":
		return text + " (missed)"
	}
	return text
}

func aimCell(a Aim) string {
	sign := "≤"
	if a.Goal.Better == "higher" {
		sign = "≥"
	}
	return fmt.Sprintf("%s %s / %s", sign, Quantity(a.Goal.Aim, a.Unit), Quantity(a.Goal.Least, a.Unit))
}

// Print writes the table for a terminal.
func (s *Sheet) Print(w io.Writer) error {
	for _, a := range Aims() {
		if a.Goal == nil {
			continue
		}
		verdict := "not measured"
		if r := s.row(a.ID); r != nil {
			verdict = verdictText(a.Goal.Verdict(r.Value))
		}
		if _, err := fmt.Fprintf(w, "%-14s %-12s %-20s %s\n", verdict, strings.TrimSuffix(strings.Trim(s.cell(a), "*"), " (missed)"), aimCell(a), a.What); err != nil {
			return err
		}
	}
	return nil
}

// The lines between which a file's table stands.
const (
	figuresBegin = "<!-- figures: begin -->\n"
	figuresEnd   = "<!-- figures: end -->\n"
)

// Rewrite puts the sheet's table between the two marks of a text.
func (s *Sheet) Rewrite(text []byte) ([]byte, error) {
	before, rest, ok1 := bytes.Cut(text, []byte(figuresBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(figuresEnd))
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("the file has no lines %q and %q", strings.TrimSpace(figuresBegin), strings.TrimSpace(figuresEnd))
	}
	var out bytes.Buffer
	out.Write(before)
	out.WriteString(figuresBegin)
	if err := s.Markdown(&out); err != nil {
		return nil, err
	}
	out.WriteString(figuresEnd)
	out.Write(after)
	return out.Bytes(), nil
}
