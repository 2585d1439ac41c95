package telegram

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel"
)

// maxRetryAfter bounds how long Telegram can make us wait.
const maxRetryAfter = 24 * time.Hour

// classify returns the contract's code for an error of 400 or more. Telegram's
// descriptions are no stable contract: what is not known falls back to what
// its number says.
func classify(code int, description string) channel.Code {
	text := strings.ToLower(description)
	switch code {
	case 401, 404, 421: // 404 is a malformed token
		return channel.BadCredentials
	case 403:
		return forbidden(text)
	case 409:
		return channel.SenderMisconfigured
	case 413:
		return channel.ContentTooLong
	case 429:
		return channel.RateLimited
	}
	if code >= 500 {
		return channel.ProviderError
	}
	return badRequest(text)
}

// known is a part of a description, and what it means.
type known struct {
	part string
	code channel.Code
}

func match(text string, rows []known, unknown channel.Code) channel.Code {
	for _, row := range rows {
		if strings.Contains(text, row.part) {
			return row.code
		}
	}
	return unknown
}

func forbidden(text string) channel.Code { return match(text, forbiddenWords(), channel.Restricted) }

func badRequest(text string) channel.Code {
	return match(text, badRequestWords(), channel.ContentRejected)
}

// forbiddenWords tell what a 403 is about.
func forbiddenWords() []known {
	return []known{
		{"blocked by the user", channel.Blocked},
		{"was kicked", channel.Blocked},
		{"user is deactivated", channel.NotOnChannel},
		{"can't initiate conversation", channel.NotOnChannel},
		{"is not a member", channel.NotOnChannel},
		{"chat was deleted", channel.NotOnChannel},
		{"can't send messages to bots", channel.InvalidRecipient},
	}
}

// badRequestWords tell what a 400 is about.
func badRequestWords() []known {
	return []known{
		{"chat not found", channel.NotOnChannel},
		{"upgraded to a supergroup", channel.NotOnChannel},
		{"chat_id is empty", channel.InvalidRecipient},
		{"peer_id_invalid", channel.InvalidRecipient},
		{"not enough rights", channel.Restricted},
		{"have no rights", channel.Restricted},
		{"_forbidden", channel.Restricted}, // CHAT_WRITE_FORBIDDEN, VOICE_MESSAGES_FORBIDDEN and others
		{"is too long", channel.ContentTooLong},
		{"file is too big", channel.MediaRejected},
		{"wrong type of the web page content", channel.MediaRejected},
		{"http url", channel.MediaUnavailable}, // wrong, or its content could not be had
		{"file by url", channel.MediaUnavailable},
	}
}

// moved returns the chat that took the place of the one asked for, or 0.
func (e *envelope) moved() int64 {
	if e.Code != 400 {
		return 0
	}
	return e.Parameters.MigratedTo
}

// refused makes the error of an answer in Telegram's form.
func (a *adapter) refused(e *envelope, answer *channel.Answer, chat any) *channel.Error {
	text := e.Description
	if strings.Contains(text, a.hidden) {
		text = ""
	}
	out := channel.Failed(classify(e.Code, text), strconv.Itoa(e.Code), text)
	out.RetryAfter = max(answer.RetryAfter, e.wait())
	if out.Code == channel.RateLimited && !a.floods.wide(fmt.Sprint(chat), out.RetryAfter, a.now()) {
		out.Code = channel.RecipientRateLimited
	}
	return out
}

// wait is how long Telegram's parameters ask to wait.
func (e *envelope) wait() time.Duration {
	seconds := min(max(e.Parameters.RetryAfter, 0), int64(maxRetryAfter/time.Second))
	return time.Duration(seconds) * time.Second
}

// byStatus makes the error of an answer from its status alone. A 5xx that
// Telegram did not word itself may hide a message sent.
func byStatus(a *channel.Answer) *channel.Error {
	e := a.ByStatus()
	if a.Status >= 500 {
		e.Code = channel.OutcomeUnknown
	}
	return e
}
