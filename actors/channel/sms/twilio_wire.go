package sms

import (
	"net/url"
	"strconv"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// Twilio's bounds on ValidityPeriod, in seconds.
const (
	minValidity = 1
	maxValidity = 36_000
)

// encode makes the form of r. A step that has no form on the wire is an
// [*channel.Error].
func (a *twilio) encode(r *channel.Request) (string, error) {
	form := url.Values{"To": {r.Step.To}}
	set(form, "From", a.from)
	set(form, "MessagingServiceSid", a.service)
	set(form, "StatusCallback", a.statusCallback())
	if r.Expires != 0 {
		seconds := int64(r.Expires.Sub(message.TimeOf(a.now())).Seconds())
		form.Set("ValidityPeriod", strconv.FormatInt(min(max(seconds, minValidity), maxValidity), 10))
	}
	if err := a.fill(form, r.Step); err != nil {
		return "", err
	}
	return form.Encode(), nil
}

// retryCallbacks makes Twilio repeat a callback up to five times, whatever went
// wrong with it; of itself it repeats one once, if it could not connect. It is
// a fragment, of which the relay sees nothing.
const retryCallbacks = "#rc=5&rp=all"

// statusCallback is where Twilio is to report to.
func (a *twilio) statusCallback() string {
	if a.callbackURL == "" || !a.retries {
		return a.callbackURL
	}
	return a.callbackURL + retryCallbacks
}

func (a *twilio) fill(form url.Values, s *message.Step) error {
	if _, text, ok := a.text(s); ok {
		form.Set("Body", text)
		return nil
	}
	switch s.ContentType {
	case message.Media:
		set(form, "Body", s.Content)
		form.Set("MediaUrl", s.MediaURL)
		return nil
	case message.Template:
		return twilioTemplate(form, s)
	}
	return channel.Failed(channel.ContentRejected, "", "SMS carries no "+s.ContentType.String())
}

func twilioTemplate(form url.Values, s *message.Step) error {
	if !isSid("HX", s.TemplateID) {
		return channel.Failed(channel.TemplateNotFound, "", "the template's id is no ContentSid")
	}
	form.Set("ContentSid", s.TemplateID)
	if len(s.Params) == 0 {
		return nil
	}
	variables := make(map[string]string, len(s.Params))
	for _, p := range s.Params {
		variables[p.Name] = p.Value
	}
	text, err := json.Marshal(variables)
	if err != nil {
		return channel.Failed(channel.TemplateMismatch, "", "the parameters can't be encoded")
	}
	form.Set("ContentVariables", string(text))
	return nil
}

// set leaves out what is empty.
func set(form url.Values, name, value string) {
	if value != "" {
		form.Set(name, value)
	}
}

// twilioCreated is a message as Twilio tells it.
type twilioCreated struct {
	Sid       string          `json:"sid"`
	Status    string          `json:"status"`
	ErrorCode int             `json:"error_code"`
	Segments  json.RawMessage `json:"num_segments"` // a number in a string; null where it isn't known
}

// segments returns how many segments Twilio counted: 0 if it does not say,
// as when a messaging service has not chosen a sender yet.
func (c *twilioCreated) segments() int {
	var text string
	if json.Unmarshal(c.Segments, &text) != nil {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxBody {
		return 0
	}
	return n
}

// twilioProblem is Twilio's error. It has no SID: one that has is no problem.
type twilioProblem struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Sid     string `json:"sid"`
}
