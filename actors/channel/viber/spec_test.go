package viber

import (
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
)

// TestSettingsOfAProvider: what the chosen provider needs is asked for by name,
// what the other one needs is not.
func TestSettingsOfAProvider(t *testing.T) {
	rows := []struct {
		given channel.Values
		want  string // in the error; empty: none
	}{
		{channel.Values{"apiKey": "", "callbackSecret": ""}, "apiKey"},
		{channel.Values{"callbackSecret": ""}, "callbackSecret"},
		{channel.Values{"authToken": ""}, ""},
		{channel.Values{"provider": "bot", "authToken": ""}, "authToken"},
		{channel.Values{"provider": "bot", "apiKey": "", "callbackSecret": ""}, ""},
		{channel.Values{"provider": "bot", "senderName": strings.Repeat("é", 29)}, "28 characters"},
		{channel.Values{"senderName": strings.Repeat("é", 29)}, ""},
	}
	for _, row := range rows {
		_, err := Spec().New(channel.Sender{Settings: sandbox(row.given)})
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v: error %v, want one of %q", row.given, err, row.want)
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	good := []channel.Values{
		{"provider": "bot"},
		{"templates": templates, "templateLanguage": "pt-BR", "label": "PROMOTIONAL", "callbackInMessage": "false"},
		{"templates": "{}", "senderName": "Zoë & Co"},
	}
	for _, v := range good {
		if _, err := channel.Complete(Spec().Settings, sandbox(v)); err != nil {
			t.Errorf("%v: %v", v, err)
		}
	}
	bad := []channel.Values{
		{"provider": "twilio"},
		{"senderName": strings.Repeat("a", 101)},
		{"senderName": "a\nb"},
		{"apiKey": "a b"},
		{"authToken": "a\r\nX: y"},
		{"callbackSecret": "short"},
		{"callbackInMessage": "perhaps"},
		{"label": "SPAM"},
		{"repeatUnknownFor": "-1s"},
		{"repeatUnknownFor": "25h"},
		{"templateLanguage": "english language"},
		{"avatarURL": "avatar.png"},
		{"templates": "[]"},
		{"templates": "null"},
		{"templates": `{"a":{"txet":{}}}`},
		{"templates": `{"a":{"parameters":["x"],"text":{"en":"{{y}}"}}}`},
		{"templates": `{"a":{"text":{"en":"{{ }}"}}}`},
	}
	for _, v := range bad {
		if _, err := channel.Complete(Spec().Settings, sandbox(v)); err == nil {
			t.Errorf("%v is taken", v)
		}
	}
}

// TestRepeatsOnlyWhereTold: by default an unknown outcome is the chain's to
// decide.
func TestRepeatsOnlyWhereTold(t *testing.T) {
	for setting, want := range map[string]time.Duration{"": 0, "0s": 0, "10m": 10 * time.Minute} {
		values, err := channel.Complete(Spec().Settings, sandbox(channel.Values{"repeatUnknownFor": setting}))
		if err != nil {
			t.Fatal(err)
		}
		a, err := newAdapter(channel.Sender{Settings: values})
		if err != nil {
			t.Fatal(err)
		}
		if got := a.(*infobip).RepeatFor(nil); got != want {
			t.Errorf("%q: %v, want %v", setting, got, want)
		}
	}
}

// TestStandardAddresses: without baseURL each provider has its own.
func TestStandardAddresses(t *testing.T) {
	for provider, want := range map[string]string{"infobip": "https://api.infobip.com", "bot": "https://chatapi.viber.com"} {
		a, err := Spec().New(channel.Sender{Settings: sandbox(channel.Values{"provider": provider, "baseURL": ""})})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		switch a := a.(type) {
		case *infobip:
			got = a.base
		case *bot:
			got = a.base
		}
		if got != want {
			t.Errorf("%s: %q, want %q", provider, got, want)
		}
	}
}
