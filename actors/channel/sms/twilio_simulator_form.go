package sms

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel/sim"
	"messagehub/store/message/json"
)

// twilioRules are the forms of Twilio's parameters.
type twilioRules struct {
	parameters              map[string]bool
	from, service, template *regexp.Regexp
}

func newTwilioRules() *twilioRules {
	r := &twilioRules{
		parameters: make(map[string]bool),
		from:       regexp.MustCompile(`^(\+[1-9][0-9]{6,14}|[0-9]{3,8}|[0-9 +&_-]{0,10}[A-Za-z][A-Za-z0-9 +&_-]{0,10})$`),
		service:    regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`),
		template:   regexp.MustCompile(`^HX[0-9a-fA-F]{32}$`),
	}
	for _, name := range twilioParameters() {
		r.parameters[name] = true
	}
	return r
}

// twilioForm is what the simulated Twilio was sent.
type twilioForm struct {
	args  *fasthttp.Args
	rules *twilioRules
}

func (f *twilioForm) get(name string) string { return string(f.args.Peek(name)) }

// text is what the ledger keeps of the content.
func (f *twilioForm) text() string {
	if id := f.get("ContentSid"); id != "" {
		return strings.TrimSpace(id + " " + f.get("ContentVariables"))
	}
	return f.get("Body")
}

// twilioParameters are those that a message can be created with.
func twilioParameters() []string {
	return []string{
		"AddressRetention", "ApplicationSid", "Attempt", "Body", "ContentRetention", "ContentSid", "ContentVariables",
		"FallbackFrom", "ForceDelivery", "From", "MaxPrice", "MediaUrl", "MessagingServiceSid", "PersistentAction",
		"ProvideFeedback", "RiskCheck", "ScheduleType", "SendAsMms", "SendAt", "ShortenUrls", "SmartEncoded",
		"StatusCallback", "To", "TrafficType", "ValidityPeriod",
	}
}

// check returns what Twilio would refuse the form for.
func (f *twilioForm) check() *twilioFault {
	for _, rule := range []func(*twilioForm) *twilioFault{
		(*twilioForm).names, (*twilioForm).recipient, (*twilioForm).sender, (*twilioForm).content, (*twilioForm).media, (*twilioForm).template, (*twilioForm).options,
	} {
		if r := rule(f); r != nil {
			return r
		}
	}
	return nil
}

// names refuses parameters that do not exist: see [twilioSimulator].
func (f *twilioForm) names() *twilioFault {
	for name := range f.args.All() {
		if !f.rules.parameters[string(name)] {
			return twilioNo(400, 20001, "Unknown parameter "+string(name))
		}
	}
	return nil
}

// recipient knows the numbers that Twilio reserves for test credentials.
func (f *twilioForm) recipient() *twilioFault {
	switch to := f.get("To"); to {
	case "":
		return twilioNo(400, 21604, "A 'To' phone number is required.")
	case "+15005550001":
		return twilioNo(400, 21211, "The 'To' number "+to+" is not a valid phone number.")
	case "+15005550002":
		return twilioNo(400, 21612, "The 'To' phone number "+to+" is not currently reachable via SMS.")
	case "+15005550003":
		return twilioNo(400, 21408, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: "+to)
	case "+15005550004":
		return twilioNo(400, 21610, "Attempt to send to unsubscribed recipient")
	case "+15005550009":
		return twilioNo(400, 21614, "'To' number is not a valid mobile number: "+to)
	default:
		if !strings.HasPrefix(to, sim.Reserved) && !isTwilioPhone(to) {
			return twilioNo(400, 21211, "The 'To' number "+to+" is not a valid phone number.")
		}
	}
	return nil
}

// isTwilioPhone reports whether text is a phone number as Twilio takes it: a
// plus and 7 to 15 digits, the first of them not 0.
func isTwilioPhone(text string) bool {
	if len(text) < 8 || len(text) > 16 || text[0] != '+' || text[1] == '0' {
		return false
	}
	for _, c := range []byte(text[1:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

func (f *twilioForm) sender() *twilioFault {
	from, service := f.get("From"), f.get("MessagingServiceSid")
	switch {
	case from == "" && service == "":
		return twilioNo(400, 21603, "A 'From' phone number is required.")
	case service != "" && !f.rules.service.MatchString(service):
		return twilioNo(400, 21705, "The Messaging Service is invalid")
	case from == "+15005550001":
		return twilioNo(400, 21212, "The 'From' number "+from+" is not a valid phone number, shortcode, or alphanumeric sender ID.")
	case from == "+15005550007":
		return twilioNo(400, 21606, "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination.")
	case from == "+15005550008":
		return twilioNo(429, 21611, "This 'From' number has exceeded the maximum number of queued messages")
	case from != "" && !isTwilioPhone(from) && (!f.rules.from.MatchString(from) || from[0] != '+' && len(from) > 11):
		return twilioNo(400, 21212, "The 'From' number "+from+" is not a valid phone number, shortcode, or alphanumeric sender ID.")
	}
	return nil
}

func (f *twilioForm) content() *twilioFault {
	body := f.get("Body")
	switch {
	case body == "" && !f.args.Has("MediaUrl") && !f.args.Has("ContentSid"):
		return twilioNo(400, 21602, "Message body is required.")
	case utf8.RuneCountInString(body) > 1600:
		return twilioNo(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
	case !utf8.ValidString(body):
		return twilioNo(400, 21618, "The message body cannot be sent.")
	}
	return nil
}

func (f *twilioForm) media() *twilioFault {
	urls := f.args.PeekMulti("MediaUrl")
	if len(urls) > 10 {
		return twilioNo(400, 21623, "Number of media files exceeds allowed limit.")
	}
	for _, u := range urls {
		if !isURL(string(u)) {
			return twilioNo(400, 21620, "Invalid media URL(s)")
		}
	}
	return nil
}

func (f *twilioForm) template() *twilioFault {
	id, variables := f.get("ContentSid"), f.get("ContentVariables")
	switch {
	case id == "" && variables != "":
		return twilioNo(400, 21654, "ContentSid Required")
	case id != "" && !f.rules.template.MatchString(id):
		return twilioNo(400, 21655, "The ContentSid is Invalid")
	case variables == "":
		return nil
	}
	var values map[string]string
	err := json.Unmarshal([]byte(variables), &values)
	if err != nil || values == nil {
		return twilioNo(400, 21656, "The ContentVariables Parameter is invalid")
	}
	for _, v := range values {
		if v == "" {
			return twilioNo(400, 21656, "The ContentVariables Parameter is invalid")
		}
	}
	return nil
}

func (f *twilioForm) options() *twilioFault {
	u, overrides, _ := strings.Cut(f.get("StatusCallback"), "#")
	if u != "" && !isURL(u) || !isOverrides(overrides) {
		return twilioNo(400, 21609, "The StatusCallback URL "+u+" is not a valid URL.")
	}
	if text := f.get("ValidityPeriod"); text != "" {
		if n, err := strconv.Atoi(text); err != nil || n < 1 || n > 36000 {
			return twilioNo(400, 21624, "Invalid validity period value")
		}
	}
	return nil
}

// isURL reports whether text is an http(s) URL whose host Twilio accepts.
func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && !strings.Contains(u.Hostname(), "_")
}

// isOverrides reports whether text, the fragment of a callback's address, says
// how Twilio is to connect.
func isOverrides(text string) bool {
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		n, err := strconv.Atoi(value)
		switch {
		case pair == "" && text == "":
		case name == "rc" && err == nil && n >= 0 && n <= 5:
		case name == "ct" && err == nil && n >= 100 && n <= 10_000:
		case (name == "rt" || name == "tt") && err == nil && n >= 100 && n <= 15_000:
		case name == "rp" && slices.Contains([]string{"4xx", "5xx", "ct", "rt", "all"}, value):
		default:
			return false
		}
	}
	return true
}
