package whatsapp

import (
	"net/http"
	"strconv"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// graphError is Meta's error, in an answer or in a status.
type graphError struct {
	Number    *int   `json:"code"`
	Subcode   int    `json:"error_subcode"`
	Title     string `json:"title"`
	Message   string `json:"message"`
	Transient bool   `json:"is_transient"`
	Data      struct {
		Details string `json:"details"`
	} `json:"error_data"`
}

// noSuchObject is the subcode of code 100 for a phone number id that does not
// exist or that the token may not use.
const noSuchObject = 33

// Pauses after which a passing failure is tried again, where Meta names none.
const (
	pairSpacing = 6 * time.Second // messages to one recipient
	maintenance = time.Minute     // code 131057
	afterFault  = 30 * time.Second
	afterLimit  = time.Minute
)

// classify returns the contract's code for Meta's, or "" if it is not known.
// Meta's HTTP status says nothing that the code does not.
func classify(code int) channel.Code {
	switch code {
	case 1, 131000:
		return channel.ProviderError
	case 2, 131016, 131057, 133004:
		return channel.ProviderUnavailable
	case 4, 80007, 130429, 133016:
		return channel.RateLimited
	case 131056:
		return channel.RecipientRateLimited
	case 131048, 131064:
		return channel.SenderRestricted
	case 33, 368, 131031, 131037, 131042, 131045, 133010, 134011:
		return channel.SenderRestricted
	case 0, 3, 10, 190, 131005:
		return channel.BadCredentials
	}
	if code >= 200 && code <= 299 {
		return channel.BadCredentials
	}
	if c := classifyRecipient(code); c != "" {
		return c
	}
	return classifyContent(code)
}

func classifyRecipient(code int) channel.Code {
	switch code {
	case 131026:
		return channel.NotOnChannel
	case 131021:
		return channel.InvalidRecipient
	case 130403:
		return channel.Blocked
	case 131050:
		return channel.OptedOut
	case 130472, 130497:
		return channel.Restricted
	case 131049:
		return channel.MarketingCap
	case 131047:
		return channel.WindowClosed
	}
	return ""
}

func classifyContent(code int) channel.Code {
	switch code {
	case 132001:
		return channel.TemplateNotFound
	case 132000, 132012, 132018:
		return channel.TemplateMismatch
	case 132015, 132016, 132068, 132069:
		return channel.TemplatePaused
	case 132005:
		return channel.ContentTooLong
	case 100, 131008, 131009, 131051, 132007, 134100, 134101, 134102, 135000:
		return channel.ContentRejected
	case 131063:
		return channel.SenderMisconfigured
	case 131052, 131053:
		return channel.MediaUnavailable
	}
	return ""
}

// code returns the contract's code of e, or "".
func (e *graphError) code() channel.Code {
	switch {
	case e.Number == nil:
		return ""
	case *e.Number == 100 && e.Subcode == noSuchObject:
		return channel.BadCredentials
	}
	return classify(*e.Number)
}

// number returns Meta's code as text, empty without one.
func (e *graphError) number() string {
	if e.Number == nil {
		return ""
	}
	return strconv.Itoa(*e.Number)
}

// text returns what says most.
func (e *graphError) text() string {
	if e.Data.Details != "" {
		return e.Data.Details
	}
	if e.Message != "" {
		return e.Message
	}
	return e.Title
}

// pause returns how long e itself asks to wait.
func (e *graphError) pause() time.Duration {
	switch e.number() {
	case "131056":
		return pairSpacing
	case "131057":
		return maintenance
	}
	return 0
}

// failed makes the error of an answer.
func (e *graphError) failed(a *channel.Answer) *channel.Error {
	code := e.code()
	if code == "" {
		code = e.unknown(a.Status)
	}
	out := channel.Failed(code, e.number(), e.text())
	out.RetryAfter = max(a.RetryAfter, e.pause())
	if code == channel.RateLimited {
		out.RetryAfter = max(out.RetryAfter, regain(a.Header.Get(usageHeader)))
	}
	return out
}

// unknown classifies a code that is not in the table by what else is known.
func (e *graphError) unknown(status int) channel.Code {
	switch {
	case e.Transient || status >= 500:
		return channel.ProviderError
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return channel.BadCredentials
	case status == http.StatusTooManyRequests:
		return channel.RateLimited
	}
	return channel.ContentRejected
}

// failure makes the failure of a status. pause is positive if it is passing.
func (e *graphError) failure() (f *message.Failure, pause time.Duration) {
	code := e.code()
	if code == "" {
		code = e.unknown(0)
	}
	switch channel.Rules()[code].Action {
	case channel.Again:
		pause = max(e.pause(), afterFault)
	case channel.SlowSender:
		pause = max(e.pause(), afterLimit)
	case channel.SlowRecipient:
		pause = e.pause()
	}
	return channel.Failed(code, e.number(), e.text()).Failure(), pause
}

// usageHeader tells, in minutes, when a limited account may go on.
const usageHeader = "X-Business-Use-Case-Usage"

// maxRegain bounds what usageHeader can ask for.
const maxRegain = 24 * time.Hour

// regain reads usageHeader.
func regain(text string) time.Duration {
	if text == "" {
		return 0
	}
	var accounts map[string][]struct {
		Minutes int `json:"estimated_time_to_regain_access"`
	}
	if json.Unmarshal([]byte(text), &accounts) != nil {
		return 0
	}
	longest := 0
	for _, usages := range accounts {
		for _, u := range usages {
			longest = max(longest, u.Minutes)
		}
	}
	return min(time.Duration(min(longest, 1<<20))*time.Minute, maxRegain)
}
