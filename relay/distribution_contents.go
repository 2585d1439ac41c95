package relay

import (
	"slices"
	"strconv"
	"strings"

	"messagehub/relay/distribute"
	"messagehub/store/message"
)

// defaultContent is the member of content that stands for all channels that
// have none of their own.
const defaultContent = "default"

// maxContentObject is the longest content of a channel as it is written: with
// all that recipients fill in, a message still fits into the log.
const maxContentObject = 96 << 10

// content keeps the text of one channel's content.
func (d *distributionDraft) content(name string) {
	param := "content." + shorten(name)
	switch {
	case name != defaultContent && d.carrier(name) == nil:
		d.scan.skip()
		d.unlisted(param, UnsupportedChan, name, append([]string{defaultContent}, d.reader.names()...))
	case d.scan.peek() != kindObject:
		d.mistyped(param, "an object")
	default:
		text := d.scan.raw()
		if len(text) > maxContentObject {
			d.wrong(param, ContentTooLong, param+" is longer than "+strconv.Itoa(maxContentObject)+" bytes.")
			return
		}
		d.contents = append(d.contents, rawContent{name, text})
	}
}

func (d *distributionDraft) raw(name string) (rawContent, bool) {
	i := slices.IndexFunc(d.contents, func(c rawContent) bool { return c.name == name })
	if i < 0 {
		return rawContent{}, false
	}
	return d.contents[i], true
}

// settle checks the request as a whole, and makes the steps of its channels.
func (d *distributionDraft) settle() {
	p := &d.request.Plan
	if len(d.contents) == 0 && !d.faulty("content") {
		d.wrong("content", MissingParameter, "content is missing: it holds what is sent, as default or by channel.")
	}
	if d.brought == 0 && len(p.Tags) == 0 && !d.faulty("recipients") && !d.faulty("audience") {
		d.wrong("recipients", MissingParameter, "There is nobody to send to: give recipients, or an audience of tags.")
	}
	// The mode decides what is sent how often: it is never guessed.
	if !d.routing.mode && !d.faulty("routing") {
		d.wrong("routing.mode", MissingParameter, "routing.mode is missing: say "+oneOf(message.RoutingModes())+".")
	}
	p.Fixed = len(d.routing.channels) > 0
	for i, channel := range d.routing.channels {
		param := "routing.channels[" + strconv.Itoa(i) + "]"
		raw, own := d.raw(channel)
		if !own {
			raw, own = d.raw(defaultContent)
		}
		switch {
		case d.carrier(channel) == nil:
			d.unlisted(param, UnsupportedChan, channel, d.reader.names())
		case own:
			d.addStep(channel, param, raw)
		case len(d.contents) > 0:
			d.wrong(param, ContentRequired, "There is no content for "+channel+", and no content.default.")
		}
	}
	if p.Fixed {
		d.checkUnrouted()
	} else {
		d.addChannels()
	}
	if n := len(p.Contents); p.Fixed && p.Mode == message.RouteFallback && n > maxSteps {
		d.wrong("routing.channels", InvalidFallback, "routing.channels has "+strconv.Itoa(n)+" channels; a fallback has at most "+strconv.Itoa(maxSteps)+".")
	}
}

// faulty reports whether something is wrong with a member already.
func (d *distributionDraft) faulty(member string) bool {
	return slices.ContainsFunc(d.faults, func(f Fault) bool {
		return f.Param == member || strings.HasPrefix(f.Param, member+".") || strings.HasPrefix(f.Param, member+"[")
	})
}

// checkUnrouted warns of content for a channel that is not used.
func (d *distributionDraft) checkUnrouted() {
	for _, c := range d.contents {
		if c.name != defaultContent && !slices.Contains(d.routing.channels, c.name) {
			d.warnings = append(d.warnings, Fault{"content." + c.name, UnusedParameter, "content." + c.name + " is not used: routing.channels does not name " + c.name + "."})
		}
	}
}

// addChannels adds the channels where the request names none: those that have a
// content, and where there is a default one, all that can carry it.
func (d *distributionDraft) addChannels() {
	for _, c := range d.contents {
		if c.name != defaultContent {
			d.addStep(c.name, "content."+c.name, c)
		}
	}
	raw, ok := d.raw(defaultContent)
	if !ok {
		return
	}
	var last []Fault
	for i := range d.carriers {
		c := &d.carriers[i]
		if _, own := d.raw(c.Name); own || !c.Configured && !d.key.Test {
			continue
		}
		before, warned := len(d.faults), len(d.warnings)
		if d.addStep(c.Name, "content.default", raw); len(d.faults) > before {
			if found := d.faults[before:]; last == nil || !carried(last) && carried(found) {
				last = slices.Clone(found)
			}
			d.faults, d.warnings = d.faults[:before], d.warnings[:warned]
		}
	}
	if len(d.request.Plan.Contents) == 0 {
		d.faults = append(d.faults, last...)
		if len(d.faults) == 0 {
			d.wrong("routing.channels", ChannelNotSet, "No channel has a sender configured for live messages.")
		}
	}
}

// carried reports whether faults are about a content that the channel could
// carry: those say more.
func carried(faults []Fault) bool {
	return !slices.ContainsFunc(faults, func(f Fault) bool { return f.Code == UnsupportedType })
}

// stepOfContent are the members that a content can have.
const stepOfContent = contentMembers | 1<<memberFrom

// addStep makes the step of a channel from a content. param names the channel in
// the request.
func (d *distributionDraft) addStep(channel, param string, raw rawContent) {
	m := d.reader.begin(d.key, d.at)
	defer d.reader.release(m)
	m.scan.reset(raw.text)
	m.scan.peek()
	m.object(inMessage, stepOfContent)
	m.steps[inMessage].Channel = channel
	m.fallback.timeout, m.fallback.success = int64(d.routing.timeout.Seconds()), d.routing.success
	if d.routing.success != message.NoStatus {
		m.fallback.given = setOf(memberSuccessStatus)
	}
	m.inherit(inMessage)
	m.checkChannel(inMessage)
	m.checkSender(inMessage)
	m.checkContent(inMessage)
	m.settle(inMessage)
	m.checkUnused()
	step := &m.steps[inMessage]
	m.checkTemplates(step)
	path := "content." + raw.name + "."
	for _, f := range m.faults {
		d.note(&d.faults, f, path, param)
	}
	for _, f := range m.warnings {
		d.note(&d.warnings, f, path, param)
	}
	if len(m.faults) == 0 {
		d.request.Plan.Contents = append(d.request.Plan.Contents, cloneStep(step))
	}
}

// note lists what a content's draft has found, in terms of the request, once.
func (d *distributionDraft) note(list *[]Fault, f Fault, path, param string) {
	switch {
	case f.Param == memberChannel.String():
		f.Param = param
	case strings.HasPrefix(f.Param, "fallback."):
		f.Param = "routing." + strings.TrimPrefix(f.Param, "fallback.")
	default:
		f.Param = path + f.Param
	}
	f = Fault{strings.Clone(f.Param), f.Code, strings.Clone(f.Message)}
	if len(*list) < maxFaults && !slices.Contains(*list, f) {
		*list = append(*list, f)
	}
}

// checkTemplates checks the parameters of a content's texts.
func (d *draft) checkTemplates(step *message.Step) {
	if err := distribute.CheckTemplate(step.Content); err != nil {
		d.wrong(inMessage, memberContent, InvalidParameter, err.Error())
	}
	for i := range step.Params {
		if err := distribute.CheckTemplate(step.Params[i].Value); err != nil {
			d.param(inMessage, step.Params[i].Name, InvalidParameter, err.Error())
		}
	}
	for _, fixed := range []struct {
		member member
		text   string
	}{{memberTemplateID, step.TemplateID}, {memberMediaURL, step.MediaURL}, {memberFilename, step.Filename}} {
		if strings.Contains(fixed.text, "{{") {
			d.wrong(inMessage, fixed.member, InvalidParameter, "has a {{parameter}}, but those are filled in in content and templateParams only")
		}
	}
}

// cloneStep returns a step that borrows nothing.
func cloneStep(s *message.Step) message.Step {
	c := *s
	for _, text := range []*string{
		&c.Channel, &c.From, &c.Content, &c.TemplateID, &c.TemplateLanguage, &c.MediaURL, &c.MediaType, &c.Filename,
	} {
		*text = strings.Clone(*text)
	}
	c.Params = nil
	for _, p := range s.Params {
		c.Params = append(c.Params, message.Param{Name: strings.Clone(p.Name), Value: strings.Clone(p.Value)})
	}
	return c
}
