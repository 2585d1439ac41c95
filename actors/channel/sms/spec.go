// Package sms sends short messages in one of several ways, chosen by the
// setting provider: "twilio", Twilio's Messages API, and "http", any gateway
// with an HTTP API, described by settings.
//
// At Twilio a template is a content template: its templateId is the ContentSid
// ("HX…"), and its parameters are the content's variables. Elsewhere there are
// none, and a medium goes as its link.
//
// Not guaranteed: Twilio's API has neither an idempotency key nor a
// correlation value. What becomes of a send whose answer is lost stays
// unknown: its receipts name only an id that we never learnt.
package sms

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

const name = "sms"

// The settings of every sender, whatever its provider.
const (
	settingProvider = "provider"
	settingBaseURL  = "baseURL"
	settingFrom     = "fromNumber"
)

// The values of the setting provider.
const (
	providerTwilio = "twilio"
	providerHTTP   = "http"
	providerSMPP   = "smpp"
)

// Spec describes the channel.
func Spec() channel.Spec {
	pace := channel.Pace{PerSecond: 100, Burst: 100, InFlight: 50, Timeout: 30 * time.Second}
	return channel.Spec{
		Name: name, Title: "SMS",
		Contents: []message.ContentType{message.Text, message.Template, message.Media},
		Best:     message.Delivered, Phone: true, SignatureHeader: twilioSignatureHeader,
		CheckRecipient: checkRecipient, CheckContent: checkContent, Segments: counter,
		Settings: append(settings(), channel.PaceSettings(pace)...), Pace: pace,
		New: newAdapter, Simulator: newSimulator, Glossaries: glossaries(),
	}
}

// newAdapter makes the adapter that the setting provider names.
func newAdapter(s channel.Sender) (channel.Adapter, error) {
	switch s.Settings.Text(settingProvider) {
	case providerHTTP:
		return newGateway(s)
	case providerSMPP:
		return newSMPP(s)
	default:
		return newTwilio(s)
	}
}

// newSimulator makes the provider that the setting provider names.
func newSimulator(w *sim.World, s channel.Sender) sim.Provider {
	switch s.Settings.Text(settingProvider) {
	case providerHTTP:
		return newGatewaySimulator(w, s)
	case providerSMPP:
		return newSMPPSimulator(w, s)
	default:
		return newTwilioSimulator(w, s)
	}
}

func settings() []channel.Setting {
	common := []channel.Setting{
		{
			Name: settingProvider, Default: providerTwilio, Check: oneOf(providerTwilio, providerHTTP, providerSMPP),
			Mirrors: []string{providerSMPP},
			Help:    "twilio, http (any gateway with an HTTP API) or smpp (an SMSC)",
		},
		{
			Name: settingBaseURL, Kind: channel.KindURL, Sandbox: "http://sandbox.invalid/sms",
			Help: "where the provider's API is; twilio: https://api.twilio.com, if not given",
		},
		{
			Name: settingFrom, Sandbox: "+15005550006", Check: checkFrom,
			Help: "number, short code or name to send from",
		},
	}
	return slices.Concat(common, encodingSettings(), twilioSettings(), gatewaySettings(), gatewayReportSettings(), gatewayInboundSettings(), smppSettings())
}

// base returns the address of the provider's API.
func base(v channel.Values, standard string) string {
	if given := v.Text(settingBaseURL); given != "" {
		standard = given
	}
	return strings.TrimSuffix(standard, "/")
}

// needs tells that a setting of the chosen provider is missing.
func needs(provider, setting string) error { return wants(settingProvider+" "+provider, setting) }

// wants tells that a setting is missing which another one's value needs.
func wants(value, setting string) error {
	return errors.New(setting + " is missing: " + value + " needs it")
}

// oneOf returns a check for one of some words.
func oneOf(words ...string) func(string) error {
	return func(value string) error {
		if !slices.Contains(words, value) {
			last := len(words) - 1
			return errors.New("must be " + strings.TrimPrefix(strings.Join(words[:last], ", ")+" or "+words[last], " or "))
		}
		return nil
	}
}

func checkFrom(value string) error {
	number := regexp.MustCompile(`^(\+[1-9][0-9]{1,14}|[0-9]{3,8})$`)
	named := regexp.MustCompile(`^[A-Za-z0-9 +&_-]{0,10}[A-Za-z][A-Za-z0-9 +&_-]{0,10}$`)
	if !number.MatchString(value) && (!named.MatchString(value) || len(value) > 11) {
		return errors.New("must be a phone number in E.164, a short code, or a name of at most 11 letters and digits")
	}
	return nil
}
