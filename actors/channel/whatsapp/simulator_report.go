package whatsapp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"messagehub/actors/channel/sim"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// simReport is the body of a callback.
type simReport struct {
	Object  string     `json:"object"`
	Entries []simEntry `json:"entry"`
}

type simEntry struct {
	ID      string      `json:"id"`
	Changes []simChange `json:"changes"`
}

type simChange struct {
	Value simValue `json:"value"`
	Field string   `json:"field"`
}

type simValue struct {
	Product  string            `json:"messaging_product"`
	Metadata map[string]string `json:"metadata"`
	Contacts []simProfile      `json:"contacts"`
	Statuses []simStatus       `json:"statuses,omitempty"`
	Messages []simWritten      `json:"messages,omitempty"`
}

type simProfile struct {
	Profile map[string]string `json:"profile"`
	WaID    string            `json:"wa_id,omitempty"`
	UserID  string            `json:"user_id,omitempty"`
}

type simStatus struct {
	ID              string        `json:"id"`
	Status          string        `json:"status"`
	Timestamp       string        `json:"timestamp"`
	RecipientID     string        `json:"recipient_id,omitempty"`
	RecipientUserID string        `json:"recipient_user_id,omitempty"`
	Ref             string        `json:"biz_opaque_callback_data,omitempty"`
	Pricing         *simPricing   `json:"pricing,omitempty"`
	Errors          []simRejected `json:"errors,omitempty"`
}

type simPricing struct {
	Billable bool   `json:"billable"`
	Model    string `json:"pricing_model"`
	Type     string `json:"type"`
	Category string `json:"category"`
}

type simRejected struct {
	Code    int               `json:"code"`
	Title   string            `json:"title"`
	Message string            `json:"message"`
	Data    map[string]string `json:"error_data"`
	Href    string            `json:"href"`
}

// report schedules the callbacks about message id.
func (s *simulator) report(m *simMessage, id string, stages []sim.Stage) {
	for _, stage := range stages {
		s.post(s.encodeStatus(m, simStatusOf(m, id, stage)), stage.After)
	}
}

func (s *simulator) encodeStatus(m *simMessage, status simStatus) []byte {
	contact := simProfile{map[string]string{"name": "Zoë 😀"}, strings.TrimPrefix(m.To, "+"), m.Recipient}
	return s.encode(simValue{Contacts: []simProfile{contact}, Statuses: []simStatus{status}})
}

// post schedules one signed callback.
func (s *simulator) post(body []byte, after time.Duration) {
	if s.callback == "" {
		return
	}
	s.world.Post(sim.Post{
		URL: s.callback, Body: body, After: after,
		Header: map[string]string{
			"Content-Type": "application/json", "User-Agent": "facebookexternalua",
			"X-Hub-Signature-256": s.sign(body),
		},
	})
}

func (s *simulator) sign(body []byte) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func simStatusOf(m *simMessage, id string, stage sim.Stage) simStatus {
	out := simStatus{
		ID: id, Status: stage.Status.String(), Ref: m.Ref,
		Timestamp:   strconv.FormatInt(time.Now().Add(stage.After).Unix(), 10),
		RecipientID: strings.TrimPrefix(m.To, "+"), RecipientUserID: m.Recipient,
	}
	switch stage.Status {
	case message.Sent, message.Delivered:
		out.Pricing = &simPricing{true, "PMP", "regular", "utility"}
	case message.Failed:
		out.Errors = []simRejected{{
			Code: 131026, Title: "Message undeliverable", Message: "Message undeliverable",
			Data: map[string]string{"details": "Message Undeliverable."},
			Href: "/documentation/business-messaging/whatsapp/support/error-codes",
		}}
	}
	return out
}

// encode makes the bytes that Meta signs and sends: JSON in which every
// character above U+007F is escaped.
func (s *simulator) encode(v simValue) []byte {
	v.Product, v.Metadata = "whatsapp", map[string]string{"display_phone_number": simNumber, "phone_number_id": s.number}
	body, err := json.Marshal(&simReport{"whatsapp_business_account", []simEntry{{simAccount, []simChange{{Field: "messages", Value: v}}}}})
	if err != nil {
		panic(fmt.Sprintf("BUG: a callback can't be encoded: %v", err))
	}
	return simEscape(make([]byte, 0, len(body)+64), body)
}

// simEscape appends text with every character above U+007F as \uXXXX, in lower
// case, astral ones as a surrogate pair.
func simEscape(dst, text []byte) []byte {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r < utf8.RuneSelf:
			dst = append(dst, byte(r))
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, hi, lo)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
		text = text[size:]
	}
	return dst
}
