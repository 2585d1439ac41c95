package relay

import (
	"slices"
	"strconv"
	"strings"
)

// add lists a fault.
func (d *draft) add(f Fault) {
	if !d.crowded() {
		d.faults = append(d.faults, f)
	}
}

// crowded reports whether no more faults are listed: whoever would have to
// work for the text of one need not.
func (d *draft) crowded() bool { return len(d.faults) >= maxFaults }

// wrong lists a fault of a member's value, in words that follow its name.
func (d *draft) wrong(p place, m member, code Code, words string) {
	d.plan(p).bad |= 1 << m
	if d.crowded() {
		return
	}
	if !strings.HasSuffix(words, "?") {
		words += "."
	}
	d.add(Fault{Param: p.path(m.String()), Code: code, Message: m.String() + " " + words})
}

// mistyped lists that a member's value is of the wrong JSON type, and skips
// the value.
func (d *draft) mistyped(p place, m member, want string) {
	got := d.scan.peek()
	d.scan.skip()
	d.wrong(p, m, InvalidType, "must be "+want+", not "+got.String())
}

// unlisted lists that a value is not one of those that there are.
func (d *draft) unlisted(p place, m member, code Code, value string, there []string) {
	if d.crowded() {
		return
	}
	words := "must be " + oneOf(there) + ", not " + strconv.Quote(shorten(value))
	if near := nearest(value, there); near != "" {
		words += "; did you mean " + strconv.Quote(near) + "?"
	}
	d.wrong(p, m, code, words)
}

// unknown lists a member that the object does not have.
func (d *draft) unknown(p place, name string, known memberSet) {
	if d.crowded() {
		return
	}
	text := "There is no member " + strconv.Quote(shorten(name))
	names := known.names()
	if near := nearest(name, names); near != "" {
		text += "; did you mean " + strconv.Quote(near) + "?"
	} else {
		text += " here; there are " + strings.Join(names, ", ") + "."
	}
	d.add(Fault{Param: p.path(shorten(name)), Code: UnknownParameter, Message: text})
}

// warn lists what will not be as the client may think, once.
func (d *draft) warn(f Fault) {
	if !slices.Contains(d.warnings, f) {
		d.warnings = append(d.warnings, f)
	}
}

// oneOf joins words with commas and an "or".
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
