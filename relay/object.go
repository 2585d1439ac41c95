package relay

import (
	"strconv"
	"strings"
)

// field is one member of a body that is a plain object.
type field struct {
	name string
	kind kind
	// read takes the value, which is of the kind, and says what is wrong with
	// it. What it keeps must be its own.
	read func(s *scanner) *Fault
	// null takes a null; nil: it may not be one.
	null func()
}

// readObject reads a body that is one object with the given members, and lists
// all that is wrong with it. An empty body is an empty object.
func readObject(body []byte, fields []field) []Fault {
	if len(body) == 0 {
		return nil
	}
	s := &scanner{}
	s.reset(body)
	if k := s.peek(); s.wrong == "" && k != kindObject {
		return []Fault{{Code: InvalidType, Message: "The body must be a JSON object, not " + k.String() + "."}}
	}
	var faults []Fault
	s.open()
	for seen := map[string]bool{}; s.more('}'); {
		name := strings.Clone(s.name())
		if f := readField(s, fields, name, seen[name]); f != nil && len(faults) < maxFaults {
			f.Param = shorten(name)
			faults = append(faults, *f)
		}
		seen[name] = true
	}
	if s.end(); s.wrong != "" {
		line, column := s.position()
		return []Fault{{Code: InvalidJSON, Message: "The body is not valid JSON: " + s.wrong +
			" (line " + strconv.Itoa(line) + ", column " + strconv.Itoa(column) + ")."}}
	}
	return faults
}

func readField(s *scanner, fields []field, name string, again bool) *Fault {
	got := s.peek()
	for i := range fields {
		f := &fields[i]
		switch {
		case f.name != name:
			continue
		case again:
			s.skip()
			return &Fault{Code: DuplicateMember, Message: name + " stands there twice; keep one of the two."}
		case got == kindNull && f.null != nil:
			s.literal()
			f.null()
			return nil
		case got != f.kind:
			s.skip()
			return &Fault{Code: InvalidType, Message: name + " must be " + f.kind.String() + ", not " + got.String() + "."}
		}
		return f.read(s)
	}
	s.skip()
	return &Fault{Code: UnknownParameter, Message: unknownField(fields, name)}
}

func unknownField(fields []field, name string) string {
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fields[i].name
	}
	text := "There is no member " + strconv.Quote(shorten(name))
	if near := nearest(name, names); near != "" {
		return text + "; did you mean " + strconv.Quote(near) + "?"
	}
	if len(names) == 0 {
		return text + " here; the object is empty."
	}
	return text + " here; there are " + strings.Join(names, ", ") + "."
}
