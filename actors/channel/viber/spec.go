// Package viber sends to Viber in one of two ways, chosen by the setting
// provider: "infobip", Viber Business Messages to phone numbers through
// Infobip, and "bot", the Bot API of a Viber bot, to the ids of users who have
// subscribed to it. The rules come from Infobip's OpenAPI document and its
// list of statuses and errors, and from Viber's Bot API and its own SDKs.
//
// Viber wants to know more of some media than a message says. The fragment of
// the media URL may tell it, and is not sent on:
// "https://example.com/v.mp4#size=10000&duration=10&thumbnail=…", in bytes and
// seconds. A medium that can't be carried goes as a link.
//
// Not guaranteed: neither API promises to drop a request that came twice.
// Infobip refuses an id that it has seen, which is taken for a yes.
package viber

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

const name = "viber"

// The settings of a sender.
const (
	settingProvider  = "provider"
	settingBaseURL   = "baseURL"
	settingSender    = "senderName"
	settingAPIKey    = "apiKey"
	settingCallback  = "callbackSecret"
	settingInMessage = "callbackInMessage"
	settingLabel     = "label"
	settingRepeat    = "repeatUnknownFor"
	settingToken     = "authToken"
	settingAvatar    = "avatarURL"
	settingLanguage  = "templateLanguage"
	settingTemplates = "templates"
)

// The values of the setting provider.
const (
	providerInfobip = "infobip"
	providerBot     = "bot"
)

// Spec describes the channel.
func Spec() channel.Spec {
	pace := channel.Pace{PerSecond: 20, Burst: 20, InFlight: 32, Timeout: 30 * time.Second}
	return channel.Spec{
		Name: name, Title: "Viber (Infobip or Bot API)",
		Contents: []message.ContentType{message.Text, message.Template, message.Media},
		Best:     message.Read, Phone: true, SignatureHeader: botSignature,
		CheckRecipient: checkRecipient, CheckContent: checkContent,
		Settings: append(settings(), channel.PaceSettings(pace)...), Pace: pace,
		New: newAdapter, Simulator: newSimulator, Glossaries: glossaries(),
	}
}

func settings() []channel.Setting {
	common := []channel.Setting{
		{
			Name: settingProvider, Default: providerInfobip, Check: matching(`^(infobip|bot)$`, "must be infobip or bot"),
			Help: "infobip (business messages to phone numbers) or bot (Bot API, to subscribed users)",
		},
		{
			Name: settingBaseURL, Kind: channel.KindURL, Sandbox: "http://sandbox.invalid/viber",
			Help: "where the provider's API is; without it https://api.infobip.com or https://chatapi.viber.com",
		},
		{
			Name: settingSender, Required: true, Sandbox: "MessageHub", Check: checkSender,
			Help: "the name of the sender: with infobip as it is registered there, with bot what is shown, at most 28 characters",
		},
		{
			Name: settingLanguage, Default: "en", Check: matching(languagePattern, "must be a language code such as en or pt-BR"),
			Help: "language of a template when the message names none",
		},
		{
			Name: settingTemplates, Check: checkTemplates,
			Help: "JSON object of templates by name: each with id, parameters (the names in their order) and, for bot, text by language",
		},
	}
	return append(append(common, infobipSettings()...), botSettings()...)
}

func infobipSettings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingAPIKey, Secret: true, Sandbox: "sandbox-api-key", Check: printable,
			Help: "infobip: API key with the scope viber-bm:message:send",
		},
		{
			Name: settingCallback, Secret: true, Sandbox: "sandbox-callback-secret", Check: checkSecret,
			Help: "infobip: a secret of your own, 16 characters or more, that its reports have to prove",
		},
		{
			Name: settingInMessage, Kind: channel.KindBool, Default: "true",
			Help: "infobip: name the address for reports in each message; false where a subscription at Infobip does",
		},
		{
			Name: settingLabel, Default: "TRANSACTIONAL", Check: matching(`^(TRANSACTIONAL|PROMOTIONAL)$`, "must be TRANSACTIONAL or PROMOTIONAL"),
			Help: "infobip: the character of the messages, TRANSACTIONAL or PROMOTIONAL",
		},
		{
			Name: settingRepeat, Kind: channel.KindDuration, Default: "0s", Check: checkRepeat,
			Help: "infobip: how long to repeat, with the same id, a send whose outcome is not known; 0s for not at all",
		},
	}
}

func botSettings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingToken, Secret: true, Sandbox: "44dafb7e0f40021e-61a47a1e6778d187-f2c5a676a07050b3", Check: printable,
			Help: "bot: its token, with which Viber also signs its callbacks",
		},
		{
			Name: settingAvatar, Kind: channel.KindURL, Help: "bot: picture shown beside the sender's name",
		},
	}
}

// newAdapter makes the adapter that the setting provider names.
func newAdapter(s channel.Sender) (channel.Adapter, error) {
	if s.Settings.Text(settingProvider) == providerBot {
		return newBot(s)
	}
	return newInfobip(s)
}

// newSimulator makes the provider that the setting provider names.
func newSimulator(w *sim.World, s channel.Sender) sim.Provider {
	if s.Settings.Text(settingProvider) == providerBot {
		return newBotSimulator(w, s)
	}
	return newInfobipSimulator(w, s)
}

// base returns the address of the provider's API.
func base(v channel.Values, standard string) string {
	if given := v.Text(settingBaseURL); given != "" {
		standard = given
	}
	return strings.TrimSuffix(standard, "/")
}

// needs tells that a setting of the chosen provider is missing.
func needs(provider, setting string) error {
	return errors.New(setting + " is missing: " + settingProvider + " " + provider + " needs it")
}

func checkSender(value string) error {
	if len(value) > 100 || channel.Clean(value) != value {
		return errors.New("must be at most 100 bytes of printable text")
	}
	return nil
}

func checkSecret(value string) error {
	if len(value) < 16 {
		return errors.New("must have at least 16 characters")
	}
	return nil
}

func checkRepeat(value string) error {
	if d, err := time.ParseDuration(value); err != nil || d < 0 || d > 24*time.Hour {
		return errors.New("must be between 0s and 24h")
	}
	return nil
}

// printable refuses what can't stand in a header.
func printable(value string) error {
	return matching(`^[!-~]+$`, "must be printable ASCII without spaces")(value)
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
