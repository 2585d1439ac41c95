package sms

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"hash"
	"slices"
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
	c := s.writer()
	defer s.writers.Put(c)
	for _, stage := range stages {
		c.fields = appendCommon(c.fields[:0], m)
		common := len(c.fields)
		if c.fields = appendOutcome(c.fields, stage.Status); len(c.fields) == common {
			continue
		}
		s.send(c, address, stage.After)
	}
}

// post schedules one signed callback.
func (s *twilioSimulator) post(address string, fields []field, after time.Duration) {
	c := s.writer()
	defer s.writers.Put(c)
	c.fields = append(c.fields[:0], fields...)
	s.send(c, address, after)
}

// send schedules the callback that the writer has the fields of.
func (s *twilioSimulator) send(c *twilioWriter, address string, after time.Duration) {
	s.world.Post(sim.Post{
		URL: address, After: after, Body: c.body(),
		Header: map[string]string{
			"Content-Type":       "application/x-www-form-urlencoded; charset=UTF-8",
			"User-Agent":         "TwilioProxy/1.1",
			"X-Twilio-Signature": c.sign(address),
		},
	})
}

func (s *twilioSimulator) writer() *twilioWriter {
	if c, ok := s.writers.Get().(*twilioWriter); ok {
		return c
	}
	return &twilioWriter{mac: hmac.New(sha1.New, []byte(s.token))}
}

// appendOutcome appends the parameters that tell a status, if Twilio tells it.
func appendOutcome(fields []field, status message.Status) []field {
	name := ""
	switch status {
	case message.Sent:
		return append(fields, field{"MessageStatus", "sent"}, field{"SmsStatus", "sent"})
	case message.Delivered:
		name = "delivered"
	case message.Failed:
		name = "undelivered"
		fields = append(fields, field{"ErrorCode", "30005"})
	default:
		return fields
	}
	return append(fields, field{"MessageStatus", name}, field{"SmsStatus", name},
		field{"RawDlrDoneDate", time.Now().UTC().Format("0601021504")})
}

// appendCommon appends the parameters of every callback, with one that no
// document names: Twilio adds some without notice.
func appendCommon(fields []field, m *created201) []field {
	from := "+15005550006"
	if m.From != nil {
		from = *m.From
	}
	fields = append(fields,
		field{"SmsSid", m.Sid}, field{"To", m.To}, field{"From", from}, field{"MessageSid", m.Sid},
		field{"AccountSid", m.AccountSid}, field{"ApiVersion", m.APIVersion}, field{"AddedWithoutNotice", "café & 100 %"})
	if m.Service != nil {
		fields = append(fields, field{"MessagingServiceSid", *m.Service})
	}
	return fields
}

// twilioWriter writes callbacks, one at a time.
type twilioWriter struct {
	mac    hash.Hash
	fields []field
	text   []byte
}

// body writes the form.
func (c *twilioWriter) body() []byte {
	c.text = c.text[:0]
	for i, f := range c.fields {
		if i > 0 {
			c.text = append(c.text, '&')
		}
		c.text = append(append(c.text, f.name...), '=')
		c.text = fasthttp.AppendQuotedArg(c.text, []byte(f.value))
	}
	return bytes.Clone(c.text)
}

// sign signs a callback as Twilio documents it. It leaves the fields sorted.
func (c *twilioWriter) sign(address string) string {
	slices.SortFunc(c.fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
	c.text = append(c.text[:0], address...)
	for _, f := range c.fields {
		c.text = append(append(c.text, f.name...), f.value...)
	}
	c.mac.Reset()
	c.mac.Write(c.text)
	return base64.StdEncoding.EncodeToString(c.mac.Sum(nil))
}

// login returns the header of HTTP's basic authentication.
func login(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}
