package relay

import (
	"strconv"

	"messagehub/store/message"
)

// readFallback reads the fallback object.
func (d *draft) readFallback() {
	if d.scan.peek() != kindObject {
		d.mistyped(inMessage, memberFallback, "an object")
		return
	}
	d.object(inFallback, fallbackMembers)
	if d.scan.wrong == "" && !d.fallback.given.has(memberChannels) {
		d.wrong(inFallback, memberChannels, InvalidFallback, "is missing: it lists the steps after the message's own channel")
	}
}

// readChannels reads the steps: each the name of a channel, or an object.
func (d *draft) readChannels() {
	s := &d.scan
	if s.peek() != kindArray {
		d.mistyped(inFallback, memberChannels, "an array of 1 to 5 steps")
		return
	}
	s.open()
	n := 0
	for s.more(']') {
		if n++; n >= maxSteps {
			s.skip()
			continue
		}
		d.grow(n + 1)
		d.readStep(place(n))
	}
	switch {
	case s.wrong != "":
	case n == 0:
		d.wrong(inFallback, memberChannels, InvalidFallback, "is empty: it lists 1 to 5 steps")
	case n >= maxSteps:
		d.wrong(inFallback, memberChannels, InvalidFallback, "has "+strconv.Itoa(n)+" steps; there may be 5")
	}
}

func (d *draft) readStep(p place) {
	s := &d.scan
	switch k := s.peek(); k {
	case kindString:
		d.steps[p].Channel = s.str()
		d.plans[p].given |= 1 << memberChannel
	case kindObject:
		d.object(p, stepMembers)
	case kindNone:
	default:
		s.skip()
		d.plans[p].bad |= 1 << memberChannel
		d.add(Fault{
			Param: p.path(""), Code: InvalidFallback,
			Message: "A step must be the name of a channel or an object, not " + k.String() + ".",
		})
	}
}

// readOn reads the outcomes that move a message on.
func (d *draft) readOn() {
	s := &d.scan
	if s.peek() != kindArray {
		d.mistyped(inFallback, memberOn, "an array of outcomes")
		return
	}
	d.out.On = 0
	s.open()
	for s.more(']') {
		if s.peek() != kindString {
			d.mistyped(inFallback, memberOn, "an array of strings")
			continue
		}
		name := s.str()
		cause, ok := causeOf(name)
		if !ok && s.wrong == "" {
			d.unlisted(inFallback, memberOn, InvalidFallback, name, []string{"failed", "expired", "timeout", "unroutable"})
		}
		d.out.On |= cause
	}
	if d.out.On == 0 && s.wrong == "" && !d.fallback.bad.has(memberOn) {
		d.wrong(inFallback, memberOn, InvalidFallback, "is empty: no outcome would move the message on")
	}
}

func causeOf(name string) (message.Causes, bool) {
	switch name {
	case "failed":
		return message.OnFailed, true
	case "expired":
		return message.OnExpired, true
	case "timeout":
		return message.OnTimeout, true
	case "unroutable":
		return message.OnUnroutable, true
	}
	return 0, false
}

func (d *draft) readUnknown(value string) {
	switch value {
	case "hold":
		d.out.OnUnknown = message.Hold
	case "advance":
		d.out.OnUnknown = message.Advance
	case "retry":
		d.out.OnUnknown = message.Retry
	default:
		d.unlisted(inFallback, memberOnUnknown, InvalidFallback, value, []string{"hold", "advance", "retry"})
	}
}

func (d *draft) readSuccess(p place, value string) {
	switch value {
	case "sent":
		d.plan(p).success = message.Sent
	case "delivered":
		d.plan(p).success = message.Delivered
	case "read":
		d.plan(p).success = message.Read
	default:
		d.unlisted(p, memberSuccessStatus, InvalidFallback, value, []string{"sent", "delivered", "read"})
	}
}
