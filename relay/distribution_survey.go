package relay

import (
	"errors"
	"strconv"

	"messagehub/relay/distribute"
	"messagehub/store/message"
)

const (
	// audienceSample is how many contacts of each tag are looked at for the
	// estimate, and audienceCount up to how many are counted.
	audienceSample = 200
	audienceCount  = 1_000_000
)

// DistributionChannels tells the expander what it needs of the channels.
func DistributionChannels(channels []Channel) []distribute.Channel {
	out := make([]distribute.Channel, len(channels))
	for i := range channels {
		c := &channels[i]
		out[i] = distribute.Channel{Name: c.Name}
		if c.CheckContent != nil {
			out[i].CheckContent = func(step *message.Step) (code, param string) {
				if f := c.CheckContent(step); f != nil {
					return string(f.Code), f.Param
				}
				return "", ""
			}
		}
		if c.Segments != nil {
			out[i].Segments = func(from string, test bool, text string) int {
				n, _ := c.Segments(from, test, text)
				return n
			}
		}
	}
	return out
}

// channels returns the channels as they are when the request comes.
func (d *distributionDraft) channels() []distribute.Channel {
	channels := make([]Channel, len(d.carriers))
	for i := range d.carriers {
		channels[i] = d.carriers[i].Channel
	}
	return DistributionChannels(channels)
}

// survey works out what the request comes to, and takes out of it who is invalid
// or there twice. The faults say why there is nobody left.
func (c *call) survey(d *distributionDraft) []Fault {
	o := &c.server.o
	v := distribute.Surveyor{Channels: d.channels(), Contacts: o.ContactBook, OptOuts: o.Distributions.OptOuts}
	r := &d.request
	c.inLog = true
	own, err := v.Look(r.Owner, &r.Plan, r.Recipients, nil, c.at)
	if err == nil {
		r.Recipients, r.Plan.Forecast, r.Plan.Segments = own.Kept, own.Counts, own.Segments
		err = c.estimate(&v, &r.Plan)
	}
	c.inLog = false
	if err != nil {
		if errors.Is(err, message.ErrUnavailable) {
			return []Fault{{Code: Unavailable}}
		}
		o.Logger.Error("survey distribution", "requestId", c.requestName(), "error", err)
		return []Fault{{Code: Internal}}
	}
	d.refuseAs(own.Invalid)
	gone := d.refused + own.Counts.Invalid
	r.Plan.Forecast.Recipients += d.refused
	r.Plan.Forecast.Invalid += d.refused
	r.Progress = message.DistributionProgress{Invalid: d.invalid, Counts: message.DistributionCounts{
		Recipients: gone + own.Counts.Duplicates, Invalid: gone, Duplicates: own.Counts.Duplicates,
	}}
	r.Plan.Listed = len(d.invalid)
	if len(r.Recipients) == 0 && len(r.Plan.Tags) == 0 {
		return d.nobody()
	}
	return nil
}

// estimate adds what the audience is thought to come to: what the first contacts
// of each tag come to, times how many there are.
func (c *call) estimate(v *distribute.Surveyor, p *message.DistributionPlan) error {
	o := &c.server.o
	for _, tag := range p.Tags {
		n, err := o.Distributions.Census.CountTagged(c.owner(), tag, audienceCount)
		if err != nil {
			return err
		}
		page, err := o.ContactBook.Contacts(c.owner(), message.ContactQuery{Tag: tag, Limit: audienceSample})
		if err != nil {
			return err
		}
		s, err := v.Look(c.owner(), p, nil, page.Contacts, c.at)
		if err != nil {
			return err
		}
		seen := max(len(page.Contacts), 1)
		p.Forecast.Add(message.DistributionCounts{
			Recipients: n, Messages: s.Counts.Messages * n / seen, Invalid: s.Counts.Invalid * n / seen,
			Duplicates: s.Counts.Duplicates * n / seen, OptedOut: s.Counts.OptedOut * n / seen,
		})
		p.Segments += s.Segments * n / seen
	}
	return nil
}

// refuseAs adds recipients to those that are listed as invalid.
func (d *distributionDraft) refuseAs(more []message.InvalidRecipient) {
	room := message.MaxInvalidListed - len(d.invalid)
	d.invalid = append(d.invalid, more[:min(room, len(more))]...)
}

// nobody lists why there is no recipient left.
func (d *distributionDraft) nobody() (faults []Fault) {
	for i := range d.invalid {
		v := &d.invalid[i]
		if len(faults) == maxFaults {
			break
		}
		faults = append(faults, Fault{Param: "recipients[" + strconv.Itoa(v.Index) + "]", Code: d.reader.codeOf(v.Code), Message: invalidText(v)})
	}
	return faults
}

// codeOf returns the code under which a fault of a recipient is listed.
func (r *reader) codeOf(code string) Code {
	if c := Code(code); r.known[c] {
		return c
	}
	return InvalidRecipient
}

// invalidText says why a recipient gets no message.
func invalidText(v *message.InvalidRecipient) string {
	switch v.Code {
	case distribute.CodeMissing:
		return "There is no value for {{" + shorten(v.Param) + "}}: give it in the recipient's params."
	case distribute.CodeNoContact:
		return "There is no such contact."
	case distribute.CodeTooLong:
		return "The content is too long once its parameters are filled in."
	case message.CodeUnroutable:
		return "The recipient has no address on any channel of the distribution."
	case message.CodeErased:
		return "The recipient has been erased."
	case string(InvalidRecipient), string(TestRecipient):
		return v.Param + " is no address that the channel can send to."
	}
	return "The channel does not take " + v.Param + " once its parameters are filled in."
}
