package sms

import (
	"fmt"

	"messagehub/actors/channel/sim"
)

// Write implements [sim.Writer].
func (s *twilioSimulator) Write(w sim.Written) error {
	kind, media := "SM", []field{{"NumMedia", "0"}}
	switch w.Kind {
	case sim.WritesText:
	case sim.WritesImage:
		kind, media = "MM", []field{{"NumMedia", "1"}, {"MediaContentType0", "image/jpeg"}, {"MediaUrl0", w.MediaURL}}
	default:
		return w.Unwritable("Twilio")
	}
	sid := fmt.Sprintf("%s%032x", kind, s.world.Serial())
	fields := append([]field{
		{"ToCountry", "US"},
		{"SmsMessageSid", sid},
		{"SmsSid", sid},
		{"SmsStatus", "received"},
		{"Body", w.Text},
		{"To", "+15005550006"},
		{"NumSegments", "1"},
		{"MessageSid", sid},
		{"AccountSid", s.account},
		{"From", w.From},
		{"ApiVersion", "2010-04-01"},
	}, media...)
	if w.ReplyTo != "" {
		fields = append(fields, field{"OriginalRepliedMessageSid", w.ReplyTo})
	}
	if s.inbound != "" {
		s.post(s.inbound, fields, 0)
	}
	return nil
}
