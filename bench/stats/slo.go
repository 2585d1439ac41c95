package stats

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Bound is one condition, such as p99<50ms.
type Bound struct {
	Name  string
	Op    string // <, <=, > or >=
	Value float64
	text  string
}

// String returns the bound as it was written.
func (b Bound) String() string { return b.text }

// holds reports whether a value keeps to the bound.
func (b Bound) holds(v float64) bool {
	switch b.Op {
	case "<":
		return v < b.Value
	case "<=":
		return v <= b.Value
	case ">":
		return v > b.Value
	}
	return v >= b.Value
}

// Objective is a list of bounds that must all hold.
type Objective []Bound

// String returns the objective as it was written.
func (o Objective) String() string {
	parts := make([]string, len(o))
	for i, b := range o {
		parts[i] = b.text
	}
	return strings.Join(parts, ",")
}

// maxBounds bounds the conditions of an objective.
const maxBounds = 32

// ParseObjective reads conditions separated by commas, such as
// "p99<50ms,errors<0.1%": a name of letters, digits, dots and dashes, one of
// < <= > >=, and a number with a unit. Times (ns, us, ms, s, m) become
// seconds, shares (%) parts of one, sizes (B, kB, MB, GB) bytes; x and no unit
// leave the number as it is.
func ParseObjective(text string) (Objective, error) {
	var out Objective
	for part := range strings.SplitSeq(text, ",") {
		b, err := parseBound(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("condition %q: %w", clip(part), err)
		}
		if out = append(out, b); len(out) > maxBounds {
			return nil, fmt.Errorf("more than %d conditions", maxBounds)
		}
	}
	return out, nil
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64]
	}
	return s
}

func parseBound(text string) (Bound, error) {
	at := strings.IndexAny(text, "<>")
	if at <= 0 {
		return Bound{}, errors.New("write it as NAME<VALUE, such as p99<50ms")
	}
	b := Bound{Name: strings.TrimSpace(text[:at]), Op: text[at : at+1], text: text}
	if strings.Trim(b.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") != "" || b.Name == "" {
		return Bound{}, errors.New("a name has letters, digits, dots and dashes")
	}
	rest := text[at+1:]
	if strings.HasPrefix(rest, "=") {
		b.Op, rest = b.Op+"=", rest[1:]
	}
	var err error
	b.Value, err = parseValue(strings.TrimSpace(rest))
	return b, err
}

// unit is a suffix of a value and what it is worth.
type unit struct {
	suffix string
	worth  float64
}

func units() []unit {
	return []unit{
		{"ns", 1e-9},
		{"us", 1e-6},
		{"µs", 1e-6},
		{"ms", 1e-3},
		{"kB", 1e3},
		{"MB", 1e6},
		{"GB", 1e9},
		{"%", 1e-2},
		{"s", 1},
		{"m", 60},
		{"B", 1},
		{"x", 1},
	}
}

func parseValue(text string) (float64, error) {
	worth := 1.0
	for _, u := range units() {
		if rest, ok := strings.CutSuffix(text, u.suffix); ok {
			text, worth = strings.TrimSpace(rest), u.worth
			break
		}
	}
	if text == "" || strings.Trim(text, "0123456789.") != "" {
		return 0, errors.New("the value must be a number with a unit such as 50ms, 0.1% or 0.8x")
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v > 1e15 {
		return 0, errors.New("the value must be a number with a unit such as 50ms, 0.1% or 0.8x")
	}
	return v * worth, nil
}

// Check returns the bounds that do not hold, and why. A name without a value
// is a fault of the objective.
func (o Objective) Check(values map[string]float64) (missed []string, err error) {
	for _, b := range o {
		v, ok := values[b.Name]
		if !ok {
			return nil, fmt.Errorf("condition %q: there is no %s here, but %s", b.text, b.Name, names(values))
		}
		if !b.holds(v) {
			missed = append(missed, fmt.Sprintf("%s: it is %s", b.text, strconv.FormatFloat(v, 'g', 4, 64)))
		}
	}
	return missed, nil
}

func names(values map[string]float64) string {
	var all []string
	for name := range values {
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
