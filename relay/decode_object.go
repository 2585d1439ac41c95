package relay

import (
	"strconv"

	"messagehub/store/message"
)

// readParams reads templateParams: names of any kind, values that are scalar.
func (d *draft) readParams(p place) {
	const m = memberTemplateParams
	s := &d.scan
	if s.peek() != kindObject {
		d.mistyped(p, m, "an object of names and values")
		return
	}
	from := len(d.params)
	s.open()
	for s.more('}') {
		name := s.name()
		value, ok := d.scalar()
		switch {
		case s.wrong != "":
			return
		case name == "":
			d.wrong(p, m, InvalidParameter, "has a value without a name")
		case !ok:
			d.param(p, name, InvalidType, "must be a string, a number or a boolean")
		case hasParam(d.params[from:], name):
			d.param(p, name, DuplicateMember, "stands there twice; keep one of the two")
		case len(d.params)-from == maxParams:
			d.wrong(p, m, InvalidParameter, "has more than "+strconv.Itoa(maxParams)+" values")
			s.skipRest()
			return
		default:
			d.params = append(d.params, message.Param{Name: name, Value: value})
		}
	}
	d.plans[p].params = [2]int{from, len(d.params)}
}

// param lists what is wrong with one of the templateParams.
func (d *draft) param(p place, name string, code Code, words string) {
	d.plan(p).bad |= 1 << memberTemplateParams
	if d.crowded() {
		return
	}
	d.add(Fault{
		Param: p.path("templateParams." + shorten(name)), Code: code,
		Message: "templateParams." + shorten(name) + " " + words + ".",
	})
}

func hasParam(params []message.Param, name string) bool {
	for i := range params {
		if params[i].Name == name {
			return true
		}
	}
	return false
}

// scalar reads a string, number or boolean as text. Anything else is skipped,
// and is not ok.
func (d *draft) scalar() (string, bool) {
	s := &d.scan
	switch s.peek() {
	case kindString:
		return s.str(), true
	case kindNumber:
		return s.number(), true
	case kindBool:
		return s.literal(), true
	}
	s.skip()
	return "", false
}

// readMetadata reads the client's own flat object, and keeps its text.
func (d *draft) readMetadata() {
	const m = memberMetadata
	s := &d.scan
	if s.peek() != kindObject {
		d.mistyped(inMessage, m, "an object")
		return
	}
	from := s.i
	flat := d.readFlat()
	switch size := s.i - from; {
	case s.wrong != "":
	case size > maxMetadata:
		d.wrong(inMessage, m, InvalidParameter, "is longer than "+strconv.Itoa(maxMetadata)+" bytes")
	case flat:
		d.out.Metadata = borrow(s.b[from:s.i])
	}
}

// readFlat reads an object without nesting and without equal names.
func (d *draft) readFlat() bool {
	const m = memberMetadata
	s, flat := &d.scan, true
	s.open()
	for from := s.i; s.more('}'); {
		name := s.name()
		if s.i-from > maxMetadata { // refused already
			s.skip()
			continue
		}
		if k := s.peek(); k == kindObject || k == kindArray {
			d.wrong(inMessage, m, InvalidType, "must be flat: "+strconv.Quote(shorten(name))+" must not be "+k.String())
			flat = false
		}
		s.skip()
		if contains(d.names, name) {
			d.wrong(inMessage, m, DuplicateMember, "has "+strconv.Quote(shorten(name))+" twice")
			flat = false
		}
		d.names = append(d.names, name)
	}
	return flat
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}
