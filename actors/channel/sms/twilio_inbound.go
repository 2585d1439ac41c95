package sms

import (
	"net/url"
	"strconv"
	"strings"

	"messagehub/store/message"
)

// isInbound reports whether a callback is what somebody has written to one of
// our numbers. Source: Twilio, "Twilio's request to your application".
func isInbound(params url.Values) bool {
	return params.Has("Body") && !params.Has("MessageStatus")
}

// Inbound implements [channel.Inbox].
func (a *twilio) Inbound(cb *message.Callback) []message.Inbound {
	params, err := url.ParseQuery(string(cb.Body))
	sid, from := first(params, "MessageSid", "SmsSid"), params.Get("From")
	if err != nil || !isInbound(params) || !usable(sid) || !isPhone(from) {
		return nil
	}
	m := message.Inbound{ProviderID: strings.Clone(sid), From: strings.Clone(from), Kind: "text", Text: strings.Clone(params.Get("Body"))}
	if n, _ := strconv.Atoi(params.Get("NumMedia")); n > 0 {
		m.Kind = "media"
	}
	return []message.Inbound{m}
}
