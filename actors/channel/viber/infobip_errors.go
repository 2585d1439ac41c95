package viber

import (
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// The groups of Infobip's statuses.
const (
	groupOK            = "OK"
	groupAccepted      = "ACCEPTED"
	groupPending       = "PENDING"
	groupUndeliverable = "UNDELIVERABLE"
	groupDelivered     = "DELIVERED"
	groupExpired       = "EXPIRED"
	groupRejected      = "REJECTED"
)

// infobipStatus is where a message is, in an answer or a report.
type infobipStatus struct {
	GroupID     int    `json:"groupId"`
	GroupName   string `json:"groupName"`
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// infobipError is why it is there.
type infobipError struct {
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Permanent   bool   `json:"permanent"`
}

// group returns the status's group by name, by number where it has none.
func (s *infobipStatus) group() string {
	if s.GroupName != "" {
		return s.GroupName
	}
	return [...]string{groupOK, groupPending, groupUndeliverable, groupDelivered, groupExpired, groupRejected, ""}[min(uint(s.GroupID), 6)]
}

// accepted reports whether Infobip has the message. A status that is missing
// is as good as one of the group OK.
func (s *infobipStatus) accepted() bool {
	switch s.group() {
	case groupOK, groupAccepted, groupPending, groupDelivered:
		return true
	}
	return false
}

// refused reports whether the message has failed.
func (s *infobipStatus) refused() bool {
	switch s.group() {
	case groupUndeliverable, groupExpired, groupRejected:
		return true
	}
	return false
}

// duplicate reports whether Infobip refused the message because it has it.
func (s *infobipStatus) duplicate(e *infobipError) bool {
	return s.refused() && (s.ID == 23 || e.ID == 7280)
}

// code returns the contract's code of a message that has failed: of its error,
// else of its status, else of what they are like.
func (s *infobipStatus) code(e *infobipError) channel.Code {
	if code := codeOfError(e.ID); code != "" {
		return code
	}
	if code := codeOfStatus(s.ID); code != "" {
		return code
	}
	switch group := s.group(); {
	case group == groupExpired:
		return channel.DeliveryExpired
	case group == groupUndeliverable && e.Permanent:
		return channel.NotOnChannel
	case group == groupUndeliverable:
		return channel.Unreachable
	}
	return channel.ContentRejected
}

// codeOfStatus returns the contract's code for the number of a status, or ""
// if it says no more than its group.
func codeOfStatus(id int) channel.Code {
	switch id {
	case 21:
		return channel.ProviderError
	case 100:
		return channel.ProviderUnavailable
	case 8, 51, 52:
		return channel.InvalidRecipient
	case 10:
		return channel.OptedOut
	case 14:
		return channel.Restricted
	case 20:
		return channel.MarketingCap
	case 15, 29:
		return channel.DeliveryExpired
	case 25:
		return channel.ContentTooLong
	case 6, 18:
		return channel.SenderMisconfigured
	case 11, 12, 13, 17, 19:
		return channel.SenderRestricted
	}
	return ""
}

// codeOfError returns the contract's code for the number of an error of chat
// apps, or "" if it is not known.
func codeOfError(id int) channel.Code {
	switch id {
	case 7017:
		return channel.RateLimited
	case 7050, 7051, 7052, 7080:
		return channel.ProviderError
	case 7082:
		return channel.ProviderUnavailable
	case 7002, 7025, 7201:
		return channel.NotOnChannel
	case 7003, 7030:
		return channel.Blocked
	case 7016:
		return channel.MarketingCap
	case 7010:
		return channel.WindowClosed
	case 7004, 7005:
		return channel.BadCredentials
	case 7011, 7019:
		return channel.SenderRestricted
	case 7012, 7081, 7083:
		return channel.SenderMisconfigured
	}
	return codeOfContentError(id)
}

func codeOfContentError(id int) channel.Code {
	switch id {
	case 7006, 7007:
		return channel.ContentRejected
	case 7008:
		return channel.TemplateMismatch
	case 7009:
		return channel.TemplateNotFound
	case 7013, 7014, 7015, 7022:
		return channel.MediaRejected
	case 7027:
		return channel.Filtered
	}
	return ""
}

// failed makes the error of a message that has failed.
func (s *infobipStatus) failed(e *infobipError) *channel.Error {
	number, name, text := s.ID, s.Name, s.Description
	if e.ID != 0 {
		number, name, text = e.ID, e.Name, e.Description
	}
	if text == "" {
		text = name
	}
	code := ""
	if number != 0 {
		code = strconv.Itoa(number)
	}
	return channel.Failed(s.code(e), code, text)
}

// Pauses after which a failure that Infobip reports as passing is tried again.
const (
	afterFault = 30 * time.Second
	afterLimit = time.Minute
)

// failure makes the failure of a report. pause is positive if it is passing.
func (s *infobipStatus) failure(e *infobipError) (f *message.Failure, pause time.Duration) {
	out := s.failed(e)
	switch channel.Rules()[out.Code].Action {
	case channel.Again:
		pause = afterFault
	case channel.SlowSender:
		pause = afterLimit
	}
	return out.Failure(), pause
}

// infobipRefusal is the body of an answer that is not a 200, in the form of
// today or in the older one.
type infobipRefusal struct {
	Code        string `json:"errorCode"`
	Description string `json:"description"`
	Violations  []struct {
		Property  string `json:"property"`
		Violation string `json:"violation"`
	} `json:"violations"`
	Older struct {
		Exception struct {
			Code string `json:"messageId"`
			Text string `json:"text"`
		} `json:"serviceException"`
	} `json:"requestError"`
}

// infobipProblem makes the error of an answer that is not a 200. Its HTTP
// status says which it is.
func infobipProblem(a *channel.Answer) *channel.Error {
	out := a.ByStatus()
	var r infobipRefusal
	if json.Unmarshal(a.Body, &r) != nil {
		return out
	}
	code, text := r.Code, r.Description
	if code == "" {
		code, text = r.Older.Exception.Code, r.Older.Exception.Text
	}
	if code == "" {
		return out
	}
	if len(r.Violations) > 0 {
		text = strings.Join([]string{text, r.Violations[0].Property, r.Violations[0].Violation}, " ")
	}
	e := channel.Failed(out.Code, code, text)
	e.RetryAfter = a.RetryAfter
	return e
}
