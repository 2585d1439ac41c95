// Package zalo sends from a Zalo Official Account: consultation messages to
// user ids, and templates (ZBS Template Message, formerly ZNS) to user ids and
// to phone numbers.
//
// Zalo answers errors with the status 200, and its two hosts use the same
// numbers for different things: a code is read by the host that gave it. The
// access token lives for 25 hours and is renewed with a refresh token that is
// good for one use: see [tokens]. The rules come from write-ups of Zalo's
// documentation and from its PHP SDK; what is not certain is a setting.
//
// Not guaranteed: Zalo has no idempotency key and reports no failure. What
// becomes of a consultation message whose answer is lost is never known; a
// template by phone carries our own id, which its receipt brings back.
package zalo

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

const name = "zalo"

// The settings of a sender.
const (
	settingBaseURL   = "baseURL"
	settingApp       = "appId"
	settingAppSecret = "appSecret"
	settingOA        = "oaId"
	settingAccess    = "accessToken"
	settingRefresh   = "refreshToken"
	settingWebhook   = "oaSecretKey"
	settingSigned    = "webhookSigns"
	settingProof     = "appSecretProof"
	settingMode      = "development"
	settingUnknown   = "retryUnknownRefresh"
)

// Spec describes the channel.
func Spec() channel.Spec {
	pace := channel.Pace{PerSecond: 60, Burst: 60, InFlight: 32, Timeout: 30 * time.Second}
	return channel.Spec{
		Name: name, Title: "Zalo (Official Account)",
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
			Name: settingBaseURL, Kind: channel.KindURL, Sandbox: "http://sandbox.invalid/zalo",
			Help: "one address in place of Zalo's three hosts, which are then its paths /openapi, /business and /oauth",
		},
		{
			Name: settingApp, Required: true, Sandbox: "2074138120372622546", Help: "the app's id in Zalo's developer console",
			Check: matching(`^[0-9]{5,25}$`, "must be the app's number"),
		},
		{
			Name: settingAppSecret, Required: true, Secret: true, Sandbox: "sandbox-app-secret", Help: "the app's secret key",
		},
		{
			Name: settingOA, Sandbox: "2893352839501541173", Help: "the Official Account's id; needed where webhookSigns is oaId",
			Check: matching(`^[0-9]{5,25}$`, "must be the account's number"),
		},
		{
			Name: settingRefresh, Required: true, Secret: true, Sandbox: "sandbox-refresh-token",
			Help: "the refresh token that the console gave: it begins the chain of tokens, and a new one begins a new chain",
		},
		{
			Name: settingAccess, Secret: true, Sandbox: "sandbox-access-token",
			Help: "the access token that came with it; without it one is got at once",
		},
		{
			Name: settingWebhook, Secret: true, Sandbox: "sandbox-oa-secret-key",
			Help: "the OA secret key of the app's webhook page; without it Zalo's events are refused",
		},
		{
			Name: settingSigned, Default: settingApp, Help: "the id that Zalo signs events with: appId or oaId",
			Check: matching(`^(appId|oaId)$`, "must be appId or oaId"),
		},
		{
			Name: settingProof, Kind: channel.KindBool, Default: "false", Help: "send appsecret_proof with each request, as the app's settings may demand",
		},
		{
			Name: settingMode, Kind: channel.KindBool, Default: "false", Help: "templates by phone go to the app's administrators alone",
		},
		{
			Name: settingUnknown, Kind: channel.KindBool, Default: "false",
			Help: "try a refresh token again whose use was cut off; by default it counts as spent, and a new one must be given",
		},
	}
}

// maxText is a consultation text's length in characters, normalised.
const maxText = 2000

// checkRecipient takes a user id of the account, or a phone number.
func checkRecipient(to string) error {
	if isUser(to) || isPhone(to) {
		return nil
	}
	return errors.New("must be a Zalo user id (5 to 25 digits), or for templates a phone number in E.164 such as +84987654321")
}

func isUser(to string) bool {
	return len(to) >= 5 && len(to) <= 25 && strings.Trim(to, "0123456789") == ""
}

func isPhone(to string) bool {
	return len(to) >= 8 && len(to) <= 16 && to[0] == '+' && to[1] != '0' && strings.Trim(to[1:], "0123456789") == ""
}

// checkContent refuses what Zalo can never carry.
func checkContent(s *message.Step) *channel.Fault {
	if s.ContentType == message.Template {
		return nil
	}
	if n := utf8.RuneCountInString(norm.NFC.String(s.Content)); n > maxText {
		return &channel.Fault{
			Param: "content", Code: string(channel.ContentTooLong),
			Message: fmt.Sprintf("content has %d characters; a Zalo text has at most %d", n, maxText),
		}
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
