// Package whatsapp sends through Meta's WhatsApp Cloud API.
//
// A template's parameters are named by where they go: "1", "2" or a name of
// the template's own for the body, "header" or "header.name" for the header's
// text, and "button.0" for the URL suffix of the first button;
// "button.0.quick_reply" and "button.0.copy_code" are a button's payload and
// code. A template's media URL is its header's medium.
//
// Not guaranteed: the API has no idempotency key, so a send whose answer is
// lost is known only by the status that Meta reports, with our reference in
// it.
package whatsapp

import (
	"errors"
	"regexp"
	"slices"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

const name = "whatsapp"

// The settings of a sender.
const (
	settingBaseURL       = "baseURL"
	settingVersion       = "version"
	settingPhoneNumberID = "phoneNumberId"
	settingAccessToken   = "accessToken"
	settingAppSecret     = "appSecret"
	settingVerifyToken   = "verifyToken"
	settingFormat        = "templateParameterFormat"
	settingLanguage      = "templateLanguage"
	settingPreview       = "previewURL"
)

// The forms of a template's parameters.
const (
	formatAuto       = "auto"
	formatPositional = "positional"
	formatNamed      = "named"
)

// Spec describes the channel.
func Spec() channel.Spec {
	pace := channel.Pace{PerSecond: 80, Burst: 80, InFlight: 64, Timeout: 30 * time.Second}
	return channel.Spec{
		Name: name, Title: "WhatsApp (Meta Cloud API)",
		Contents: []message.ContentType{message.Text, message.Template, message.Media},
		Best:     message.Read, Phone: true, SignatureHeader: signatureHeader,
		CheckRecipient: checkRecipient, CheckContent: checkContent,
		Settings: append(settings(), channel.PaceSettings(pace)...), Pace: pace,
		New: newAdapter, Simulator: newSimulator, Glossaries: glossaries(),
	}
}

func settings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingBaseURL, Kind: channel.KindURL, Default: "https://graph.facebook.com",
			Sandbox: "http://sandbox.invalid/whatsapp", Help: "where the Graph API is",
		},
		{
			Name: settingVersion, Default: "v26.0", Help: "version of the Graph API, such as v26.0",
			Check: matching(`^v[1-9][0-9]*\.[0-9]+$`, "must be a version such as v26.0"),
		},
		{
			Name: settingPhoneNumberID, Required: true, Sandbox: "106540352242922",
			Help:  "id of the business phone number (not the number itself)",
			Check: matching(`^[0-9]{1,32}$`, "must be digits"),
		},
		{
			Name: settingAccessToken, Required: true, Secret: true, Sandbox: "sandbox-access-token",
			Help: "system user token with the permission whatsapp_business_messaging",
		},
		{
			Name: settingAppSecret, Required: true, Secret: true, Sandbox: "sandbox-app-secret",
			Help: "secret of the Meta app, with which it signs its callbacks",
		},
		{
			Name: settingVerifyToken, Secret: true, Sandbox: "sandbox-verify-token",
			Help: "token entered at Meta beside the callback URL; without it the handshake is refused",
		},
		{
			Name: settingFormat, Default: formatAuto, Check: oneOf(formatAuto, formatPositional, formatNamed),
			Help: "how the templates' body parameters are told apart: positional, named, or auto (positional if all are numbers)",
		},
		{
			Name: settingLanguage, Default: "en_US", Check: matching(languagePattern, "must be a language code such as en_US"),
			Help: "language of a template when the message names none",
		},
		{
			Name: settingPreview, Kind: channel.KindBool, Default: "false",
			Help: "show a preview of the first link in a text",
		},
	}
}

func matching(pattern, text string) func(string) error {
	re := regexp.MustCompile(pattern)
	return func(value string) error {
		if !re.MatchString(value) {
			return errors.New(text)
		}
		return nil
	}
}

func oneOf(values ...string) func(string) error {
	return func(value string) error {
		if !slices.Contains(values, value) {
			return errors.New("must be auto, positional or named")
		}
		return nil
	}
}
