// Package line sends through LINE's Messaging API.
//
// A recipient is a user's, group's or room's id, which LINE's webhooks name
// first; a sender set up for LINE notification messages (PNP) takes phone
// numbers instead. LINE keeps no templates for pushes: they are messages of
// LINE's own form in the sender's settings, filled in here. The rules are
// those of LINE's API reference, of its page on retrying requests, and of its
// partner documentation on notification messages.
//
// Not guaranteed: a push has no receipts. LINE takes one for a user who has
// blocked the account, and says nothing; "sent" is the most that is ever
// known. Notification messages report delivery, but no failure.
package line

import (
	"errors"
	"regexp"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

const name = "line"

// The settings of a sender.
const (
	settingBaseURL   = "baseURL"
	settingSecret    = "channelSecret"
	settingToken     = "channelAccessToken"
	settingChannel   = "channelId"
	settingMode      = "mode"
	settingTemplates = "templates"
	settingPreview   = "videoPreviewURL"
	settingDuration  = "audioDuration"
	settingSilent    = "notificationDisabled"
)

// The values of settingMode.
const (
	modePush        = "push"
	modePNP         = "pnp"
	modePNPTemplate = "pnp-template"
)

// Spec describes the channel.
func Spec() channel.Spec {
	pace := channel.Pace{PerSecond: 2000, Burst: 200, InFlight: 64, Timeout: 30 * time.Second}
	return channel.Spec{
		Name: name, Title: "LINE (Messaging API)",
		Contents: []message.ContentType{message.Text, message.Media, message.Template},
		Best:     message.Sent, Idempotent: true, SignatureHeader: signatureHeader,
		CheckRecipient: checkRecipient, CheckContent: checkContent,
		Settings: append(settings(), channel.PaceSettings(pace)...), Pace: pace,
		New: newAdapter, Simulator: newSimulator, Glossaries: glossaries(),
	}
}

func settings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingBaseURL, Kind: channel.KindURL, Default: "https://api.line.me",
			Sandbox: "http://sandbox.invalid/line", Help: "where the Messaging API is",
		},
		{
			Name: settingSecret, Required: true, Secret: true, Sandbox: "sandbox-channel-secret",
			Help: "the channel's secret from the LINE Developers console; it signs webhooks",
		},
		{
			Name: settingToken, Secret: true, Sandbox: "sandbox-channel-access-token",
			Help: "a long-lived channel access token; without it, channelId and channelSecret get stateless ones",
		},
		{
			Name: settingChannel, Help: "the channel's id, a number; needed without channelAccessToken",
			Check: matching(`^[0-9]{5,20}$`, "must be the channel's number"),
		},
		{
			Name: settingMode, Default: modePush,
			Help:  "push: to user ids. pnp or pnp-template: LINE notification messages to phone numbers, which LINE must have approved",
			Check: matching(`^(push|pnp|pnp-template)$`, "must be push, pnp or pnp-template"),
		},
		{
			Name: settingTemplates, Help: "a JSON object of templates by name: each a LINE message object, or a list of up to 5, with {{name}} where a parameter goes",
			Check: checkTemplates, Sandbox: `{"order_shipped": {"type": "text", "text": "Order {{1}} shipped"}}`,
		},
		{
			Name: settingPreview, Kind: channel.KindURL, Help: "the preview image of every video; without it a video goes as a link",
		},
		{
			Name: settingDuration, Kind: channel.KindDuration, Default: "1m", Help: "how long audio is said to be where the message does not say",
		},
		{
			Name: settingSilent, Kind: channel.KindBool, Default: "false", Help: "push without a notification on the recipient's device",
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
