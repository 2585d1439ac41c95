package relay

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"messagehub/relay/access"
	"messagehub/store/message"
)

// keyQuery asks for a part of the workspace's keys.
type keyQuery struct {
	after  message.ID
	limit  int
	unused time.Duration // at least; 0: used ones, too
}

// wants reports whether the query is about a key. One that is over is not
// unused: nobody can use it.
func (q *keyQuery) wants(k *message.Key, now message.Time) bool {
	if q.unused == 0 {
		return true
	}
	over := k.RevokedAt != 0 || k.ExpiresAt != 0 && k.ExpiresAt <= now
	return !over && now >= max(k.CreatedAt, k.LastUsed).Add(q.unused)
}

func keyParameters() []parameter[keyQuery] {
	return []parameter[keyQuery]{
		{"limit", func(_ *Server, value string, q *keyQuery) *Fault { return readCount(value, &q.limit) }},
		{"after", func(_ *Server, value string, q *keyQuery) *Fault {
			id, err := message.ParseID(message.PrefixKey, value)
			if err != nil || message.ID(id).IsZero() {
				return badCursor()
			}
			q.after = id
			return nil
		}},
		{"unusedFor", func(_ *Server, value string, q *keyQuery) *Fault {
			seconds, err := strconv.Atoi(value)
			if err != nil || seconds < 1 || seconds > int(maxUnused/time.Second) {
				return invalid("unusedFor must be a whole number of seconds from 1 to " + strconv.Itoa(int(maxUnused/time.Second)) + ".")
			}
			q.unused = time.Duration(seconds) * time.Second
			return nil
		}},
	}
}

// maxUnused bounds unusedFor: ten years.
const maxUnused = 10 * 365 * 24 * time.Hour

func badCursor() *Fault {
	return &Fault{Code: InvalidCursor, Param: "after", Message: "after is not a cursor of ours; pass page.next of the previous answer as it was."}
}

// readDraft reads the body of a key's creation. What it leaves out, the new
// key has of the one that asks.
func (c *call) readDraft() (d access.Draft, faults []Fault) {
	d = access.Draft{Test: c.key.Test, Allow: c.key.Allow, PerMinute: c.key.PerMinute, ExpiresAt: c.key.ExpiresAt}
	given := false
	faults = readObject(c.http.Request.Body(), []field{
		{name: "name", kind: kindString, read: func(s *scanner) *Fault { d.Name = strings.Clone(s.str()); return nil }},
		{name: "test", kind: kindBool, read: func(s *scanner) *Fault { d.Test = s.literal() == "true"; return nil }},
		{name: "scopes", kind: kindArray, read: func(s *scanner) *Fault { given = true; return readScopes(s, &d.Scopes) }},
		allowField(&d.Allow),
		perMinuteField(&d.PerMinute),
		expiryField(&d.ExpiresAt),
	})
	if !given && len(faults) == 0 {
		faults = []Fault{{"scopes", MissingParameter, "scopes is missing: it lists what the key may do."}}
	}
	return d, faults
}

// readKeyChange reads the body of a key's change.
func (c *call) readKeyChange() (change access.Change, faults []Fault) {
	var name string
	var allow []netip.Prefix
	var perMinute int
	var expiresAt message.Time
	faults = readObject(c.http.Request.Body(), []field{
		{name: "name", kind: kindString, read: func(s *scanner) *Fault { name = strings.Clone(s.str()); change.Name = &name; return nil }},
		given(allowField(&allow), func() { change.Allow = &allow }),
		given(perMinuteField(&perMinute), func() { change.PerMinute = &perMinute }),
		given(expiryField(&expiresAt), func() { change.ExpiresAt = &expiresAt }),
	})
	return change, faults
}

// given makes note that the body has a field.
func given(f field, note func()) field {
	read, null := f.read, f.null
	f.read = func(s *scanner) *Fault { note(); return read(s) }
	if null != nil {
		f.null = func() { note(); null() }
	}
	return f
}

func readScopes(s *scanner, scopes *message.Scope) (fault *Fault) {
	return readStrings(s, "scopes", func(name string) *Fault {
		scope, ok := message.ParseScope(name)
		if !ok {
			return invalid("scopes must hold " + oneOf(message.ScopeAll.Names()) + ", not " + strconv.Quote(shorten(name)) + ".")
		}
		*scopes |= scope
		return nil
	})
}

func allowField(allow *[]netip.Prefix) field {
	return field{name: "allow", kind: kindArray, read: func(s *scanner) *Fault {
		*allow = nil
		return readStrings(s, "allow", func(text string) *Fault {
			p, err := access.ParseAllowed(text)
			if err != nil {
				return invalid("allow must hold addresses or networks such as 10.0.0.0/8, not " + strconv.Quote(shorten(text)) + ".")
			}
			*allow = append(*allow, p)
			return nil
		})
	}}
}

func perMinuteField(perMinute *int) field {
	return field{
		name: "perMinute", kind: kindNumber, null: func() { *perMinute = 0 },
		read: func(s *scanner) *Fault {
			n, err := strconv.Atoi(s.number())
			if err != nil || n < 1 || n > access.MaxPerMinute {
				return invalid("perMinute must be a whole number from 1 to " + strconv.Itoa(access.MaxPerMinute) + ", or null for no limit of its own.")
			}
			*perMinute = n
			return nil
		},
	}
}

func expiryField(at *message.Time) field {
	return field{
		name: "expiresAt", kind: kindString, null: func() { *at = 0 },
		read: func(s *scanner) *Fault { return readMoment(s.str(), at) },
	}
}

// readStrings reads an array of strings.
func readStrings(s *scanner, name string, each func(string) *Fault) (fault *Fault) {
	s.open()
	for s.more(']') {
		if k := s.peek(); k != kindString {
			s.skip()
			fault = &Fault{Code: InvalidType, Message: name + " must hold strings, not " + k.String() + "."}
			continue
		}
		if f := each(s.str()); f != nil {
			fault = f
		}
	}
	return fault
}
