package sms

import (
	"strconv"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// twilioRefusal returns the contract's code for one of Twilio's that answers a
// send, or "" if it is not known.
func twilioRefusal(code int) channel.Code {
	switch code {
	case 20429, 21611:
		return channel.RateLimited
	case 14107: // too many between the same two numbers
		return channel.RecipientRateLimited
	case 20500:
		return channel.ProviderError
	case 20503:
		return channel.ProviderUnavailable
	case 20003, 20006, 20404: // the account in the path is a credential, too
		return channel.BadCredentials
	case 20005, 20403:
		return channel.SenderRestricted
	case 21211, 21217, 21265:
		return channel.InvalidRecipient
	case 21612, 21614, 21635:
		return channel.NotOnChannel
	case 21608:
		return channel.Restricted
	case 21610:
		return channel.OptedOut
	}
	return twilioRefusalOfMessage(code)
}

func twilioRefusalOfMessage(code int) channel.Code {
	switch code {
	case 21212, 21408, 21601, 21603, 21606, 21609, 21657, 21659, 21703, 21704, 21705:
		return channel.SenderMisconfigured
	case 21602, 21618, 21619, 21624:
		return channel.ContentRejected
	case 21617, 21658:
		return channel.ContentTooLong
	case 21620, 21623:
		return channel.MediaRejected
	case 21654, 21655:
		return channel.TemplateNotFound
	case 21656:
		return channel.TemplateMismatch
	}
	return ""
}

// twilioReport returns the contract's code for one of Twilio's in a callback, or
// "" if it is not known.
func twilioReport(code int) channel.Code {
	switch code {
	case 30001, 30022:
		return channel.RateLimited
	case 30017:
		return channel.ProviderUnavailable
	case 30008, 30410:
		return channel.ProviderError
	case 30003, 30450:
		return channel.Unreachable
	case 30004:
		return channel.Blocked
	case 30005, 30006:
		return channel.NotOnChannel
	case 30011:
		return channel.MediaRejected
	case 30002, 30033:
		return channel.SenderRestricted
	case 30007:
		return channel.Filtered
	case 30018, 30024, 30032, 30034, 30035:
		return channel.SenderMisconfigured
	case 30023, 30027, 63038:
		return channel.QuotaExceeded
	case 30019:
		return channel.ContentTooLong
	case 30036: // ValidityPeriod is over
		return channel.DeliveryExpired
	}
	return ""
}

// Pauses after which a failure that Twilio reports as passing is tried again.
const (
	afterCongestion = time.Minute
	afterFault      = 30 * time.Second
)

// pause is how long to wait before sending again what failed with code; 0
// where it should not be. A handset that is off and a block of half an hour
// (30003, 30450) take longer than a chain should wait, and a provider that
// timed out (30410) may have delivered.
func pause(code int) time.Duration {
	switch code {
	case 30001, 30017, 30022:
		return afterCongestion
	case 30008:
		return afterFault
	}
	return 0
}

// twilioRefused makes the error of an answer that is no yes. Twilio splits its codes
// now and then: one that is not known is told by the status.
func twilioRefused(a *channel.Answer) *channel.Error {
	out := a.ByStatus()
	if a.Status >= 500 { // the message may have been created before
		out.Code = channel.OutcomeUnknown
	}
	var p twilioProblem
	switch {
	case json.Unmarshal(a.Body, &p) != nil:
		return out
	case p.Sid != "":
		return channel.Failed(channel.OutcomeUnknown, "", "the answer contradicts itself")
	case p.Code <= 0 || a.Status < 400:
		return out
	}
	code := twilioRefusal(p.Code)
	if code == "" {
		code = out.Code
	}
	e := channel.Failed(code, strconv.Itoa(p.Code), p.Message)
	e.RetryAfter = a.RetryAfter
	return e
}

// twilioFailed makes the error of a message that Twilio gave up. It sends no text
// with the code.
func twilioFailed(code int) *channel.Error {
	out := twilioReport(code)
	if out == "" {
		out = twilioRefusal(code)
	}
	if out == "" {
		out = channel.ProviderError
	}
	if code == 0 {
		return channel.Failed(out, "", "")
	}
	return channel.Failed(out, strconv.Itoa(code), "")
}

// twilioFailure makes the failure of a callback. after is positive if it is
// passing.
func twilioFailure(code int) (f *message.Failure, after time.Duration) {
	return twilioFailed(code).Failure(), pause(code)
}
