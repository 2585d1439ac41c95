package config_test

import (
	"os"
	"regexp"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/all"
	"messagehub/cmd/messagehub/config"
)

// lookup is the environment that the reference configuration wants.
func lookup(name string) (string, bool) {
	v, ok := map[string]string{
		"WHATSAPP_ACCESS_TOKEN": "x", "WHATSAPP_APP_SECRET": "x", "WHATSAPP_VERIFY_TOKEN": "x",
		"TELEGRAM_TOKEN": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "TELEGRAM_WEBHOOK_SECRET": "x",
		"TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000001", "TWILIO_AUTH_TOKEN": "x",
		"TWILIO_MESSAGING_SERVICE_SID": "MG00000000000000000000000000000001",
		"LINE_CHANNEL_SECRET":          "line-channel-secret",
		"LINE_CHANNEL_ACCESS_TOKEN":    "line-channel-access-token",
		"ZALO_APP_SECRET":              "zalo-app-secret", "ZALO_REFRESH_TOKEN": "zalo-refresh-token",
		"ZALO_OA_SECRET_KEY": "zalo-oa-secret-key", "ZALO_ACCESS_TOKEN": "zalo-access-token",
		"NHN_SECRET_KEY":          "nhn-secret-key",
		"NHN_WEBHOOK_SECRET":      "nhn-webhook-secret",
		"INFOBIP_API_KEY":         "infobip-api-key",
		"INFOBIP_CALLBACK_SECRET": "infobip-callback-secret",
		"KANNEL_PASSWORD":         "kannel-password", "KANNEL_RECEIPT_TOKEN": "kannel-receipt-token",
		"SMS_GATEWAY_TOKEN": "sms-gateway-token", "SMS_GATEWAY_PASSWORD": "sms-gateway-password",
		"SMS_GATEWAY_RECEIPT_KEY": "sms-gateway-receipt-key", "SMS_GATEWAY_RECEIPT_TOKEN": "sms-gateway-receipt-token",
		"TWILIO_API_KEY_SECRET": "twilio-api-key-secret",
		"VIBER_BOT_TOKEN":       "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9",
		"SMSC_PASSWORD":         "smscpass",
	}[name]
	return v, ok
}

// The files that are shipped load as strictly as any other.
func TestShippedConfigurationsAreValid(t *testing.T) {
	for _, name := range []string{"messagehub.yaml", "sim.yaml"} {
		c, err := config.Loader{Specs: all.Specs(), Env: lookup}.Load("../../../deploy/" + name)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		channels := map[string]bool{}
		for _, s := range c.Senders {
			channels[s.Channel] = true
		}
		for _, spec := range all.Specs() {
			if !channels[spec.Name] {
				t.Errorf("%s has no sender of %s", name, spec.Name)
			}
		}
	}
}

func TestShippedConfigurationOfAnSMSCIsValid(t *testing.T) {
	if _, err := (config.Loader{Specs: all.Specs(), Env: lookup}).Load("../../../deploy/sim-smpp.yaml"); err != nil {
		t.Error(err)
	}
}

// What the reference shows as a default, commented out, is one that the
// loader accepts at that place.
func TestReferenceStaysValidWithItsCommentsTakenOut(t *testing.T) {
	b, err := os.ReadFile("../../../deploy/messagehub.yaml")
	if err != nil {
		t.Fatal(err)
	}
	key := regexp.MustCompile(`(?m)^( *)# ([a-zA-Z]+: \S.*)$`)
	if n := len(key.FindAll(b, -1)); n < 10 {
		t.Fatalf("only %d defaults are shown", n)
	}
	full := key.ReplaceAll(b, []byte("$1$2"))
	if _, err := (config.Loader{Specs: all.Specs(), Env: lookup}).Parse("full.yaml", full); err != nil {
		t.Errorf("%v", err)
	}
}

// The configurations of the page sms-http are as good as they look.
func TestExamplesOfThePageAreValid(t *testing.T) {
	b, err := os.ReadFile("../../../relay/docs/pages/sms-http.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(b, -1)
	if len(blocks) != 4 {
		t.Fatalf("%d examples", len(blocks))
	}
	for _, block := range blocks {
		if _, err := (config.Loader{Specs: all.Specs(), Env: lookup}).Parse("sms-http.md", append([]byte("data: /srv/messages\n"), block[1]...)); err != nil {
			t.Errorf("%v", err)
		}
	}
}

// The simulator's published values fit its own settings, and a secret of them
// may be written down.
func TestSandboxValuesFitEveryChannel(t *testing.T) {
	for _, spec := range all.Specs() {
		if _, err := channel.Complete(spec.Settings, channel.Sandbox(spec.Settings)); err != nil {
			t.Errorf("%s: %v", spec.Name, err)
		}
	}
}
