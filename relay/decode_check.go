package relay

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"messagehub/relay/phone"
	"messagehub/store/message"
)

// check completes the steps and lists what is wrong with them.
func (d *draft) check() {
	if d.plans[inMessage].given.has(memberContactID) {
		d.findContact()
	}
	for i := range d.count {
		p := place(i)
		d.inherit(p)
		d.checkChannel(p)
		d.checkRecipient(p)
		d.checkSender(p)
		d.checkContent(p)
		d.settle(p)
	}
	d.checkUnused()
	d.out.Steps = d.steps[:d.count]
}

// missing lists that a member is needed.
func (d *draft) missing(p place, m member, code Code, words string) {
	if !d.plan(p).bad.has(m) {
		d.wrong(p, m, code, words)
	}
}

// inherit fills in what a step takes over from the message.
func (d *draft) inherit(p place) {
	step, plan := &d.steps[p], &d.plans[p]
	step.Params = d.params[plan.params[0]:plan.params[1]:plan.params[1]]
	if p == inMessage {
		if !plan.given.has(memberContentType) {
			step.ContentType = message.Text
		}
		return
	}
	own := &d.steps[inMessage]
	if !plan.given.has(memberContentType) {
		step.ContentType = typeOf(plan.given, own.ContentType)
	}
	from := contentMembers &^ plan.given &^ setOf(memberContentType)
	if step.ContentType == message.BrandMessage && plan.given.has(memberContent) {
		from &^= setOf(memberTemplateID) // a text of its own is no template
	}
	for ; from != 0; from &= from - 1 {
		copyMember(step, own, from.first())
	}
}

// typeOf is the content type of a step that does not name it: the message's
// own, unless the step brings the content of another one.
func typeOf(given memberSet, own message.ContentType) message.ContentType {
	switch {
	case given.has(memberTemplateID):
		return message.Template
	case given.has(memberMediaURL):
		return message.Media
	case given.has(memberContent) && own == message.Template:
		return message.Text
	}
	return own
}

func copyMember(to, from *message.Step, m member) {
	switch m {
	case memberContent:
		to.Content = from.Content
	case memberTemplateID:
		to.TemplateID = from.TemplateID
	case memberTemplateLanguage:
		to.TemplateLanguage = from.TemplateLanguage
	case memberTemplateParams:
		to.Params = from.Params
	case memberMediaURL:
		to.MediaURL = from.MediaURL
	case memberMediaType:
		to.MediaType = from.MediaType
	case memberFilename:
		to.Filename = from.Filename
	}
}

// checkChannel finds the step's channel.
func (d *draft) checkChannel(p place) {
	step, plan := &d.steps[p], &d.plans[p]
	if step.Channel == "" {
		d.missing(p, memberChannel, MissingParameter, "is missing")
		return
	}
	carriers := *d.reader.carriers.Load()
	for i := range carriers {
		if c := &carriers[i]; c.Name == step.Channel {
			plan.channel = c
			if !d.out.Test && !c.Configured {
				d.wrong(p, memberChannel, ChannelNotSet, "names "+c.Name+", which has no sender configured for live messages")
			}
			return
		}
	}
	d.unlisted(p, memberChannel, UnsupportedChan, step.Channel, d.reader.names())
}

func (r *reader) names() []string {
	carriers := *r.carriers.Load()
	names := make([]string, len(carriers))
	for i := range carriers {
		names[i] = carriers[i].Name
	}
	return names
}

// findContact looks up whom the message is addressed to.
func (d *draft) findContact() {
	const m = memberContactID
	id, err := message.ParseID(message.PrefixContact, d.contactID)
	var c message.Contact
	if err == nil && d.reader.contacts != nil {
		c, err = d.reader.contacts.Contact(d.out.Owner(), id)
	}
	switch {
	case errors.Is(err, message.ErrUnavailable):
		d.wrong(inMessage, m, Unavailable, "can't be looked up now")
	case err != nil || c.ID.IsZero():
		d.wrong(inMessage, m, UnknownContact, "names no contact of this workspace: "+strconv.Quote(shorten(d.contactID)))
	default:
		d.contact, d.out.Contact = &c, id
	}
}

// checkRecipient finds the step's address: its own, else the contact's on its
// channel, else the message's where its kind fits, else none.
func (d *draft) checkRecipient(p place) {
	step, plan := &d.steps[p], &d.plans[p]
	if plan.bad.has(memberTo) {
		return
	}
	if step.To != "" {
		d.checkAddress(p, step.To)
		return
	}
	own, given := &d.steps[inMessage], &d.plans[inMessage]
	toContact := given.given.has(memberContactID)
	switch {
	case p == inMessage && !toContact:
		d.missing(p, memberTo, MissingParameter, "is missing")
	case plan.channel == nil || given.bad.has(memberTo) || given.bad.has(memberContactID):
	case toContact && d.contact.Address(step.Channel) != "":
		step.To = d.contact.Address(step.Channel)
	case given.given.has(memberTo) && (step.Channel == own.Channel || fits(own.To, plan.channel)):
		step.To = own.To
	default:
		d.unroutable(p, toContact)
	}
}

// unroutable notes that a step has no address to go to.
func (d *draft) unroutable(p place, toContact bool) {
	c := d.plans[p].channel
	d.steps[p].Unroutable = message.CodeUnroutable
	f := Fault{Param: stepPath(p), Code: Unroutable, Message: c.skipped}
	if toContact {
		f.Message = "The contact has no address on " + c.Name + ", and the step has no to of its own: it will be skipped."
	}
	if p == inMessage {
		f.Param = memberContactID.String()
	}
	d.warn(f)
}

// fits reports whether the message's own recipient is an address of a
// step's channel: phone numbers are, where phones are called, and the
// sandbox's recipients are everywhere.
func fits(to string, c *carrier) bool {
	return strings.HasPrefix(to, reservedPrefix) || c.Phone && c.CheckRecipient(to) == nil
}

// stepPath is place.path of a step itself, without allocating.
func stepPath(p place) string {
	return [maxSteps]string{
		"", "fallback.channels[0]", "fallback.channels[1]", "fallback.channels[2]", "fallback.channels[3]", "fallback.channels[4]",
	}[p]
}

const reservedPrefix = "sim:"

// checkAddress checks an address that a step has of its own.
func (d *draft) checkAddress(p place, to string) {
	if name, ok := strings.CutPrefix(to, reservedPrefix); ok {
		d.checkReserved(p, name)
		return
	}
	c := d.plans[p].channel
	if c == nil {
		return
	}
	err := c.CheckRecipient(to)
	if c.Phone && !phone.Possible(to) {
		if e164, ok := phone.Normal(to); ok {
			d.steps[p].To, err = e164, c.CheckRecipient(e164)
			to = e164
		}
		if why := phone.Check(to); why != nil {
			err = why
		}
	}
	if err != nil {
		d.wrong(p, memberTo, InvalidRecipient, err.Error()+", not "+strconv.Quote(shorten(to)))
	}
}

// checkReserved checks one of the sandbox's recipients.
func (d *draft) checkReserved(p place, name string) {
	if !d.out.Test {
		d.wrong(p, memberTo, TestRecipient, "is a recipient of the sandbox; use a cpk_test_ key, or a real recipient")
		return
	}
	name, argument, timed := strings.Cut(name, ":")
	switch {
	case timed && name == "slow":
		if seconds, err := strconv.ParseFloat(argument, 64); err != nil || !(seconds >= 0 && seconds <= 3600) {
			d.wrong(p, memberTo, InvalidRecipient, "must give the seconds, 0 to 3600, such as sim:slow:2.5")
		}
	case name == "slow":
		d.wrong(p, memberTo, InvalidRecipient, "must give the seconds, such as sim:slow:2.5")
	case timed || !slices.Contains(d.reader.reserved, name):
		d.unlisted(p, memberTo, InvalidRecipient, d.steps[p].To, d.reader.reservedNames())
	}
}

func (r *reader) reservedNames() []string {
	names := make([]string, len(r.reserved))
	for i, name := range r.reserved {
		names[i] = reservedPrefix + name
	}
	return names
}

// checkSender checks the sender's name. A step takes over the message's where
// its channel has a sender of that name.
func (d *draft) checkSender(p place) {
	step, plan := &d.steps[p], &d.plans[p]
	c := plan.channel
	if c == nil || plan.bad.has(memberFrom) {
		return
	}
	senders := c.Senders
	if d.out.Test {
		senders = c.TestSenders
	}
	switch {
	case step.From != "" && !slices.Contains(senders, step.From):
		d.wrong(p, memberFrom, UnknownSender, "names no sender of "+c.Name+": "+strconv.Quote(shorten(step.From)))
	case step.From == "" && slices.Contains(senders, d.steps[inMessage].From):
		step.From = d.steps[inMessage].From
	}
}

// settle works out what ends the chain at a step, and when.
func (d *draft) settle(p place) {
	step, plan := &d.steps[p], &d.plans[p]
	timeout, success := d.fallback.timeout, d.fallback.success
	if plan.timeout != 0 {
		timeout = plan.timeout
	}
	step.Timeout = time.Duration(timeout) * time.Second
	switch {
	case plan.success != message.NoStatus:
		success = plan.success
	case success != message.NoStatus:
	case timeout != 0:
		success = message.Delivered
	default:
		success = message.Sent
	}
	if c := plan.channel; c != nil && success > c.Best {
		d.cap(p, success, c)
		success = c.Best
	}
	step.Success = success
}

// cap tells that a channel can't report the status that is asked of it.
func (d *draft) cap(p place, want message.Status, c *carrier) {
	at, name := inFallback, memberSuccessStatus.String()
	switch plan := &d.plans[p]; {
	case plan.given.has(memberSuccessStatus):
		at = p
	case d.fallback.given.has(memberSuccessStatus):
	case plan.given.has(memberTimeout):
		at, name = p, memberTimeout.String()
	default:
		name = memberTimeout.String()
	}
	f := Fault{
		Param: at.path(name), Code: UnsupportedStatus,
		Message: c.Name + " can't report " + want.String() + "; there, the success status is " + c.Best.String() + ".",
	}
	switch {
	case !d.strict:
		d.warn(f)
	case !slices.Contains(d.faults, f):
		d.add(f)
	}
}
