package relay

import (
	"strconv"
	"sync"
	"sync/atomic"

	"messagehub/store/message"
)

// maxSteps is a message's own channel and five steps of fallback.
const maxSteps = 6

// Bounds of what a body may hold, beside what a channel itself can carry.
const (
	maxAddress   = 256    // bytes of to, from, templateId, filename, …
	maxURL       = 2048   // bytes of mediaUrl
	maxContent   = 65_536 // bytes of content
	maxReference = 128    // characters
	maxMetadata  = 2048   // bytes
	maxParams    = 100    // of one template
	maxFaults    = 50     // listed in one answer
)

// reader turns the bodies of sends into messages. It holds what does not
// change from one to the next.
type reader struct {
	carriers atomic.Pointer[[]carrier] // replaced as a whole
	contacts ContactBook               // may be nil
	reserved []string                  // the sandbox's recipients, without "sim:"
	known    map[Code]bool             // the codes of the error table
	drafts   sync.Pool
}

// carrier is a channel and the texts about it that are always the same.
type carrier struct {
	Channel
	skipped string // why a step is skipped that has no address
}

func newReader(o *Options) *reader {
	r := &reader{reserved: o.Reserved, contacts: o.ContactBook, known: make(map[Code]bool)}
	for _, p := range Problems() {
		r.known[p.Code] = true
	}
	carriers := make([]carrier, len(o.Channels))
	for i, ch := range o.Channels {
		carriers[i] = carrier{ch, "The recipient is not an address of " + ch.Name +
			", and the step has no to of its own: it will be skipped."}
	}
	r.carriers.Store(&carriers)
	r.drafts.New = func() any { return new(draft) }
	return r
}

// draft is a message being read from a body, and all that is wrong with it.
//
// Ownership: pooled. The message borrows the body and the draft, and is valid
// until the draft goes back.
type draft struct {
	reader   *reader
	scan     scanner
	out      message.Outbound
	at       message.Time
	steps    [maxSteps]message.Step
	plans    [maxSteps]plan
	count    int // of steps
	most     int // that count has been: the others are empty
	params   []message.Param
	names    []string // of the metadata's members
	fallback plan     // the members beside its channels
	strict   bool
	// contactID is what is given as such; contact is whom it names, if anybody.
	contactID string
	contact   *message.Contact
	faults    []Fault
	warnings  []Fault
}

// plan is what the body says about a step beside the step itself.
type plan struct {
	seen    memberSet // also as null
	given   memberSet // with a value
	bad     memberSet // with a value that has been found wrong
	params  [2]int    // of the draft's params
	timeout int64     // seconds
	success message.Status
	channel *carrier
}

// read reads a body. The answer's faults are empty if the message is good.
//
// Ownership: the draft is the caller's until release.
func (r *reader) read(body []byte, key *Key, at message.Time) *draft {
	return r.readWith(body, nil, key, at)
}

// readWith is read for a message of a batch, whose defaults stand for what it
// does not bring itself.
func (r *reader) readWith(body, defaults []byte, key *Key, at message.Time) *draft {
	d := r.begin(key, at)
	d.scan.reset(body)
	if d.body() {
		if len(defaults) > 0 {
			d.fill(defaults)
		}
		d.check()
	}
	return d
}

// begin returns an empty draft of a workspace's message.
func (r *reader) begin(key *Key, at message.Time) *draft {
	d := r.drafts.Get().(*draft)
	d.reader, d.at = r, at
	d.grow(1)
	d.out.Workspace, d.out.Test, d.out.CreatedAt = key.Workspace, key.Test, at
	d.out.On, d.out.ExpiresIn = message.OnAll, message.DefaultExpiresIn
	return d
}

// release gives the draft back. Nothing of it may be used afterwards.
func (r *reader) release(d *draft) {
	if cap(d.scan.text) > maxPooled {
		return
	}
	clear(d.params)
	clear(d.names)
	clear(d.faults)
	clear(d.warnings)
	clear(d.steps[:d.most])
	clear(d.plans[:d.most])
	d.scan = scanner{text: d.scan.text[:0]}
	d.params, d.names, d.faults, d.warnings = d.params[:0], d.names[:0], d.faults[:0], d.warnings[:0]
	d.out, d.fallback, d.strict, d.contactID, d.contact = message.Outbound{}, plan{}, false, "", nil
	d.most = 0
	r.drafts.Put(d)
}

// grow makes the draft one of n steps.
func (d *draft) grow(n int) { d.count, d.most = n, max(d.most, n) }

// place says which object of the body a member is of: the message, its
// fallback, or a step of that.
type place int

const (
	inFallback place = -1
	inMessage  place = 0 // and from 1 on, steps of the fallback
)

// path returns a member's place in the body, as errors show it.
func (p place) path(name string) string {
	switch {
	case p == inMessage:
		return name
	case p == inFallback:
		return "fallback." + name
	}
	path := "fallback.channels[" + strconv.Itoa(int(p)-1) + "]"
	if name != "" {
		path += "." + name
	}
	return path
}

// plan returns what is said about a place.
func (d *draft) plan(p place) *plan {
	if p == inFallback {
		return &d.fallback
	}
	return &d.plans[p]
}

// body reads the whole body. It reports false if that can't be read.
func (d *draft) body() bool {
	s := &d.scan
	switch {
	case len(s.b) == 0:
		s.fail("it is empty")
	case len(s.b) >= 3 && string(s.b[:3]) == "\xef\xbb\xbf":
		s.fail("it begins with a byte order mark")
	}
	k := s.peek()
	if k == kindObject {
		d.object(inMessage, messageMembers)
	} else {
		s.skip()
	}
	s.end()
	switch {
	case s.wrong != "":
		d.broken()
	case k != kindObject:
		d.add(Fault{Code: InvalidType, Message: "The body must be a JSON object, not " + k.String() + "."})
	}
	return s.wrong == "" && k == kindObject
}

// broken replaces all faults by the one that the body can't be read.
func (d *draft) broken() {
	line, column := d.scan.position()
	clear(d.faults)
	d.faults = append(d.faults[:0], Fault{
		Code: InvalidJSON,
		Message: "The body is not valid JSON: " + d.scan.wrong +
			" (line " + strconv.Itoa(line) + ", column " + strconv.Itoa(column) + ").",
	})
}

// object reads an object of the body, whose members are those of known. A
// null is as good as no member at all.
func (d *draft) object(p place, known memberSet) {
	s, plan := &d.scan, d.plan(p)
	s.open()
	for s.more('}') {
		name := s.name()
		m, ok := memberOf(name)
		switch {
		case s.wrong != "":
			return
		case !ok || !known.has(m):
			d.unknown(p, name, known)
			s.skip()
		case plan.seen.has(m):
			d.wrong(p, m, DuplicateMember, "stands there twice; keep one of the two")
			s.skip()
		case s.peek() == kindNull:
			plan.seen |= 1 << m
			s.literal()
		default:
			plan.seen |= 1 << m
			plan.given |= 1 << m
			d.member(p, m)
		}
	}
}
