package sms

import (
	"strings"
	"testing"

	"messagehub/actors/channel"
)

func TestCounterOfASender(t *testing.T) {
	rows := []struct {
		given    channel.Values
		text     string
		n        int
		encoding string
	}{
		{nil, strings.Repeat("a", 161), 2, "GSM-7"},
		{nil, strings.Repeat("ğ", 71), 2, "UCS-2"},
		{nil, "“Hi”", 1, "UCS-2"},
		{channel.Values{"smartEncoding": "true"}, "“Hi”", 1, "GSM-7"},
		{channel.Values{"nationalLanguages": "turkish"}, strings.Repeat("ğ", 71), 1, "GSM-7"},
		{channel.Values{"nationalLanguages": "Turkish, portuguese,turkish"}, strings.Repeat("ã", 155), 1, "GSM-7"},
	}
	for _, row := range rows {
		if n, encoding := counter(row.given)(row.text); n != row.n || encoding != row.encoding {
			t.Errorf("%v %.8q: %d %s, want %d %s", row.given, row.text, n, encoding, row.n, row.encoding)
		}
	}
}

// TestTwilioSendsWhatIsCounted: what smart encoding makes of a text goes out.
func TestTwilioSendsWhatIsCounted(t *testing.T) {
	for smart, want := range map[string]string{"true": "Body=It%27s+ok...", "false": "Body=It%E2%80%99s+ok%E2%80%A6"} {
		values := sandbox()
		values["smartEncoding"] = smart
		a, err := newTwilio(channel.Sender{Settings: values})
		if err != nil {
			t.Fatal(err)
		}
		step := text("It’s ok…")
		if form, err := a.(*twilio).encode(nil, &channel.Request{Step: &step}); err != nil || !strings.Contains(string(form), want) {
			t.Errorf("smart %s: %s, %v", smart, form, err)
		}
	}
}

func TestEncodingSettings(t *testing.T) {
	values := sandbox()
	values["nationalLanguages"] = "turkish"
	if _, err := newAdapter(channel.Sender{Settings: values}); err == nil || !strings.Contains(err.Error(), "nationalLanguages is not for provider twilio") {
		t.Errorf("national languages at Twilio: %v", err)
	}
	values["nationalLanguages"] = "klingon"
	if _, err := channel.Complete(Spec().Settings, values); err == nil || !strings.Contains(err.Error(), "nationalLanguages must list turkish, spanish or portuguese") {
		t.Errorf("a language of no table: %v", err)
	}
}
