package relay

import (
	"slices"
	"strconv"
	"strings"
)

// wrong lists a fault.
func (d *distributionDraft) wrong(param string, code Code, text string) {
	if len(d.faults) < maxFaults {
		d.faults = append(d.faults, Fault{param, code, text})
	}
}

// unlisted lists that a value is not one of those that there are.
func (d *distributionDraft) unlisted(param string, code Code, value string, there []string) {
	text := param + " must be " + oneOf(there) + ", not " + strconv.Quote(shorten(value))
	if near := nearest(value, there); near != "" {
		text += "; did you mean " + strconv.Quote(near) + "?"
	} else {
		text += "."
	}
	d.wrong(param, code, text)
}

// mistyped lists that a value is of the wrong JSON type, and skips it.
func (d *distributionDraft) mistyped(param, want string) {
	got := d.scan.peek()
	d.scan.skip()
	d.wrong(param, InvalidType, param+" must be "+want+", not "+got.String()+".")
}

// line checks that a value is one line of bounded length.
func (d *distributionDraft) line(param, value string, most int) bool {
	switch {
	case len(value) > most:
		d.wrong(param, InvalidParameter, param+" is longer than "+strconv.Itoa(most)+" bytes.")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		d.wrong(param, InvalidParameter, param+" must not hold control characters.")
	default:
		return true
	}
	return false
}

// text reads a string.
func (d *distributionDraft) text(param string) (string, bool) {
	if d.scan.peek() != kindString {
		d.mistyped(param, "a string")
		return "", false
	}
	return d.scan.str(), d.scan.wrong == ""
}

// whole reads a whole number between two bounds.
func (d *distributionDraft) whole(param, of string, least, most int64) int {
	if d.scan.peek() != kindNumber {
		d.mistyped(param, "a whole number of "+of)
		return 0
	}
	text := d.scan.number()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		d.wrong(param, InvalidParameter, param+" must be a whole number from "+strconv.FormatInt(least, 10)+" to "+
			strconv.FormatInt(most, 10)+" "+of+", not "+shorten(text)+".")
		return 0
	}
	return int(n)
}

// object reads an object that is the value of a member. It reports false where
// there is none.
func (d *distributionDraft) object(param string, known []string, read func(name string)) bool {
	if d.scan.peek() != kindObject {
		d.mistyped(param, "an object")
		return false
	}
	d.members(param, known, read)
	return true
}

// members reads the members of an object: known ones, or any where known is nil.
// A null is as good as no member at all.
func (d *distributionDraft) members(path string, known []string, read func(name string)) {
	s := &d.scan
	var seen []string
	s.open()
	for s.more('}') {
		name := s.name()
		param := strings.TrimPrefix(path+"."+shorten(name), ".")
		switch {
		case s.wrong != "":
			return
		case known != nil && !slices.Contains(known, name):
			d.unknown(param, name, known)
			s.skip()
		case slices.Contains(seen, name):
			d.wrong(param, DuplicateMember, param+" stands there twice; keep one of the two.")
			s.skip()
		case s.peek() == kindNull:
			s.literal()
		default:
			read(name)
		}
		if len(seen) <= maxParams { // more are refused by whoever reads them
			seen = append(seen, name)
		}
	}
}

func (d *distributionDraft) unknown(param, name string, known []string) {
	text := "There is no member " + strconv.Quote(shorten(name))
	if near := nearest(name, known); near != "" {
		text += "; did you mean " + strconv.Quote(near) + "?"
	} else {
		text += " here; there are " + strings.Join(known, ", ") + "."
	}
	d.wrong(param, UnknownParameter, text)
}

// list reads an array of strings.
func (d *distributionDraft) list(param string, take func(param, value string)) {
	s := &d.scan
	if s.peek() != kindArray {
		d.mistyped(param, "an array of strings")
		return
	}
	s.open()
	for i := 0; s.more(']'); i++ {
		at := param + "[" + strconv.Itoa(i) + "]"
		if value, ok := d.text(at); ok {
			take(at, value)
		}
	}
}
