package sms

import (
	"bytes"
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"messagehub/store/message"
)

// isInbound reports whether a callback is what somebody has written to one of
// our numbers. Source: Twilio, "Twilio's request to your application".
func isInbound(params *twilioParams) bool {
	return params.has("Body") && !params.has("MessageStatus")
}

// bringsInbound is isInbound for a callback's body.
func (r *twilioReader) bringsInbound(body []byte) bool {
	r.params.read(body)
	return !r.params.broken && isInbound(&r.params)
}

// Inbound implements [channel.Inbox].
func (a *twilio) Inbound(cb *message.Callback) []message.Inbound {
	if bytes.Contains(cb.Body, []byte("&MessageStatus=")) { // nearly always
		return nil
	}
	r := a.readers.get()
	brings := r.bringsInbound(cb.Body)
	a.readers.put(r)
	if !brings {
		return nil
	}
	params, err := url.ParseQuery(string(cb.Body))
	sid, from := cmp.Or(params.Get("MessageSid"), params.Get("SmsSid")), params.Get("From")
	if err != nil || !usable(sid) || !isPhone(from) {
		return nil
	}
	m := message.Inbound{ProviderID: strings.Clone(sid), From: strings.Clone(from), Kind: message.KindText, Text: strings.Clone(params.Get("Body"))}
	if replied := params.Get("OriginalRepliedMessageSid"); usable(replied) {
		m.ReplyTo = strings.Clone(replied)
	}
	twilioMedia(&m, params)
	latitude, err1 := strconv.ParseFloat(params.Get("Latitude"), 64)
	longitude, err2 := strconv.ParseFloat(params.Get("Longitude"), 64)
	if err1 == nil && err2 == nil {
		m.Locate(message.Place{Latitude: latitude, Longitude: longitude, Name: params.Get("Label"), Address: params.Get("Address")})
	}
	if m.Place != nil {
		m.Kind = message.KindLocation
	}
	return []message.Inbound{m}
}

// twilioMedia reads the media of an MMS, which are MediaUrl0, MediaUrl1 and so
// on. The addresses want the account's own authentication.
func twilioMedia(m *message.Inbound, params url.Values) {
	n, _ := strconv.Atoi(params.Get("NumMedia"))
	for i := range min(max(n, 0), message.MaxMedia) {
		kind := params.Get("MediaContentType" + strconv.Itoa(i))
		m.Attach(message.Medium{URL: params.Get("MediaUrl" + strconv.Itoa(i)), MimeType: kind})
		switch sort := kindOfType(kind); m.Kind {
		case message.KindText:
			m.Kind = sort
		case sort:
		default:
			m.Kind = message.KindMedia
		}
	}
}

// kindOfType returns the kind of a medium of a type.
func kindOfType(mime string) string {
	switch family, _, _ := strings.Cut(mime, "/"); family {
	case message.KindImage, message.KindVideo, message.KindAudio:
		return strings.Clone(family)
	case "":
		return message.KindMedia
	}
	return message.KindDocument
}
