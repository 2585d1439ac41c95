// Package sms sends short messages through Twilio's Messages API.
//
// A template is a content template of Twilio's: its templateId is the
// ContentSid ("HX…"), and its parameters are the content's variables.
//
// Not guaranteed: the API has neither an idempotency key nor a correlation
// value. What becomes of a send whose answer is lost stays unknown: its
// receipts name only an id that we never learnt.
package sms

import (
	"errors"
	"regexp"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

const name = "sms"

// The settings of a sender.
const (
	settingBaseURL      = "baseURL"
	settingAccountSid   = "accountSid"
	settingAuthToken    = "authToken"
	settingAPIKeySid    = "apiKeySid"
	settingAPIKeySecret = "apiKeySecret"
	settingFrom         = "fromNumber"
	settingService      = "messagingServiceSid"
)

// Spec describes the channel.
func Spec() channel.Spec {
	pace := channel.Pace{PerSecond: 100, Burst: 100, InFlight: 50, Timeout: 30 * time.Second}
	return channel.Spec{
		Name: name, Title: "SMS (Twilio)",
		Contents: []message.ContentType{message.Text, message.Template, message.Media},
		Best:     message.Delivered, Phone: true, SignatureHeader: signatureHeader,
		CheckRecipient: checkRecipient, CheckContent: checkContent, Segments: Segments,
		Settings: append(settings(), channel.PaceSettings(pace)...), Pace: pace,
		New: newAdapter, Simulator: newSimulator,
	}
}

func settings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingBaseURL, Kind: channel.KindURL, Default: "https://api.twilio.com",
			Sandbox: "http://sandbox.invalid/sms", Help: "where Twilio's API is",
		},
		{
			Name: settingAccountSid, Required: true, Sandbox: "AC00000000000000000000000000005a17",
			Help: "SID of the account that sends", Check: sid("AC"),
		},
		{
			Name: settingAuthToken, Required: true, Secret: true, Sandbox: "sandbox-auth-token",
			Help: "the account's primary auth token, with which Twilio signs its callbacks",
		},
		{
			Name: settingAPIKeySid, Help: "SID of an API key to send with in place of the auth token", Check: sid("SK"),
		},
		{
			Name: settingAPIKeySecret, Secret: true, Help: "the API key's secret",
		},
		{
			Name: settingFrom, Sandbox: "+15005550006", Check: checkFrom,
			Help: "number, short code or name to send from; this or messagingServiceSid is needed",
		},
		{
			Name: settingService, Help: "SID of the messaging service to send through", Check: sid("MG"),
		},
	}
}

// checkSettings checks what concerns more than one setting.
func checkSettings(v channel.Values) error {
	if v.Text(settingFrom) == "" && v.Text(settingService) == "" {
		return errors.New(settingFrom + " or " + settingService + " is needed")
	}
	if (v.Text(settingAPIKeySid) == "") != (v.Text(settingAPIKeySecret) == "") {
		return errors.New(settingAPIKeySid + " and " + settingAPIKeySecret + " are needed together")
	}
	return nil
}

// sid returns a check for SIDs with the given prefix.
func sid(prefix string) func(string) error {
	return func(value string) error {
		if !isSid(prefix, value) {
			return errors.New("must be " + prefix + " and 32 hexadecimal digits")
		}
		return nil
	}
}

func isSid(prefix, value string) bool {
	if len(value) != 34 || value[:2] != prefix {
		return false
	}
	for _, c := range []byte(value[2:]) {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

func checkFrom(value string) error {
	number := regexp.MustCompile(`^(\+[1-9][0-9]{1,14}|[0-9]{3,8})$`)
	named := regexp.MustCompile(`^[A-Za-z0-9 +&_-]{0,10}[A-Za-z][A-Za-z0-9 +&_-]{0,10}$`)
	if !number.MatchString(value) && (!named.MatchString(value) || len(value) > 11) {
		return errors.New("must be a phone number in E.164, a short code, or a name of at most 11 letters and digits")
	}
	return nil
}
