package sms

import (
	"errors"

	"messagehub/actors/channel"
)

// The settings of a sender at Twilio.
const (
	settingAccountSid   = "accountSid"
	settingAuthToken    = "authToken"
	settingAPIKeySid    = "apiKeySid"
	settingAPIKeySecret = "apiKeySecret"
	settingService      = "messagingServiceSid"
	settingRetries      = "retryCallbacks"
	settingLinks        = "mediaAsLink"
)

func twilioSettings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingAccountSid, Sandbox: "AC00000000000000000000000000005a17", Check: sid("AC"),
			Help: "twilio: SID of the account that sends",
		},
		{
			Name: settingAuthToken, Secret: true, Sandbox: "sandbox-auth-token",
			Help: "twilio: the account's primary auth token, with which Twilio signs its callbacks",
		},
		{
			Name: settingAPIKeySid, Check: sid("SK"),
			Help: "twilio: SID of an API key to send with in place of the auth token",
		},
		{
			Name: settingAPIKeySecret, Secret: true, Help: "twilio: the API key's secret",
		},
		{
			Name: settingService, Check: sid("MG"),
			Help: "twilio: SID of the messaging service to send through; this or fromNumber is needed",
		},
		{
			Name: settingRetries, Kind: channel.KindBool, Default: "true",
			Help: "twilio: ask for callbacks that fail to be repeated",
		},
		{
			Name: settingLinks, Kind: channel.KindBool, Default: "false",
			Help: "twilio: send a medium as a text with its link, for countries without MMS",
		},
	}
}

// checkTwilio checks what concerns more than one setting.
func checkTwilio(v channel.Values) error {
	for _, setting := range []string{settingAccountSid, settingAuthToken} {
		if v.Text(setting) == "" {
			return needs(providerTwilio, setting)
		}
	}
	if v.Text(settingFrom) == "" && v.Text(settingService) == "" {
		return errors.New(settingFrom + " or " + settingService + " is needed")
	}
	if v.Text(settingLanguages) != "" {
		return errors.New(settingLanguages + " is not for " + settingProvider + " " + providerTwilio + ", which has the default alphabet and UCS-2 alone")
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
