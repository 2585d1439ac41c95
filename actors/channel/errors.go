package channel

import (
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"messagehub/store/message"
)

// Code is one way a send can fail, from the closed table below. Adapters only
// classify; the table decides.
type Code string

// Action is what delivery does about a Code.
type Action uint8

// The actions, from the mildest.
const (
	// Fail ends the attempt; the chain moves on.
	Fail Action = iota
	// Again tries the same attempt again after a backoff, a bounded number of
	// times, then fails it.
	Again
	// SlowRecipient waits for this recipient alone. The try is not counted.
	SlowRecipient
	// SlowSender pauses the sender. The try is not counted.
	SlowSender
	// StopSender opens the sender's breaker until it is probed or reloaded:
	// credentials, account. Another sender takes the message over, if there is
	// one that may; else it moves on if it has a next step, else it waits. The
	// try is not counted.
	StopSender
	// Ask: the outcome is unknown; the chain's onUnknown decides.
	Ask
)

// The codes. The names are part of the API.
const (
	InvalidRecipient     Code = "invalid_recipient"
	NotOnChannel         Code = "not_on_channel"
	Blocked              Code = "recipient_blocked"
	Unreachable          Code = "recipient_unreachable"
	OptedOut             Code = "opted_out"
	WindowClosed         Code = "window_closed"
	MarketingCap         Code = "marketing_cap"
	Restricted           Code = "recipient_restricted"
	Filtered             Code = "content_filtered"
	ContentRejected      Code = "content_rejected"
	ContentTooLong       Code = "content_too_long"
	TemplateNotFound     Code = "template_not_found"
	TemplateMismatch     Code = "template_mismatch"
	TemplatePaused       Code = "template_paused"
	MediaRejected        Code = "media_rejected"
	MediaUnavailable     Code = "media_unavailable"
	RateLimited          Code = "rate_limited"
	RecipientRateLimited Code = "recipient_rate_limited"
	QuotaExceeded        Code = "quota_exceeded"
	SenderRestricted     Code = "sender_restricted"
	BadCredentials       Code = "bad_credentials"
	SenderMisconfigured  Code = "sender_misconfigured"
	ProviderUnavailable  Code = "provider_unavailable"
	ProviderError        Code = "provider_error"
	ConnectionFailed     Code = "connection_failed"
	OutcomeUnknown       Code = "outcome_unknown"
	Interrupted          Code = "interrupted"
	Quarantined          Code = "quarantined"
	NoSender             Code = "no_sender"
	DeliveryExpired      Code = "delivery_expired"
)

// Rule is a Code's row of the table.
type Rule struct {
	Class     message.Class
	Permanent bool
	Action    Action
	Text      string // what it means, for people
}

// Rules is the closed table: every Code has exactly one Rule.
func Rules() map[Code]Rule {
	return map[Code]Rule{
		InvalidRecipient:     {message.Recipient, true, Fail, "the address cannot exist on this channel"},
		NotOnChannel:         {message.Recipient, true, Fail, "the recipient is not on this channel"},
		Blocked:              {message.Recipient, true, Fail, "the recipient has blocked the sender"},
		Unreachable:          {message.Recipient, false, Fail, "the recipient can't be reached at present"},
		OptedOut:             {message.Policy, true, Fail, "the recipient has opted out"},
		WindowClosed:         {message.Policy, false, Fail, "the channel allows only templates until the recipient writes again"},
		MarketingCap:         {message.Policy, false, Fail, "the channel limits marketing to this recipient for now"},
		Restricted:           {message.Policy, true, Fail, "the channel does not allow this message to this recipient"},
		Filtered:             {message.Policy, true, Fail, "the message was filtered as unwanted"},
		ContentRejected:      {message.Content, true, Fail, "the provider refused the content"},
		ContentTooLong:       {message.Content, true, Fail, "the content is longer than the channel carries"},
		TemplateNotFound:     {message.Content, true, Fail, "there is no such approved template in this language"},
		TemplateMismatch:     {message.Content, true, Fail, "the parameters do not fit the template"},
		TemplatePaused:       {message.Content, false, Fail, "the template is paused or disabled"},
		MediaRejected:        {message.Content, true, Fail, "the channel does not carry this medium"},
		MediaUnavailable:     {message.Content, false, Again, "the provider could not fetch the medium"},
		RateLimited:          {message.Capacity, false, SlowSender, "the provider asks the sender to slow down"},
		RecipientRateLimited: {message.Capacity, false, SlowRecipient, "the provider asks to slow down towards this recipient"},
		QuotaExceeded:        {message.Capacity, false, Fail, "the sender's quota at the provider is used up"},
		SenderRestricted:     {message.Policy, false, StopSender, "the provider has restricted the sender"},
		BadCredentials:       {message.Config, false, StopSender, "the provider refused the sender's credentials"},
		SenderMisconfigured:  {message.Config, true, Fail, "the sender is not set up for this message at the provider"},
		ProviderUnavailable:  {message.Provider, false, Again, "the provider is not available"},
		ProviderError:        {message.Provider, false, Again, "the provider failed"},
		ConnectionFailed:     {message.Provider, false, Again, "the provider could not be connected to; nothing was sent"},
		OutcomeUnknown:       {message.Provider, false, Ask, "the request may or may not have reached the provider"},
		Interrupted:          {message.Internal, false, Ask, "the relay stopped while the provider's answer was awaited"},
		Quarantined:          {message.Internal, true, Fail, "the message made the adapter fail repeatedly and was set aside"},
		NoSender:             {message.Config, true, Fail, "no sender of this name, or none for this recipient, is configured on the channel"},
		DeliveryExpired:      {message.Expiry, true, Fail, "the provider gave up delivering in time"},
	}
}

// Error is why a send did not succeed.
type Error struct {
	Code Code
	// ProviderCode and ProviderMessage are foreign text; Clean has bounded
	// them.
	ProviderCode    string
	ProviderMessage string
	// RetryAfter is what the provider asked for; 0 if it did not.
	RetryAfter time.Duration
}

// Error implements error. The provider's own words are left out: they may
// hold personal data.
func (e *Error) Error() string { return string(e.Code) }

// Failed makes an Error of code with the provider's own code and text,
// cleaned.
func Failed(code Code, providerCode, providerMessage string) *Error {
	return &Error{Code: code, ProviderCode: Clean(providerCode), ProviderMessage: Clean(providerMessage)}
}

// Failure returns e in the log's terms.
func (e *Error) Failure() *message.Failure {
	rule := Rules()[e.Code]
	return &message.Failure{
		Code: string(e.Code), Class: rule.Class, Permanent: rule.Permanent,
		ProviderCode: e.ProviderCode, ProviderMessage: e.ProviderMessage,
	}
}

// ByStatus makes the Error of an answer that is not of the provider's form,
// from its HTTP status alone. A 2xx may have been a yes, and a gateway's 502
// or 504 may hide one: the outcome is unknown.
func (a *Answer) ByStatus() *Error {
	return &Error{
		Code: codeOf(a.Status), ProviderCode: "HTTP " + strconv.Itoa(a.Status),
		ProviderMessage: "the answer is not of the provider's form", RetryAfter: a.RetryAfter,
	}
}

func codeOf(status int) Code {
	switch {
	case status == 502 || status == 504 || status < 300:
		return OutcomeUnknown
	case status == 401 || status == 403:
		return BadCredentials
	case status == 301 || status == 308 || status == 404 || status == 405 || status == 410:
		return SenderMisconfigured
	case status < 400 || status == 408 || status == 503:
		return ProviderUnavailable
	case status == 429:
		return RateLimited
	case status == 413:
		return ContentTooLong
	case status < 500:
		return ContentRejected
	}
	return ProviderError
}

// maxForeign bounds the foreign text that is kept.
const maxForeign = 200

// Clean makes foreign text safe to store, log and show: printable, valid
// UTF-8, at most 200 bytes. What could break a line or turn its direction
// becomes a space.
func Clean(text string) string {
	out := make([]byte, 0, min(len(text), maxForeign))
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			r = ' '
		}
		if len(out)+utf8.RuneLen(r) > maxForeign {
			break
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}
