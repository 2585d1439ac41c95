package kakao

import (
	"errors"
	"regexp"
	"time"

	"messagehub/actors/channel"
)

// The values of settingNight.
const (
	nightFail     = "fail"
	nightSchedule = "schedule"
	nightSend     = "send"
)

func settings() []channel.Setting {
	return append(accountSettings(), append(brandSettings(), wireSettings()...)...)
}

func accountSettings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingBaseURL, Kind: channel.KindURL, Default: "https://kakaotalk-bizmessage.api.nhncloudservice.com",
			Sandbox: "http://sandbox.invalid/kakao", Help: "where NHN Cloud's API is",
		},
		{
			Name: settingAppKey, Required: true, Sandbox: "sandboxAppKey0001", Help: "the appkey of the service KakaoTalk Bizmessage",
			Check: matching(`^[0-9A-Za-z_-]{1,64}$`, "must be letters, digits, - and _, at most 64"),
		},
		{
			Name: settingSecret, Required: true, Secret: true, Sandbox: "sandbox-secret-key", Help: "the secret key that the console made",
			Check: matching(`^[!-~]+$`, "must be printable ASCII without spaces"),
		},
		{
			Name: settingSender, Required: true, Sandbox: "0123456789abcdef0123456789abcdef01234567",
			Help: "the sender key of the KakaoTalk channel, 40 characters", Check: matching(`^[0-9A-Za-z]{40}$`, "must be the 40 letters and digits of a sender key"),
		},
		{
			Name: settingWebhook, Secret: true, Sandbox: "sandbox-webhook-secret",
			Help:  "a secret of your own, 16 characters or more, entered as the webhook's signature in the console; without it callbacks are refused",
			Check: matching(`^[!-~]{16,256}$`, "must be 16 to 256 characters of printable ASCII without spaces"),
		},
		{
			Name: settingPoll, Kind: channel.KindDuration, Default: "1m", Sandbox: "0s", Check: checkPoll,
			Help: "how often results are asked for; with webhookSecret only what is 15m old is asked for, in case a callback was lost; 0s for never",
		},
		{
			Name: settingAuth, Kind: channel.KindBool, Default: "false",
			Help: "send AlimTalk as authentication messages, over a line of their own: the text must hold a word such as auth or password",
		},
	}
}

func brandSettings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingTargeting, Default: "I", Check: matching(`^[MNI]$`, "must be M, N or I"),
			Help: "whom Brand Messages reach: I friends of the KakaoTalk channel, M who has consented, N who has consented and is no friend",
		},
		{
			Name: settingOptOut, Check: matching(`^080-?[0-9]{3,4}-?[0-9]{4}$`, "must be a number such as 080-123-4567"),
			Help: "the toll-free number at which recipients opt out of Brand Messages; without it the one of the sender profile counts",
		},
		{
			Name: settingOptOutAuth, Check: matching(`^[0-9]{1,9}$`, "must be 1 to 9 digits"), Help: "the code to enter at unsubscribeNo",
		},
		{
			Name: settingNight, Default: nightFail, Sandbox: nightSend, Check: matching(`^(fail|schedule|send)$`, "must be fail, schedule or send"),
			Help: "what happens to Brand Messages between 20:50 and 08:00 in Korea: fail at once, schedule for 08:00, or send and let NHN decide",
		},
		{
			Name: settingBrandRepeat, Kind: channel.KindBool, Default: "false",
			Help: "take it that Brand Message knows idempotency keys, as AlimTalk does: a send of unknown outcome is then repeated",
		},
	}
}

func wireSettings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingForeign, Check: matching(`^(\+|00)$`, "must be + or 00"),
			Help: "what stands before the country code of a number outside Korea; nothing by default",
		},
		{
			Name: settingOffset, Kind: channel.KindDuration, Default: "9h", Check: checkOffset,
			Help: "how far NHN's dates, which name no zone, are ahead of UTC",
		},
	}
}

func checkPoll(value string) error {
	if d, err := time.ParseDuration(value); err != nil || d != 0 && (d < 10*time.Second || d > time.Hour) {
		return errors.New("must be between 10s and 1h, or 0s for never")
	}
	return nil
}

func checkOffset(value string) error {
	if d, err := time.ParseDuration(value); err != nil || d < -12*time.Hour || d > 14*time.Hour {
		return errors.New("must be between -12h and 14h")
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
