package relay

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"messagehub/relay/webhook"
	"messagehub/store/message"
)

const (
	maxDescription = 256
	// defaultOverlap and maxOverlap are how long the old secret of a rotation
	// signs beside the new one.
	defaultOverlap = 24 * time.Hour
	maxOverlap     = 7 * 24 * time.Hour
)

// readChange reads the body of an endpoint's creation or change.
func (c *call) readChange(whole bool) (webhook.Change, []Fault) {
	var change webhook.Change
	faults := readObject(c.http.Request.Body(), []field{
		{name: "url", kind: kindString, read: func(s *scanner) *Fault { return c.readURL(s.str(), &change) }},
		{name: "eventTypes", kind: kindArray, read: func(s *scanner) *Fault { return readEventTypes(s, &change) }},
		{name: "description", kind: kindString, read: func(s *scanner) *Fault { return readDescription(s.str(), &change) }},
		{name: "enabled", kind: kindBool, read: func(s *scanner) *Fault {
			enabled := s.literal() == "true"
			change.Enabled = &enabled
			return nil
		}},
	})
	named := func(f Fault) bool { return f.Param == "url" || f.Code == InvalidJSON }
	if whole && change.URL == nil && !slices.ContainsFunc(faults, named) {
		faults = append(faults, Fault{"url", MissingParameter, "url is missing: it is where the events are posted to."})
	}
	return change, faults
}

func (c *call) readURL(text string, change *webhook.Change) *Fault {
	w := c.server.o.Webhooks
	if w == nil {
		return nil
	}
	if err := w.Rules.CheckURL(text); err != nil {
		return &Fault{Code: InvalidURL, Message: "url " + err.Error() + "."}
	}
	text = strings.Clone(text)
	change.URL = &text
	return nil
}

// readEventTypes reads the types of an endpoint; "*" is every one.
func readEventTypes(s *scanner, change *webhook.Change) *Fault {
	known := webhook.TypeNames()
	types, every := []string{}, false
	var fault *Fault
	s.open()
	for s.more(']') {
		if k := s.peek(); k != kindString {
			s.skip()
			fault = &Fault{Code: InvalidType, Message: "eventTypes must hold strings, not " + k.String() + "."}
			continue
		}
		switch name := s.str(); {
		case name == webhook.EveryType:
			every = true
		case !slices.Contains(known, name):
			fault = unknownType(known, name)
		case !slices.Contains(types, name):
			types = append(types, strings.Clone(name))
		}
	}
	switch {
	case fault != nil:
		return fault
	case every:
		types = nil
	case len(types) == 0:
		return &Fault{Code: InvalidParameter, Message: `eventTypes is empty; name types, or write ["*"] for all of them.`}
	}
	change.Types = &types
	return nil
}

func unknownType(known []string, name string) *Fault {
	text := "eventTypes must hold " + oneOf(append([]string{webhook.EveryType}, known...)) + ", not " + strconv.Quote(shorten(name))
	if near := nearest(name, known); near != "" {
		text += "; did you mean " + strconv.Quote(near) + "?"
	} else {
		text += "."
	}
	return &Fault{Code: InvalidParameter, Message: text}
}

func readDescription(text string, change *webhook.Change) *Fault {
	if len(text) > maxDescription {
		return &Fault{Code: InvalidParameter, Message: "description is longer than " + strconv.Itoa(maxDescription) + " bytes."}
	}
	text = strings.Clone(text)
	change.Description = &text
	return nil
}

func (c *call) readOverlap(most time.Duration) (time.Duration, []Fault) {
	overlap := defaultOverlap
	faults := readObject(c.http.Request.Body(), []field{{name: "overlap", kind: kindNumber, read: func(s *scanner) *Fault {
		seconds, err := strconv.Atoi(s.number())
		if err != nil || seconds < 0 || seconds > int(most/time.Second) {
			return &Fault{Code: InvalidParameter, Message: "overlap must be a whole number of seconds from 0 to " + strconv.Itoa(int(most/time.Second)) + "."}
		}
		overlap = time.Duration(seconds) * time.Second
		return nil
	}}})
	return overlap, faults
}

// replayed is what is to be delivered again: one event, or what lies between
// two moments.
type replayed struct {
	event        message.EventName
	since, until message.Time
}

func (c *call) readReplay() (r replayed, faults []Fault) {
	moment := func(into *message.Time) func(*scanner) *Fault {
		return func(s *scanner) *Fault { return readMoment(s.str(), into) }
	}
	one := false
	faults = readObject(c.http.Request.Body(), []field{
		{name: "eventId", kind: kindString, read: func(s *scanner) (f *Fault) {
			var err error
			one = true
			if r.event, err = message.ParseEventName(s.str()); err != nil {
				f = invalid("eventId is not the id of an event: evt_ and 26 characters.")
			}
			return f
		}},
		{name: "since", kind: kindString, read: moment(&r.since)},
		{name: "until", kind: kindString, read: moment(&r.until)},
	})
	switch {
	case len(faults) > 0:
	case one && (r.since != 0 || r.until != 0):
		faults = []Fault{{"eventId", InvalidParameter, "eventId stands beside since or until; name one event, or a range."}}
	case !one && r.since == 0:
		faults = []Fault{{"since", MissingParameter, "Name one event with eventId, or a range with since, and until if it is to end before now."}}
	case r.until != 0 && r.until <= r.since:
		faults = []Fault{{"until", InvalidParameter, "until must be later than since."}}
	}
	return r, faults
}
