// Package telegram sends through Telegram's Bot API.
//
// A recipient is a chat's number or the @name of a public group or channel;
// people must have started the bot first. Telegram has no templates: they are
// texts of the settings. Texts are sent as they are, unless the settings say
// that they are markup; one that is too long for a message goes in several. A
// medium is fetched by Telegram itself, so it keeps its own file name.
//
// Not guaranteed: Telegram reports neither delivery nor reading, and has no
// idempotency key. What becomes of a send whose answer is lost is never
// known.
package telegram

import (
	"errors"
	"regexp"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/texts"
	"messagehub/store/message"
)

const name = "telegram"

// The settings of a sender.
const (
	settingBaseURL   = "baseURL"
	settingToken     = "botToken"
	settingSecret    = "webhookSecret"
	settingSilent    = "disableNotification"
	settingProtect   = "protectContent"
	settingPreview   = "linkPreview"
	settingPaid      = "allowPaidBroadcast"
	settingMode      = "parseMode"
	settingSplit     = "splitLongTexts"
	settingTemplates = "templates"
	settingLanguage  = "templateLanguage"
)

// Spec describes the channel.
func Spec() channel.Spec {
	pace := channel.Pace{PerSecond: 30, Burst: 30, InFlight: 32, Timeout: 60 * time.Second}
	return channel.Spec{
		Name: name, Title: "Telegram (Bot API)",
		Contents: []message.ContentType{message.Text, message.Template, message.Media},
		Best:     message.Sent, SignatureHeader: signatureHeader,
		CheckRecipient: checkRecipient, CheckContent: checkContent,
		Settings: append(settings(), channel.PaceSettings(pace)...), Pace: pace,
		New: newAdapter, Simulator: newSimulator, Glossaries: glossaries(),
	}
}

func settings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingBaseURL, Kind: channel.KindURL, Default: "https://api.telegram.org",
			Sandbox: "http://sandbox.invalid/telegram", Help: "where the Bot API is; a server of one's own has the same paths",
		},
		{
			Name: settingToken, Required: true, Secret: true, Sandbox: "110201543:sandbox-bot-token",
			Help: "the bot's token from @BotFather, such as 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", Check: checkToken,
		},
		{
			Name: settingSecret, Secret: true, Sandbox: "sandbox-webhook-secret",
			Help:  "secret_token given to setWebhook; without it Telegram's updates are refused",
			Check: matching(`^[A-Za-z0-9_-]{1,256}$`, "must be 1 to 256 letters, digits, underscores and hyphens"),
		},
		{
			Name: settingSilent, Kind: channel.KindBool, Default: "false", Help: "send without a sound",
		},
		{
			Name: settingProtect, Kind: channel.KindBool, Default: "false", Help: "forbid forwarding and saving",
		},
		{
			Name: settingPreview, Kind: channel.KindBool, Default: "true", Help: "show a preview of the first link in a text",
		},
		{
			Name: settingPaid, Kind: channel.KindBool, Default: "false",
			Help: "go beyond 30 messages a second, for Telegram Stars of the bot's balance; raise messagesPerSecond, too",
		},
		{
			Name: settingMode, Check: matching("^("+modeHTML+"|"+modeMarkdown+")$", "must be HTML or MarkdownV2"),
			Help: "take texts, captions and templates for markup: HTML or MarkdownV2; without it, nothing is",
		},
		{
			Name: settingSplit, Kind: channel.KindBool, Default: "true",
			Help: "send in several messages what is too long for one, but for MarkdownV2; else it is refused",
		},
		{
			Name: settingTemplates, Check: checkTemplates, Help: "texts of templates by name, as JSON",
			Sandbox: `{"order_shipped": {"parameters": ["1"], "text": {"en": "Order {{1}} shipped"}}}`,
		},
		{
			Name: settingLanguage, Default: "en", Help: "language of a template when the message names none",
		},
	}
}

func checkTemplates(value string) error {
	_, err := texts.Parse(value)
	return err
}

// maxToken is the longest token that the server takes.
const maxToken = 80

func checkToken(value string) error {
	if len(value) > maxToken || !regexp.MustCompile(`^[1-9][0-9]*:[A-Za-z0-9_-]+$`).MatchString(value) {
		return errors.New("must be the bot's number, a colon and its secret")
	}
	return nil
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
