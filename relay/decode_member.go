package relay

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"messagehub/store/message"
)

// member reads the value of a member; it is not null.
func (d *draft) member(p place, m member) {
	switch m {
	case memberFallback:
		d.readFallback()
	case memberChannels:
		d.readChannels()
	case memberOn:
		d.readOn()
	case memberTemplateParams:
		d.readParams(p)
	case memberMetadata:
		d.readMetadata()
	case memberStrict:
		if d.scan.peek() != kindBool {
			d.mistyped(p, m, "true or false")
			return
		}
		d.strict = d.scan.literal() == "true" || d.strict
	case memberTimeout:
		d.plan(p).timeout = d.whole(p, m, minTimeout, maxTimeout)
	case memberExpiresIn:
		d.out.ExpiresIn = time.Duration(d.whole(p, m, minExpiry, maxExpiry)) * time.Second
	default:
		if d.scan.peek() != kindString {
			d.mistyped(p, m, "a string")
			return
		}
		d.text(p, m, d.scan.str())
	}
}

// Bounds of the durations, in seconds.
const (
	minTimeout, maxTimeout = 5, 259_200
	minExpiry, maxExpiry   = 1, 604_800
)

// whole reads a whole number between two bounds.
func (d *draft) whole(p place, m member, least, most int64) int64 {
	if d.scan.peek() != kindNumber {
		d.mistyped(p, m, "a whole number of seconds")
		return 0
	}
	text := d.scan.number()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && strings.ContainsAny(text, ".eE") {
		d.wrong(p, m, InvalidType, "must be a whole number of seconds, not "+shorten(text))
		return 0
	}
	if err != nil || n < least || n > most {
		d.wrong(p, m, InvalidParameter, "must be from "+strconv.FormatInt(least, 10)+" to "+
			strconv.FormatInt(most, 10)+" seconds, not "+shorten(text))
		return 0
	}
	return n
}

// text takes the value of a member that is a string.
func (d *draft) text(p place, m member, value string) {
	switch m {
	case memberScheduledAt:
		d.readSchedule(value)
	case memberReference:
		if d.line(p, m, value, 4*maxReference) && utf8.RuneCountInString(value) > maxReference {
			d.wrong(p, m, InvalidParameter, "must have at most "+strconv.Itoa(maxReference)+" characters")
		}
		d.out.Reference = value
	case memberContactID:
		d.contactID = value
	case memberPriority:
		priority, ok := message.ParsePriority(value)
		if !ok {
			d.unlisted(p, m, InvalidParameter, value, []string{"high", "normal", "bulk"})
		}
		d.out.Priority = priority
	case memberLateReceipt:
		if value != "cancel" && value != "continue" {
			d.unlisted(p, m, InvalidParameter, value, []string{"cancel", "continue"})
		}
		d.out.KeepLate = value == "continue"
	case memberOnUnknown:
		d.readUnknown(value)
	case memberSuccessStatus:
		d.readSuccess(p, value)
	default:
		d.stepText(p, m, value)
	}
}

// stepText takes the value of a member that is a part of a step.
func (d *draft) stepText(p place, m member, value string) {
	step := &d.steps[p]
	switch m {
	case memberTo:
		step.To = value
	case memberChannel:
		step.Channel = value
	case memberContent:
		step.Content = value
		if len(value) > maxContent {
			d.wrong(p, m, ContentTooLong, "is longer than "+strconv.Itoa(maxContent)+" bytes")
		}
		return
	case memberContentType:
		kind, ok := message.ParseContentType(value)
		if !ok || kind == message.NoContentType {
			d.unlisted(p, m, UnsupportedType, value, []string{"text", "template", "media", "brandmessage"})
		}
		step.ContentType = kind
		return
	case memberTemplateID:
		step.TemplateID = value
	case memberTemplateLanguage:
		step.TemplateLanguage = value
	case memberMediaURL:
		d.readURL(p, value)
		return
	case memberMediaType:
		if value != "image" && value != "video" && value != "audio" && value != "document" {
			d.unlisted(p, m, InvalidParameter, value, []string{"image", "video", "audio", "document"})
		}
		step.MediaType = value
		return
	case memberFilename:
		step.Filename = value
		if strings.ContainsAny(value, `/\`) {
			d.wrong(p, m, InvalidParameter, "must be a name without a path")
		}
	case memberFrom:
		step.From = value
	}
	d.line(p, m, value, maxAddress)
}

// line checks that a value is one line of bounded length.
func (d *draft) line(p place, m member, value string, most int) bool {
	if len(value) > most {
		d.wrong(p, m, InvalidParameter, "is longer than "+strconv.Itoa(most)+" bytes")
		return false
	}
	for i := 0; i < len(value); i++ {
		if value[i] < ' ' || value[i] == 0x7f {
			d.wrong(p, m, InvalidParameter, "must not hold control characters")
			return false
		}
	}
	return true
}

func (d *draft) readURL(p place, value string) {
	d.steps[p].MediaURL = value
	switch {
	case len(value) > maxURL:
		d.wrong(p, memberMediaURL, InvalidParameter, "is longer than "+strconv.Itoa(maxURL)+" bytes")
	case value != "" && !isWebAddress(value):
		d.wrong(p, memberMediaURL, InvalidParameter, "must be an absolute http or https URL, with everything beyond ASCII escaped and no password in it")
	}
}

// isWebAddress reports whether s is an http or https URL that names a host.
func isWebAddress(s string) bool {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' {
			return false
		}
	}
	host := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		host = rest[:end]
	}
	return host != "" && host[0] != ':' && !strings.Contains(host, "@")
}

// How far from now a message may be scheduled. One that is a little late is
// sent at once: clocks differ.
const (
	maxAhead  = 30 * 24 * time.Hour
	maxBehind = 5 * time.Minute
)

func (d *draft) readSchedule(value string) {
	const m = memberScheduledAt
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		d.wrong(inMessage, m, InvalidParameter, "must be a time such as 2026-01-31T12:00:00Z, not "+strconv.Quote(shorten(value)))
		return
	}
	t := message.TimeOf(at)
	switch ahead := t.Sub(d.at); {
	case ahead > maxAhead:
		d.wrong(inMessage, m, InvalidParameter, "must be at most 30 days ahead")
	case ahead < -maxBehind:
		d.wrong(inMessage, m, InvalidParameter, "is in the past")
	case ahead > 0:
		d.out.ScheduledAt = t
	}
}
