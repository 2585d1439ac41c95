package relay

import (
	"strconv"

	"messagehub/store/message"
)

// batchOptions is what a batch says beside its messages.
type batchOptions struct {
	atomic, dedupe bool
	// defaults is an object with the members that a message has unless it
	// brings them itself; empty: none.
	defaults []byte
}

// query reads the options that stand in the address.
func (o *batchOptions) query(c *call) *Fault {
	for name, value := range c.http.QueryArgs().All() {
		target := o.flag(string(name))
		if target == nil {
			return &Fault{
				Code: UnknownParameter, Param: shorten(string(name)),
				Message: "There is no query parameter " + strconv.Quote(shorten(string(name))) + " here; there are atomic and dedupeReference.",
			}
		}
		switch string(value) {
		case "true":
			*target = true
		case "false":
		default:
			return &Fault{
				Code: InvalidParameter, Param: string(name),
				Message: string(name) + " must be true or false, not " + strconv.Quote(shorten(string(value))) + ".",
			}
		}
	}
	return nil
}

func (o *batchOptions) flag(name string) *bool {
	switch name {
	case "atomic":
		return &o.atomic
	case "dedupeReference":
		return &o.dedupe
	}
	return nil
}

// document reads a batch that is one JSON document, and returns its messages.
func (o *batchOptions) document(body []byte, r *reader, key *Key, at message.Time) ([][]byte, *Fault) {
	d := r.drafts.Get().(*draft)
	defer r.release(d)
	d.reader, d.at = r, at
	d.scan.reset(body)
	s := &d.scan
	if k := s.peek(); s.wrong == "" && k != kindObject {
		return nil, &Fault{Code: InvalidType, Message: "The body must be a JSON object, not " + k.String() + "."}
	}
	var messages [][]byte
	var fault *Fault
	s.open()
	for seen := map[string]bool{}; fault == nil && s.more('}'); {
		name := s.name()
		if seen[name] && s.wrong == "" {
			fault = &Fault{Code: DuplicateMember, Param: shorten(name), Message: shorten(name) + " stands there twice; keep one of the two."}
		}
		seen[name] = true
		if fault == nil {
			messages, fault = o.member(s, name, messages)
		}
	}
	if fault == nil {
		s.end()
	}
	if s.wrong != "" {
		d.broken()
		return nil, &Fault{Code: d.faults[0].Code, Message: d.faults[0].Message}
	}
	if fault == nil {
		fault = r.checkDefaults(o.defaults, key, at)
	}
	return messages, fault
}

// member reads one member of the document.
func (o *batchOptions) member(s *scanner, name string, messages [][]byte) ([][]byte, *Fault) {
	want := map[string]kind{"messages": kindArray, "defaults": kindObject, "atomic": kindBool, "dedupeReference": kindBool}
	kind, known := want[name]
	switch got := s.peek(); {
	case s.wrong != "":
		return messages, nil
	case !known:
		return nil, &Fault{
			Code: UnknownParameter, Param: shorten(name),
			Message: "There is no member " + strconv.Quote(shorten(name)) + " here; there are messages, defaults, atomic and dedupeReference.",
		}
	case got != kind:
		return nil, &Fault{Code: InvalidType, Param: name, Message: name + " must be " + kind.String() + ", not " + got.String() + "."}
	}
	switch name {
	case "messages":
		return s.elements(), nil
	case "defaults":
		o.defaults = s.raw()
	default:
		*o.flag(name) = s.literal() == "true"
	}
	return messages, nil
}

// elements returns the texts of an array's elements.
func (s *scanner) elements() [][]byte {
	var out [][]byte
	s.open()
	for s.more(']') {
		out = append(out, s.raw())
	}
	return out
}

// raw returns the text of the next value.
func (s *scanner) raw() []byte {
	s.space()
	from := s.i
	s.skip()
	return s.b[from:s.i]
}

// checkDefaults returns what is wrong with the defaults themselves.
func (r *reader) checkDefaults(defaults []byte, key *Key, at message.Time) *Fault {
	if len(defaults) == 0 {
		return nil
	}
	d := r.begin(key, at)
	defer r.release(d)
	d.scan.reset(defaults)
	d.object(inMessage, messageMembers)
	if len(d.faults) == 0 {
		return nil
	}
	f := d.faults[0]
	f.Param = "defaults." + f.Param
	return &f
}

// fill adds the members of the defaults that the message does not bring
// itself. They have been checked.
func (d *draft) fill(defaults []byte) {
	s, plan := &d.scan, d.plan(inMessage)
	*s = scanner{b: defaults, text: s.text}
	s.peek()
	s.open()
	for s.more('}') {
		m, ok := memberOf(s.name())
		if !ok || plan.seen.has(m) || s.peek() == kindNull {
			s.skip()
			continue
		}
		plan.seen |= 1 << m
		plan.given |= 1 << m
		d.member(inMessage, m)
	}
}
