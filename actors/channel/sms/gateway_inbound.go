package sms

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// The settings about what a gateway brings of handsets. It proves itself as
// receipts do.
const (
	settingInboundFormat = "inboundFormat"
	settingInboundList   = "inboundList"
	settingInboundFrom   = "inboundFrom"
	settingInboundText   = "inboundText"
	settingInboundID     = "inboundId"
	settingInboundTime   = "inboundTime"
	settingInboundMedia  = "inboundMedia"
)

func gatewayInboundSettings() []channel.Setting {
	where := func(what string) string {
		return "http: where a message of a handset has " + what + ": a parameter, or with json a JSON pointer"
	}
	return []channel.Setting{
		{
			Name: settingInboundFormat, Check: oneOf(receiptForm, receiptJSON, receiptOwn),
			Help: "http: the form of messages of handsets, as receiptFormat, which is the default",
		},
		{
			Name: settingInboundList, Check: checkPointer, Help: "http: JSON pointer to the list of messages of handsets, where many come at once",
		},
		{Name: settingInboundFrom, Help: where("the writer's number") + "; without it, and without inboundFormat messagehub, none are read"},
		{Name: settingInboundText, Help: where("its text")},
		{Name: settingInboundID, Help: where("its id") + "; without it, one that comes again is kept again"},
		{Name: settingInboundTime, Help: where("the time")},
		{Name: settingInboundMedia, Help: where("the address of a medium")},
	}
}

// gatewayInbound reads a gateway's messages of handsets.
type gatewayInbound struct {
	format                      string
	list                        []string // pointer; nil: a message comes alone
	from, text, id, time, media string
	status                      string // where a receipt has its status, which no message has
	country                     string // of numbers without an international form; empty: there are none
}

func newGatewayInbound(v channel.Values) (g gatewayInbound, err error) {
	g = gatewayInbound{
		format: v.Text(settingInboundFormat), from: v.Text(settingInboundFrom), text: v.Text(settingInboundText), id: v.Text(settingInboundID),
		time: v.Text(settingInboundTime), media: v.Text(settingInboundMedia), status: v.Text(settingReceiptStatus), country: v.Text(settingCountry),
	}
	if g.format == "" {
		g.format = v.Text(settingReceiptFormat)
	}
	if g.format == "" {
		g.format = receiptForm
	}
	if list := v.Text(settingInboundList); list != "" {
		g.list = parsePointer(list)
	}
	switch {
	case (g.from == "") != (g.text == ""):
		return g, fmt.Errorf("%s and %s are needed together", settingInboundFrom, settingInboundText)
	case g.format != receiptJSON:
		return g, nil
	}
	for _, setting := range []string{settingInboundFrom, settingInboundText, settingInboundID, settingInboundTime, settingInboundMedia} {
		if value := v.Text(setting); value != "" && checkPointer(value) != nil {
			return g, fmt.Errorf("%s must be a JSON pointer, which begins with /, as %s is json", setting, settingInboundFormat)
		}
	}
	return g, nil
}

// reads reports whether the settings describe messages of handsets at all.
func (g *gatewayInbound) reads() bool { return g.from != "" || g.format == receiptOwn }

// read returns the messages of a callback. What is none is left out.
func (g *gatewayInbound) read(cb *message.Callback) (out []message.Inbound) {
	if !g.reads() {
		return nil
	}
	if g.format == receiptOwn {
		return ownInbound(cb.Body)
	}
	all, err := toldBy(cb, g.format, g.list)
	if err != nil {
		return nil
	}
	for _, f := range all {
		if m, ok := g.message(f); ok {
			out = append(out, m)
		}
	}
	return out
}

// message makes the message, if it is one: what has a status is a receipt.
func (g *gatewayInbound) message(f told) (message.Inbound, bool) {
	text, ok := f(g.text)
	m := message.Inbound{From: writerOf(f.text(g.from), g.country), Kind: message.KindText, Text: decoded(text), At: anyTime(f.text(g.time))}
	if !ok || m.From == "" || g.status != "" && f.text(g.status) != "" {
		return m, false
	}
	if id := f.text(g.id); usableID(id) {
		m.ProviderID = id
	}
	if m.Attach(message.Medium{URL: f.text(g.media)}); len(m.Media) > 0 {
		m.Kind = message.KindMedia
	}
	return m, true
}

// maxWriter bounds the name of who writes.
const maxWriter = 32

// writerOf brings the number of who writes to E.164: one with a plus sign, 00 or
// of an international length, or one of a country. Short codes and names stay
// as they are; empty: it can't be kept.
func writerOf(from, country string) string {
	digits := strings.TrimPrefix(strings.TrimPrefix(from, "+"), "00")
	number := digits != "" && strings.Trim(digits, "0123456789") == ""
	switch {
	case country != "" && number && digits == from:
		if n, err := phonenumbers.Parse(from, country); err == nil && phonenumbers.IsPossibleNumber(n) {
			return phonenumbers.Format(n, phonenumbers.E164)
		}
	case number && digits[0] != '0' && len(digits) >= 8 && len(digits) <= 15:
		return "+" + digits
	}
	return writerAs(from)
}

// writerAs returns who writes as he is called; empty: it can't be kept.
func writerAs(from string) string {
	if len(from) > maxWriter || channel.Clean(from) != from {
		return ""
	}
	return from
}

// decoded returns a text as UTF-8: what is no UTF-8 is ISO 8859-1, which
// gateways write by default.
func decoded(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	out := make([]rune, len(text))
	for i, c := range []byte(text) {
		out[i] = rune(c)
	}
	return string(out)
}

// anyTime reads a time as gateways write it: in Unix seconds or milliseconds,
// or as one of the common forms, which without a zone are UTC; 0 if it is none.
func anyTime(text string) message.Time {
	const years = 4e9 // seconds; what is larger are milliseconds
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 && n < years*1000 {
		if n < years {
			n *= 1000
		}
		return message.Time(n)
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, text); err == nil && at.Unix() >= 0 {
			return message.TimeOf(at)
		}
	}
	return 0
}
