package line

import (
	"strings"

	"messagehub/actors/channel"
	"messagehub/store/message/json"
)

const (
	requestHeader  = "X-Line-Request-Id"
	acceptedHeader = "X-Line-Accepted-Request-Id"
	maxID          = 128
)

// response is LINE's answer, a yes or a no.
type response struct {
	Sent []struct {
		ID string `json:"id"`
	} `json:"sentMessages"`
	Message string `json:"message"`
	Details []struct {
		Message  string `json:"message"`
		Property string `json:"property"`
	} `json:"details"`
}

// pushed makes the outcome of a push. A 409 says that the retry key was taken
// before: the message is on its way already.
func pushed(a *channel.Answer) (channel.Acceptance, error) {
	var r response
	if json.Unmarshal(a.Body, &r) != nil {
		return channel.Acceptance{}, a.ByStatus()
	}
	id := ""
	if len(r.Sent) > 0 {
		id = r.Sent[0].ID
	}
	before := a.Status == 409 && strings.Contains(r.Message, "retry key is already accepted")
	if before && id == "" {
		id = a.Header.Get(acceptedHeader)
	}
	switch {
	case usable(id) && (a.Status == 200 || before):
		return channel.Acceptance{ProviderID: strings.Clone(id)}, nil
	case before || len(r.Sent) > 0:
		return channel.Acceptance{}, channel.Failed(channel.OutcomeUnknown, "", "the answer contradicts itself")
	}
	return channel.Acceptance{}, refused(a)
}

// notified makes the outcome of a notification message: a yes has no body, and
// only the id of the request.
func notified(a *channel.Answer) (channel.Acceptance, error) {
	if id := a.Header.Get(requestHeader); a.Status == 200 && usable(id) {
		return channel.Acceptance{ProviderID: id}, nil
	}
	e := refused(a)
	if a.Status >= 500 { // without a retry key, it may have been sent
		e.Code = channel.OutcomeUnknown
	}
	return channel.Acceptance{}, e
}

// usable reports whether id can be stored as a message's id.
func usable(id string) bool { return id != "" && len(id) <= maxID && channel.Clean(id) == id }

// refused makes the error of a no. LINE has no codes: the status and the
// first words of the message say what is wrong.
func refused(a *channel.Answer) *channel.Error {
	var r response
	if json.Unmarshal(a.Body, &r) != nil || r.Message == "" || a.Status < 400 {
		return a.ByStatus()
	}
	text := r.Message
	if len(r.Details) > 0 {
		text += ": " + r.Details[0].Property + " " + r.Details[0].Message
	}
	e := channel.Failed(classify(a.Status, r.Message), "HTTP "+statusText(a.Status), text)
	e.RetryAfter = a.RetryAfter
	return e
}

func statusText(status int) string {
	return string([]byte{byte('0' + status/100%10), byte('0' + status/10%10), byte('0' + status%10)})
}

// known is a part of LINE's message, and what it means under a status.
type known struct {
	status int
	part   string
	code   channel.Code
}

func words() []known {
	return []known{
		{400, "Failed to send messages", channel.NotOnChannel},
		{400, "'to'", channel.InvalidRecipient},
		{429, "monthly limit", channel.QuotaExceeded},
	}
}

func classify(status int, text string) channel.Code {
	for _, row := range words() {
		if row.status == status && strings.Contains(text, row.part) {
			return row.code
		}
	}
	switch status {
	case 401:
		return channel.BadCredentials
	case 403:
		return channel.SenderMisconfigured
	case 404, 422:
		return channel.NotOnChannel
	case 413:
		return channel.ContentTooLong
	case 429:
		return channel.RateLimited
	}
	if status >= 500 {
		return channel.ProviderError
	}
	return channel.ContentRejected
}
