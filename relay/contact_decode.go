package relay

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"messagehub/store/message"
)

// Bounds of a contact.
const (
	maxName = 256 // bytes of name, externalId
	maxTags = 50
	maxTag  = 64 // bytes
)

// contactForm says what a body means.
type contactForm uint8

const (
	newContact     contactForm = iota // a whole contact: what is not given is empty
	patchOfContact                    // a merge patch: what is not given stays
	contactLine                       // a line of an import: a merge patch that names its contact
)

// contactDraft is a contact being read, and all that is wrong with it.
//
// Ownership: its change borrows the body.
type contactDraft struct {
	reader *reader
	test   bool
	form   contactForm
	scan   scanner
	change message.ContactChange
	faults []Fault
}

// contactMembers are the members of a contact that a client can set.
var contactMembers = [...]string{
	"externalId", "name", "identities", "tags", "channelOrder", "optOut", "locale", "timezone", "metadata",
}

// readContact reads a body. The answer's faults are empty if it is good.
func (r *reader) readContact(body []byte, test bool, form contactForm) *contactDraft {
	d := &contactDraft{reader: r, test: test, form: form}
	d.scan.reset(body)
	s := &d.scan
	if len(body) == 0 {
		s.fail("it is empty")
	}
	k := s.peek()
	if k == kindObject {
		d.members()
	} else {
		s.skip()
	}
	s.end()
	switch {
	case s.wrong != "":
		line, column := s.position()
		d.faults = []Fault{{Code: InvalidJSON, Message: "The body is not valid JSON: " + s.wrong +
			" (line " + strconv.Itoa(line) + ", column " + strconv.Itoa(column) + ")."}}
	case k != kindObject:
		d.add("", InvalidType, "The body must be a JSON object, not "+k.String()+".")
	}
	d.finish()
	return d
}

// finish checks the contact as a whole.
func (d *contactDraft) finish() {
	switch d.form {
	case newContact:
		d.change.Set = message.ContactFields
	case contactLine:
		if d.change.ExternalID == "" && len(d.faults) == 0 {
			d.add("externalId", MissingParameter, "externalId is missing: an import finds contacts by it.")
		}
	}
}

// members reads the members of the body's object.
func (d *contactDraft) members() {
	seen := map[string]bool{}
	s := &d.scan
	s.open()
	for s.more('}') {
		name := s.name()
		switch {
		case s.wrong != "":
			return
		case !slices.Contains(contactMembers[:], name):
			d.unknown(name)
			s.skip()
		case seen[name]:
			d.add(name, DuplicateMember, name+" stands there twice; keep one of the two.")
			s.skip()
		default:
			d.member(name)
		}
		seen[name] = true
	}
}

func (d *contactDraft) unknown(name string) {
	text := "There is no member " + strconv.Quote(shorten(name))
	if near := nearest(name, contactMembers[:]); near != "" {
		text += "; did you mean " + strconv.Quote(near) + "?"
	} else {
		text += " here; there are " + strings.Join(contactMembers[:], ", ") + "."
	}
	d.add(shorten(name), UnknownParameter, text)
}

// member reads one member's value. A null empties the member.
func (d *contactDraft) member(name string) {
	s := &d.scan
	if field, ok := fieldOf(name); ok && s.peek() == kindNull {
		s.literal()
		d.change.Set |= field
		return
	}
	switch name {
	case "identities":
		d.object(name, "channels and addresses", d.identity)
	case "metadata":
		d.metadata()
	case "optOut":
		d.object(name, "channels and true or false", d.optOut)
	case "tags":
		d.change.Set |= message.ContactTags
		d.list(name, d.tag)
	case "channelOrder":
		d.change.Set |= message.ContactChannelOrder
		d.list(name, d.preference)
	default:
		if s.peek() != kindString {
			d.mistyped(name, "a string")
			return
		}
		d.text(name, s.str())
	}
}

// fieldOf returns what a member sets.
func fieldOf(name string) (message.ContactField, bool) {
	switch name {
	case "externalId":
		return message.ContactExternalID, true
	case "name":
		return message.ContactName, true
	case "identities":
		return message.ContactIdentities, true
	case "tags":
		return message.ContactTags, true
	case "channelOrder":
		return message.ContactChannelOrder, true
	case "locale":
		return message.ContactLocale, true
	case "timezone":
		return message.ContactTimezone, true
	case "metadata":
		return message.ContactMetadata, true
	}
	return 0, false
}

// text takes the value of a member that is a string.
func (d *contactDraft) text(name, value string) {
	field, _ := fieldOf(name)
	d.change.Set |= field
	if !d.line(name, value, maxName) {
		return
	}
	switch name {
	case "externalId":
		d.change.ExternalID = value
	case "name":
		d.change.Name = value
	case "locale":
		d.change.Locale = value
		if value != "" && !isLocale(value) {
			d.add(name, InvalidParameter, "locale must be a BCP 47 tag such as ko or pt-BR, not "+strconv.Quote(shorten(value))+".")
		}
	case "timezone":
		d.change.Timezone = value
		if value != "" && !isTimezone(value) {
			d.add(name, InvalidParameter, "timezone must be an IANA name such as Asia/Seoul, not "+strconv.Quote(shorten(value))+".")
		}
	}
}

// isLocale reports whether a text has the form of a language tag.
func isLocale(text string) bool {
	for i, part := range strings.Split(text, "-") {
		if len(part) < 1 || len(part) > 8 || i == 0 && (len(part) < 2 || len(part) > 3) {
			return false
		}
		for _, c := range []byte(part) {
			if letter := c|0x20 >= 'a' && c|0x20 <= 'z'; !letter && (i == 0 || !isDigit(c)) {
				return false
			}
		}
	}
	return len(text) <= 35
}

func isTimezone(text string) bool {
	if text == "Local" {
		return false
	}
	_, err := time.LoadLocation(text)
	return err == nil
}

// tag takes a tag.
func (d *contactDraft) tag(param, value string) {
	switch {
	case value == "":
		d.add(param, InvalidParameter, param+" is empty.")
	case len(d.change.Tags) == maxTags:
		d.add("tags", InvalidParameter, "tags has more than "+strconv.Itoa(maxTags)+" tags.")
	case d.line(param, value, maxTag):
		d.change.Tags = append(d.change.Tags, value)
	}
}

// preference takes a channel of channelOrder.
func (d *contactDraft) preference(param, value string) {
	switch {
	case d.carrier(param, value) == nil:
	case slices.Contains(d.change.ChannelOrder, value):
		d.add(param, DuplicateMember, param+" names "+value+" again.")
	default:
		d.change.ChannelOrder = append(d.change.ChannelOrder, value)
	}
}

// identity reads the address that a contact has on a channel; null takes it away.
func (d *contactDraft) identity(param, channel string) {
	s := &d.scan
	switch s.peek() {
	case kindNull:
		s.literal()
		d.address(param, channel, "")
	case kindString:
		value := s.str()
		if s.wrong == "" && value == "" {
			d.add(param, InvalidRecipient, param+" is empty; null takes the address away.")
			return
		}
		d.address(param, channel, value)
	default:
		d.mistyped(param, "a string")
	}
}

// address takes an address; an empty one is to be removed.
func (d *contactDraft) address(param, channel, value string) {
	c := d.carrier(param, channel)
	if c == nil || !d.line(param, value, maxAddress) {
		return
	}
	if value != "" {
		if value = c.plainAddress(value); !d.checkAddress(param, value, c) {
			return
		}
	}
	d.change.Identities = append(d.change.Identities, message.Identity{Channel: c.Name, Address: value})
}

func (d *contactDraft) checkAddress(param, value string, c *carrier) bool {
	switch {
	case strings.HasPrefix(value, reservedPrefix) && !d.test:
		d.add(param, TestRecipient, param+" is a recipient of the sandbox; use a cpk_test_ key, or a real recipient.")
	case strings.HasPrefix(value, reservedPrefix):
		return true
	default:
		err := c.CheckRecipient(value)
		if err == nil {
			return true
		}
		d.add(param, InvalidRecipient, param+" "+err.Error()+", not "+strconv.Quote(shorten(value))+".")
	}
	return false
}

// plainAddress returns an address as it is kept: of a phone number, the signs
// that people write between its digits are dropped.
func (c *carrier) plainAddress(address string) string {
	const between = " -.()/"
	if !c.Phone || !strings.HasPrefix(address, "+") || !strings.ContainsAny(address, between) {
		return address
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(between, r) {
			return -1
		}
		return r
	}, address)
}

// optOut reads whether the contact has opted out from a channel, or from all.
func (d *contactDraft) optOut(param, scope string) {
	s := &d.scan
	k := s.peek()
	if k != kindBool && k != kindNull {
		d.mistyped(param, "true or false")
		return
	}
	value := s.literal()
	if k == kindNull && d.form == newContact {
		return
	}
	d.optOutFrom(param, scope, value == "true")
}

func (d *contactDraft) optOutFrom(param, scope string, out bool) {
	if scope == message.AllChannels || d.carrier(param, scope) != nil {
		d.change.OptOut = append(d.change.OptOut, message.OptOutChange{Scope: scope, Out: out})
	}
}

// carrier finds a channel by name, and lists the fault if there is none.
func (d *contactDraft) carrier(param, name string) *carrier {
	carriers := *d.reader.carriers.Load()
	for i := range carriers {
		if c := &carriers[i]; c.Name == name {
			return c
		}
	}
	if d.scan.wrong != "" {
		return nil
	}
	text := strconv.Quote(shorten(name)) + " is no channel; use one of " + strings.Join(d.reader.names(), ", ")
	if near := nearest(name, d.reader.names()); near != "" {
		text += "; did you mean " + strconv.Quote(near) + "?"
	} else {
		text += "."
	}
	d.add(param, UnsupportedChan, text)
	return nil
}
