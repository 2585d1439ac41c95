package sms

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"sort"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// field is a parameter of a callback.
type field struct{ name, value string }

// report posts the callbacks of the stages to where the message asked for
// them. An SMS has no "read".
func (s *twilioSimulator) report(f *twilioForm, m *created201, stages []sim.Stage) {
	address, _, _ := strings.Cut(f.get("StatusCallback"), "#") // the rest is about the connection
	if address == "" {
		return
	}
	for _, stage := range stages {
		fields := twilioOutcome(stage.Status)
		if fields == nil {
			continue
		}
		s.post(address, append(twilioCommon(m), fields...), stage.After)
	}
}

// post schedules one signed callback.
func (s *twilioSimulator) post(address string, fields []field, after time.Duration) {
	s.world.Post(sim.Post{
		URL: address, After: after, Body: twilioBody(fields),
		Header: map[string]string{
			"Content-Type":       "application/x-www-form-urlencoded; charset=UTF-8",
			"User-Agent":         "TwilioProxy/1.1",
			"X-Twilio-Signature": s.sign(address, fields),
		},
	})
}

// twilioOutcome returns the parameters that tell a status.
func twilioOutcome(status message.Status) []field {
	date := field{"RawDlrDoneDate", time.Now().UTC().Format("0601021504")}
	switch status {
	case message.Sent:
		return []field{{"MessageStatus", "sent"}, {"SmsStatus", "sent"}}
	case message.Delivered:
		return []field{{"MessageStatus", "delivered"}, {"SmsStatus", "delivered"}, date}
	case message.Failed:
		return []field{{"MessageStatus", "undelivered"}, {"SmsStatus", "undelivered"}, {"ErrorCode", "30005"}, date}
	}
	return nil
}

// twilioCommon returns the parameters of every callback, with one that no document
// names: Twilio adds some without notice.
func twilioCommon(m *created201) []field {
	from := "+15005550006"
	if m.From != nil {
		from = *m.From
	}
	fields := []field{
		{"SmsSid", m.Sid},
		{"To", m.To},
		{"From", from},
		{"MessageSid", m.Sid},
		{"AccountSid", m.AccountSid},
		{"ApiVersion", m.APIVersion},
		{"AddedWithoutNotice", "café & 100 %"},
	}
	if m.Service != nil {
		fields = append(fields, field{"MessagingServiceSid", *m.Service})
	}
	return fields
}

func twilioBody(fields []field) []byte {
	var args fasthttp.Args
	for _, f := range fields {
		args.Add(f.name, f.value)
	}
	return args.AppendBytes(nil)
}

// sign signs a callback as Twilio documents it.
func (s *twilioSimulator) sign(address string, fields []field) string {
	sorted := append([]field(nil), fields...)
	sort.Slice(sorted, func(i, j int) bool { return sorted[i].name < sorted[j].name })
	var text strings.Builder
	text.WriteString(address)
	for _, f := range sorted {
		text.WriteString(f.name + f.value)
	}
	mac := hmac.New(sha1.New, []byte(s.token))
	mac.Write([]byte(text.String()))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// login returns the header of HTTP's basic authentication.
func login(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
