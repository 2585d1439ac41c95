package relay

import (
	"slices"

	"messagehub/store/message"
)

// What a content type makes use of.
const (
	templateMembers memberSet = 1<<memberTemplateID | 1<<memberTemplateLanguage | 1<<memberTemplateParams
	mediaMembers    memberSet = 1<<memberMediaURL | 1<<memberMediaType | 1<<memberFilename
)

// checkContent checks what a step carries, and whether its channel can.
func (d *draft) checkContent(p place) {
	step, plan := &d.steps[p], &d.plans[p]
	kind := step.ContentType
	if kind == message.NoContentType || plan.bad.has(memberContentType) {
		return
	}
	if c := plan.channel; c != nil && !slices.Contains(c.Contents, kind) {
		names := make([]string, len(c.Contents))
		for i, t := range c.Contents {
			names[i] = t.String()
		}
		d.wrong(p, memberContentType, UnsupportedType, "is "+kind.String()+", but "+c.Name+" carries "+oneOf(names)+" only")
		return
	}
	if d.complete(p, step) && plan.channel != nil && plan.channel.CheckContent != nil {
		d.checkWithChannel(p, step, plan.channel)
	}
}

// complete lists what the content type needs and the step has not.
func (d *draft) complete(p place, step *message.Step) bool {
	switch kind := step.ContentType; {
	case kind == message.Template && step.TemplateID == "":
		d.missing(p, memberTemplateID, TemplateRequired, "is required for contentType template")
	case kind == message.Media && step.MediaURL == "":
		d.missing(p, memberMediaURL, ContentRequired, "is required for contentType media")
	case (kind == message.Text || kind == message.BrandMessage && step.TemplateID == "") && step.Content == "":
		d.missing(p, memberContent, ContentRequired, "is required for contentType "+kind.String()+d.meant(p))
	default:
		return d.plans[p].bad&contentMembers == 0 && d.plans[inMessage].bad&contentMembers == 0
	}
	return false
}

// meant guesses which content type a step without content was to have.
func (d *draft) meant(p place) string {
	given := d.plans[p].given
	switch {
	case given.has(memberContentType):
		return ""
	case given.has(memberTemplateID):
		return `; did you mean "contentType": "template"?`
	case given.has(memberMediaURL):
		return `; did you mean "contentType": "media"?`
	}
	return ""
}

func (d *draft) checkWithChannel(p place, step *message.Step, c *carrier) {
	f := c.CheckContent(step)
	if f == nil {
		return
	}
	f.Param = p.path(f.Param)
	if !d.reader.known[f.Code] {
		f.Code = InvalidParameter
	}
	d.add(*f)
}

// checkUnused warns of content that is given and goes nowhere.
func (d *draft) checkUnused() {
	var used memberSet
	for i := range d.count {
		mine := usedBy(d.steps[i].ContentType)
		used |= mine
		if i > 0 {
			d.warnUnused(place(i), mine)
		}
	}
	d.warnUnused(inMessage, used)
	if d.out.OnUnknown == message.Retry {
		d.warnRetry()
	}
}

func usedBy(kind message.ContentType) memberSet {
	switch kind {
	case message.Text:
		return 0
	case message.Template:
		return templateMembers
	case message.Media:
		return mediaMembers
	}
	return templateMembers | mediaMembers
}

func (d *draft) warnUnused(p place, used memberSet) {
	unused := d.plans[p].given & (templateMembers | mediaMembers) &^ used
	for ; unused != 0; unused &= unused - 1 {
		m := unused.first()
		d.warn(Fault{
			Param: p.path(m.String()), Code: UnusedParameter,
			Message: m.String() + " is not used: contentType is " + d.steps[p].ContentType.String() + ".",
		})
	}
}

// warnRetry tells where sending again may deliver twice.
func (d *draft) warnRetry() {
	for i := range d.count {
		if c := d.plans[i].channel; c != nil && !c.Idempotent {
			d.warn(Fault{
				Param: "fallback.onUnknown", Code: MayDuplicate,
				Message: c.Name + " does not notice a message sent twice: after an unknown outcome, retry may deliver it twice.",
			})
		}
	}
}
