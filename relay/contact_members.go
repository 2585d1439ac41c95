package relay

import (
	"strconv"

	"messagehub/store/message"
)

// add lists a fault.
func (d *contactDraft) add(param string, code Code, text string) {
	if len(d.faults) < maxFaults {
		d.faults = append(d.faults, Fault{param, code, text})
	}
}

// mistyped lists that a value is of the wrong JSON type, and skips it.
func (d *contactDraft) mistyped(param, want string) {
	got := d.scan.peek()
	d.scan.skip()
	d.add(param, InvalidType, param+" must be "+want+", not "+got.String()+".")
}

// line checks that a value is one line of bounded length.
func (d *contactDraft) line(param, value string, most int) bool {
	if len(value) > most {
		d.add(param, InvalidParameter, param+" is longer than "+strconv.Itoa(most)+" bytes.")
		return false
	}
	for i := 0; i < len(value); i++ {
		if value[i] < ' ' || value[i] == 0x7f {
			d.add(param, InvalidParameter, param+" must not hold control characters.")
			return false
		}
	}
	return true
}

// object reads an object without equal names. take reads the value of a member.
func (d *contactDraft) object(name, of string, take func(param, key string)) {
	s := &d.scan
	if s.peek() != kindObject {
		d.mistyped(name, "an object of "+of)
		return
	}
	seen := map[string]bool{}
	s.open()
	for s.more('}') {
		key := s.name()
		param := name + "." + shorten(key)
		switch {
		case s.wrong != "":
			return
		case seen[key]:
			d.add(param, DuplicateMember, param+" stands there twice; keep one of the two.")
			s.skip()
		default:
			take(param, key)
		}
		seen[key] = true
	}
}

// list reads an array of strings.
func (d *contactDraft) list(name string, take func(param, value string)) {
	s := &d.scan
	if s.peek() != kindArray {
		d.mistyped(name, "an array of strings")
		return
	}
	s.open()
	for i := 0; s.more(']'); i++ {
		param := name + "[" + strconv.Itoa(i) + "]"
		if s.peek() != kindString {
			d.mistyped(param, "a string")
			continue
		}
		if value := s.str(); s.wrong == "" {
			take(param, value)
		}
	}
}

// metadata reads the client's own flat object. A null takes a member away.
func (d *contactDraft) metadata() {
	s := &d.scan
	s.space()
	from := s.i
	d.object("metadata", "names and values", func(param, key string) {
		switch s.peek() {
		case kindObject, kindArray:
			d.mistyped(param, "a string, a number or a boolean")
		case kindNull:
			s.literal()
			d.change.Metadata = append(d.change.Metadata, message.Param{Name: key})
		default:
			d.change.Metadata = append(d.change.Metadata, message.Param{Name: key, Value: borrow(s.raw())})
		}
	})
	if s.wrong == "" && s.i-from > maxMetadata {
		d.add("metadata", InvalidParameter, "metadata is longer than "+strconv.Itoa(maxMetadata)+" bytes.")
	}
}
