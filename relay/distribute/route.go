package distribute

import (
	"slices"

	"messagehub/store/message"
)

// Bounds of what is rendered, in bytes.
const (
	maxContent = 65_536  // of one text
	maxMessage = 256_000 // of all texts of a message
	maxSteps   = 6
)

// Codes of invalid recipients, beside those that channels have.
const (
	CodeMissing   = "missing_parameter"
	CodeNoContact = "unknown_contact"
	CodeTooLong   = "content_too_long"
)

// Channel is what is needed of a channel.
type Channel struct {
	Name string
	// CheckContent returns why the channel can't carry a step, as a code and the
	// member that is wrong; it may be nil.
	CheckContent func(*message.Step) (code, param string)
	// Segments counts what a text costs; nil: the channel does not count.
	Segments func(from string, test bool, text string) int
}

// OptOuts knows who wants nothing.
type OptOuts interface {
	OptedOut(message.Owner, message.Identity) (bool, error)
}

// router turns recipients into messages.
type router struct {
	owner    message.Owner
	plan     *message.DistributionPlan
	channels map[string]*Channel
	optOuts  OptOuts
}

// routed is what becomes of one recipient.
type routed struct {
	// chains are the steps of each message.
	chains [][]message.Step
	size   int // of their texts
	// optedOut: there is no message, since the recipient wants none.
	optedOut bool
	// code and param say why there is no message; empty: there are some.
	code, param string
}

// route decides what a recipient is sent. c is the contact, nil where there is
// none. The error is one of the log.
func (r *router) route(p *message.Addressee, c *message.Contact) (routed, error) {
	steps, optedOut, err := r.reach(p, c)
	switch {
	case err != nil:
		return routed{}, err
	case len(steps) == 0 && optedOut:
		return routed{optedOut: true}, nil
	case len(steps) == 0:
		return routed{code: message.CodeUnroutable}, nil
	case r.plan.Mode == message.RouteFirst:
		steps = steps[:1]
	case r.plan.Mode == message.RouteFallback:
		steps = steps[:min(len(steps), maxSteps)]
	}
	size := 0
	for i := range steps {
		code, param := r.fill(&steps[i], p, c, &size)
		if code != "" {
			return routed{code: code, param: param}, nil
		}
	}
	if r.plan.Mode != message.RouteAll {
		return routed{chains: [][]message.Step{steps}, size: size}, nil
	}
	out := routed{size: size}
	for i := range steps {
		out.chains = append(out.chains, steps[i:i+1:i+1])
	}
	return out, nil
}

// reach returns the steps that the recipient can be reached by, in order.
func (r *router) reach(p *message.Addressee, c *message.Contact) (steps []message.Step, optedOut bool, err error) {
	for _, content := range r.order(c) {
		step := *content
		if step.To = addressOf(p, c, step.Channel); step.To == "" {
			continue
		}
		out, err := r.optOuts.OptedOut(r.owner, message.Identity{Channel: step.Channel, Address: step.To})
		if err != nil {
			return nil, false, err
		}
		if out {
			optedOut = true
			continue
		}
		steps = append(steps, step)
	}
	return steps, optedOut, nil
}

// order returns the contents in the order in which they are tried: the
// client's, or the contact's own before what else there is.
func (r *router) order(c *message.Contact) []*message.Step {
	var out []*message.Step
	add := func(channel string) {
		i := slices.IndexFunc(r.plan.Contents, func(s message.Step) bool { return s.Channel == channel })
		if i >= 0 && !slices.Contains(out, &r.plan.Contents[i]) {
			out = append(out, &r.plan.Contents[i])
		}
	}
	if c != nil && !r.plan.Fixed {
		for _, channel := range c.ChannelOrder {
			add(channel)
		}
	}
	for i := range r.plan.Contents {
		add(r.plan.Contents[i].Channel)
	}
	return out
}

func addressOf(p *message.Addressee, c *message.Contact, channel string) string {
	for _, to := range p.To {
		if to.Channel == channel {
			return to.Address
		}
	}
	if c == nil {
		return ""
	}
	return c.Address(channel)
}

// fill renders a step. It returns why the recipient can't be sent it, if so.
func (r *router) fill(step *message.Step, p *message.Addressee, c *message.Contact, size *int) (code, param string) {
	value := func(name string) (string, bool) { return valueOf(p, c, name) }
	put := func(text *string) bool {
		out, missing := render(*text, value)
		*size += len(out)
		switch {
		case missing != "":
			code, param = CodeMissing, missing
		case len(out) > maxContent || *size > maxMessage:
			code, param = CodeTooLong, "content"
		}
		*text = out
		return code == ""
	}
	if !put(&step.Content) {
		return code, param
	}
	step.Params = slices.Clone(step.Params)
	for i := range step.Params {
		if !put(&step.Params[i].Value) {
			return code, param
		}
	}
	if ch := r.channels[step.Channel]; ch != nil && ch.CheckContent != nil {
		return ch.CheckContent(step)
	}
	return "", ""
}

// marks returns what stands for whom a message goes to. Of the messages over
// all channels, a phone number has one on each.
func (r *router) marks(chain []message.Step) (out []message.Mark) {
	for i := range chain {
		at := message.Identity{Channel: chain[i].Channel, Address: chain[i].To}
		space := at.Space()
		if r.plan.Mode == message.RouteAll {
			space = at.Channel
		}
		out = append(out, message.MarkOf("address", space, at.Address))
	}
	return out
}

func markOfContact(id message.ID) message.Mark { return message.MarkOf("contact", string(id[:])) }
