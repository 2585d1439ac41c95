package relay

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"messagehub/store/message"
)

// Bounds of a distribution.
const (
	maxAudience      = 20 // tags
	maxPerSecond     = 10_000
	maxParamValue    = 4096 // bytes
	minutesOfDay     = 24 * 60
	distributeScopes = "content, recipients, audience, routing, rate, window, scheduledAt, expiresIn, reference"
)

// distributionDraft is a distribution being read, and all that is wrong with it.
//
// Ownership: what the client wrote of recipients borrows the body and the draft.
type distributionDraft struct {
	reader *reader
	// carriers are the channels as they are when the request comes.
	carriers []carrier
	key      *Key
	at       message.Time
	scan     scanner

	request  message.DistributionRequest
	contents []rawContent // as they are written
	routing  routing
	// refused counts the recipients whose values are wrong, invalid lists them.
	refused  int
	invalid  []message.InvalidRecipient
	brought  int // recipients in the request
	faults   []Fault
	warnings []Fault
}

// rawContent is a member of content: its name, and the object's text.
type rawContent struct {
	name string
	text []byte
}

// routing is what the request says about its channels.
type routing struct {
	mode     bool // is given
	channels []string
	success  message.Status
	timeout  time.Duration
}

// readDistribution reads a body. The answer's faults are empty if it is good.
func (r *reader) readDistribution(body []byte, key *Key, at message.Time) *distributionDraft {
	d := &distributionDraft{reader: r, carriers: *r.carriers.Load(), key: key, at: at}
	d.request = message.DistributionRequest{
		Owner: message.Owner{Workspace: key.Workspace, Test: key.Test}, At: at, Salt: rand.Uint64() & (1<<44 - 1),
		Plan: message.DistributionPlan{ExpiresIn: message.DefaultExpiresIn},
	}
	s := &d.scan
	s.reset(body)
	if len(body) == 0 {
		s.fail("it is empty")
	}
	k := s.peek()
	if k == kindObject {
		d.members("", strings.Split(distributeScopes, ", "), d.member)
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
		d.wrong("", InvalidType, "The body must be a JSON object, not "+k.String()+".")
	default:
		d.settle()
	}
	return d
}

// member reads one member of the body.
func (d *distributionDraft) member(name string) {
	p := &d.request.Plan
	switch name {
	case "content":
		d.object(name, nil, d.content)
	case "recipients":
		d.recipients()
	case "audience":
		d.object(name, []string{"tags"}, func(string) { d.tags("audience.tags") })
	case "routing":
		d.object(name, []string{"mode", "channels", "successStatus", "timeout"}, d.route)
	case "rate":
		d.object(name, []string{"perSecond"}, func(string) { p.PerSecond = d.whole("rate.perSecond", "messages", 1, maxPerSecond) })
	case "window":
		d.window()
	case "scheduledAt":
		if text, ok := d.text(name); ok {
			d.schedule(text)
		}
	case "expiresIn":
		p.ExpiresIn = time.Duration(d.whole(name, "seconds", minExpiry, maxExpiry)) * time.Second
	case "reference":
		if text, ok := d.text(name); ok && d.line(name, text, 4*maxReference) {
			if p.Reference = text; utf8.RuneCountInString(text) > maxReference {
				d.wrong(name, InvalidParameter, "reference must have at most "+strconv.Itoa(maxReference)+" characters.")
			}
		}
	}
}

// route reads one member of routing.
func (d *distributionDraft) route(name string) {
	param := "routing." + name
	switch name {
	case "mode":
		text, ok := d.text(param)
		d.routing.mode = true
		if mode, known := message.ParseRoutingMode(text); known {
			d.request.Plan.Mode = mode
		} else if ok {
			d.unlisted(param, InvalidParameter, text, message.RoutingModes())
		}
	case "channels":
		d.list(param, func(param, channel string) {
			for _, known := range d.routing.channels {
				if known == channel {
					d.wrong(param, DuplicateMember, param+" names "+channel+" again.")
					return
				}
			}
			d.routing.channels = append(d.routing.channels, channel)
		})
	case "successStatus":
		text, ok := d.text(param)
		switch text {
		case "sent":
			d.routing.success = message.Sent
		case "delivered":
			d.routing.success = message.Delivered
		case "read":
			d.routing.success = message.Read
		default:
			if ok {
				d.unlisted(param, InvalidParameter, text, []string{"sent", "delivered", "read"})
			}
		}
	case "timeout":
		d.routing.timeout = time.Duration(d.whole(param, "seconds", minTimeout, maxTimeout)) * time.Second
	}
}

// tags reads whom the audience is.
func (d *distributionDraft) tags(param string) {
	p := &d.request.Plan
	d.list(param, func(param, tag string) {
		switch {
		case tag == "":
			d.wrong(param, InvalidParameter, param+" is empty.")
		case len(p.Tags) == maxAudience:
			d.wrong("audience.tags", InvalidParameter, "audience.tags has more than "+strconv.Itoa(maxAudience)+" tags.")
		case contains(p.Tags, tag):
			d.wrong(param, DuplicateMember, param+" names "+strconv.Quote(shorten(tag))+" again.")
		case d.line(param, tag, maxTag):
			p.Tags = append(p.Tags, tag)
		}
	})
}

// window reads the part of the day in which messages may go out.
func (d *distributionDraft) window() {
	w := &d.request.Plan.Window
	w.Zone, w.Default = "", "UTC"
	seen := map[string]bool{}
	good := d.object("window", []string{"from", "to", "timezone", "defaultTimezone"}, func(name string) {
		seen[name] = true
		param := "window." + name
		text, ok := d.text(param)
		if !ok {
			return
		}
		switch name {
		case "from":
			w.From = d.minute(param, text)
		case "to":
			w.To = d.minute(param, text)
		case "timezone":
			if w.Zone = text; text != message.RecipientZone {
				d.zone(param, text)
			}
		case "defaultTimezone":
			w.Default = text
			d.zone(param, text)
		}
	})
	for _, name := range []string{"from", "to", "timezone"} {
		if good && !seen[name] {
			d.wrong("window."+name, MissingParameter, "window."+name+" is missing.")
		}
	}
	if seen["from"] && seen["to"] && w.From == w.To && len(d.faults) == 0 {
		d.wrong("window.to", InvalidParameter, "window.to must not be window.from: the window would be always open, or never.")
	}
	if seen["defaultTimezone"] && w.Zone != message.RecipientZone {
		d.wrong("window.defaultTimezone", InvalidParameter, `window.defaultTimezone goes with "timezone": "recipient" alone.`)
	}
}

// minute reads a time of the day.
func (d *distributionDraft) minute(param, text string) int {
	t, err := time.Parse("15:04", text)
	switch {
	case text == "24:00" && strings.HasSuffix(param, ".to"):
		return 0 // the midnight at which the next day begins
	case err != nil || len(text) != len("15:04"):
		d.wrong(param, InvalidParameter, param+" must be a time of the day such as 09:00, not "+strconv.Quote(shorten(text))+".")
	}
	return (t.Hour()*60 + t.Minute()) % minutesOfDay
}

func (d *distributionDraft) zone(param, text string) {
	if !isTimezone(text) || text == "" {
		d.wrong(param, InvalidParameter, param+" must be an IANA name such as Asia/Seoul, not "+strconv.Quote(shorten(text))+".")
	}
}

func (d *distributionDraft) schedule(text string) {
	const param = "scheduledAt"
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		d.wrong(param, InvalidParameter, "scheduledAt must be a time such as 2026-01-31T12:00:00Z, not "+strconv.Quote(shorten(text))+".")
		return
	}
	t := message.TimeOf(at)
	switch ahead := t.Sub(d.at); {
	case ahead > maxAhead:
		d.wrong(param, InvalidParameter, "scheduledAt must be at most 30 days ahead.")
	case ahead < -maxBehind:
		d.wrong(param, InvalidParameter, "scheduledAt is in the past.")
	case ahead > 0:
		d.request.Plan.ScheduledAt = t
	}
}
