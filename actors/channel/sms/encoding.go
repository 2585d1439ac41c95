package sms

import (
	"errors"
	"slices"
	"strings"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sms/gsm"
)

// The settings that say how texts are written.
const (
	settingSmart     = "smartEncoding"
	settingLanguages = "nationalLanguages"
)

func encodingSettings() []channel.Setting {
	return []channel.Setting{
		{
			Name: settingSmart, Kind: channel.KindBool, Default: "false",
			Help: "write quotes, dashes and spaces of typography plainly where the text then needs no UCS-2",
		},
		{
			Name: settingLanguages, Check: checkLanguages,
			Help: "national languages whose GSM-7 tables may be used, such as turkish, portuguese (not twilio): turkish, spanish, portuguese",
		},
	}
}

func checkLanguages(value string) error {
	_, err := languagesOf(value)
	return err
}

// languagesOf reads a list of languages, separated by commas.
func languagesOf(value string) ([]gsm.Language, error) {
	known := gsm.Languages()
	var out []gsm.Language
	for word := range strings.SplitSeq(value, ",") {
		word = strings.ToLower(strings.TrimSpace(word))
		if word == "" {
			continue
		}
		language, ok := known[word]
		if !ok {
			return nil, errors.New("must list turkish, spanish or portuguese, separated by commas")
		}
		if !slices.Contains(out, language) {
			out = append(out, language)
		}
	}
	return out, nil
}

// encoderOf returns how a sender with these settings writes its texts.
func encoderOf(v channel.Values) gsm.Encoder {
	languages, _ := languagesOf(v.Text(settingLanguages)) // checked with the settings
	e := gsm.Encoder{Languages: languages, Smart: v.Bool(settingSmart)}
	if v.Text(settingProvider) == providerSMPP {
		alphabet := v.Text(settingAlphabet)
		e.Latin1 = alphabet == alphabetMixed || alphabet == alphabetLatin1
		e.NoGSM7 = alphabet == alphabetLatin1
		e.WideReference = v.Text(settingLong) == longUDH16
	}
	return e
}

// counter makes the counter of a sender with these settings.
func counter(v channel.Values) func(text string) (n int, encoding string) {
	encoder := encoderOf(v)
	return func(text string) (int, string) {
		form, _ := encoder.Measure(text)
		return form.Parts, form.Coding.String()
	}
}
