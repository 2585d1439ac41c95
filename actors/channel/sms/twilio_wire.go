package sms

import (
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

// fixedForm returns the part of the form that all messages have alike.
func (a *twilio) fixedForm() []byte {
	form := appendParam(nil, "From", a.from)
	form = appendParam(form, "MessagingServiceSid", a.service)
	return appendParam(form, "StatusCallback", a.statusCallback())
}

// encode appends the form of r. A step that has no form on the wire is an
// [*channel.Error].
func (a *twilio) encode(form []byte, r *channel.Request) ([]byte, error) {
	form = append(form, a.fixed...)
	form = appendParam(form, "To", r.Step.To)
	if r.Expires != 0 {
		seconds := int64(r.Expires.Sub(message.TimeOf(a.now())).Seconds())
		form = append(form, "&ValidityPeriod="...)
		form = strconv.AppendInt(form, min(max(seconds, minValidity), maxValidity), 10)
	}
	return a.fill(form, r.Step)
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

func (a *twilio) fill(form []byte, s *message.Step) ([]byte, error) {
	if text, ok := a.text(s); ok {
		return appendParam(form, "Body", text), nil
	}
	switch s.ContentType {
	case message.Media:
		return appendParam(appendParam(form, "Body", s.Content), "MediaUrl", s.MediaURL), nil
	case message.Template:
		return twilioTemplate(form, s)
	}
	return form, channel.Failed(channel.ContentRejected, "", "SMS carries no "+s.ContentType.String())
}

func twilioTemplate(form []byte, s *message.Step) ([]byte, error) {
	if !isSid("HX", s.TemplateID) {
		return form, channel.Failed(channel.TemplateNotFound, "", "the template's id is no ContentSid")
	}
	form = appendParam(form, "ContentSid", s.TemplateID)
	if len(s.Params) == 0 {
		return form, nil
	}
	variables := make(map[string]string, len(s.Params))
	for _, p := range s.Params {
		variables[p.Name] = p.Value
	}
	text, err := json.Marshal(variables)
	if err != nil {
		return form, channel.Failed(channel.TemplateMismatch, "", "the parameters can't be encoded")
	}
	return appendParam(form, "ContentVariables", string(text)), nil
}

// appendParam leaves out what is empty.
func appendParam(form []byte, name, value string) []byte {
	if value == "" {
		return form
	}
	if len(form) > 0 {
		form = append(form, '&')
	}
	return channel.AppendQuery(append(append(form, name...), '='), value)
}

// twilioCreated is a message as Twilio tells it, in parts of its answer.
type twilioCreated struct {
	sid, status []byte
	errorCode   int
	segments    int // 0: Twilio does not say, as where a messaging service has not chosen a sender yet
}

// readTwilioCreated reads an answer. ok is false where it is none of Twilio's.
func readTwilioCreated(body []byte) (c twilioCreated, ok bool) {
	o := json.ReadObject(body)
	ok = true
	for name, value, more := o.Next(); more; name, value, more = o.Next() {
		text, plain := json.Plain(value)
		switch string(name) {
		case "sid":
			c.sid, ok = text, ok && plain
		case "status":
			c.status, ok = text, ok && (plain || json.IsNull(value))
		case "error_code":
			if json.IsNull(value) {
				break
			}
			code, err := strconv.Atoi(string(value))
			c.errorCode, ok = code, ok && err == nil
		case "num_segments": // a number in a string; null where it isn't known
			if n, err := strconv.ParseUint(string(text), 10, 16); plain && err == nil && n <= maxBody {
				c.segments = int(n)
			}
		}
	}
	return c, ok && o.Whole()
}

// twilioProblem is Twilio's error. It has no SID: one that has is no problem.
type twilioProblem struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Sid     string `json:"sid"`
}
