// Package kakao sends to KakaoTalk through NHN Cloud's "KakaoTalk Bizmessage":
// AlimTalk, templates that Kakao has approved, to any KakaoTalk user by phone
// number; and Brand Message, advertising, as a template ("basic") or as a text
// or image ("freestyle"). The rules come from NHN's API guides, its list of
// error codes and its webhook guide, as of June 2026.
//
// NHN takes a message first and learns afterwards what became of it. It posts
// that to a webhook, or is asked for it: see [poller]. What it does not know
// itself ("3005", sent but not confirmed) is never a failure.
//
// Not guaranteed: NHN has no read receipts. Whether Brand Message drops a
// request that came twice is not documented.
package kakao

import (
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

const name = "kakao"

// The settings of a sender.
const (
	settingBaseURL     = "baseURL"
	settingAppKey      = "appKey"
	settingSecret      = "secretKey"
	settingSender      = "senderKey"
	settingWebhook     = "webhookSecret"
	settingPoll        = "pollEvery"
	settingAuth        = "authentication"
	settingTargeting   = "targeting"
	settingOptOut      = "unsubscribeNo"
	settingOptOutAuth  = "unsubscribeAuthNo"
	settingNight       = "nightHours"
	settingBrandRepeat = "brandIdempotent"
	settingForeign     = "foreignPrefix"
	settingOffset      = "utcOffset"
)

// Spec describes the channel.
func Spec() channel.Spec {
	pace := channel.Pace{PerSecond: 50, Burst: 50, InFlight: 32, Timeout: 30 * time.Second}
	return channel.Spec{
		Name: name, Title: "KakaoTalk (NHN Cloud)",
		Contents: []message.ContentType{message.Template, message.BrandMessage},
		Best:     message.Delivered, Phone: true, SignatureHeader: signatureHeader,
		CheckRecipient: checkRecipient, CheckContent: checkContent,
		Settings: append(settings(), channel.PaceSettings(pace)...), Pace: pace,
		New: newAdapter, Simulator: newSimulator, Glossaries: glossaries(),
	}
}
