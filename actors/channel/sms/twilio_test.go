package sms

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/channeltest"
	"messagehub/store/message"
)

func sandbox() channel.Values { return channel.Sandbox(Spec().Settings) }

// twilioSandbox is the adapter of the sandbox's settings, known to Twilio by
// an address of the relay's.
func twilioSandbox(t testing.TB) *twilio {
	t.Helper()
	a, err := newTwilio(channel.Sender{
		Name: "main", Settings: sandbox(), CallbackURL: "https://relay.example.com/api/v1/webhooks/delivery/sms/main",
	})
	if err != nil {
		t.Fatal(err)
	}
	return a.(*twilio)
}

// request is cb as the relay hands it over.
func request(cb *channeltest.Callback) *message.Callback {
	_, query, _ := strings.Cut(cb.URL, "?")
	return &message.Callback{
		Method: "POST", URL: cb.URL, Query: query, Body: []byte(cb.Body),
		Header: func(name string) string { return cb.Header[name] },
	}
}

func TestValidityPeriodIsWhatIsLeft(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	a := twilioSandbox(t)
	a.now = func() time.Time { return now }
	rows := []struct {
		left time.Duration
		want string
	}{
		{-time.Hour, "1"},
		{0, "1"},
		{900 * time.Millisecond, "1"},
		{90 * time.Second, "90"},
		{36_000 * time.Second, "36000"},
		{36_001 * time.Second, "36000"},
		{24 * time.Hour, "36000"},
	}
	for _, row := range rows {
		step := text("x")
		body, err := a.encode(nil, &channel.Request{Step: &step, Expires: message.TimeOf(now.Add(row.left))})
		if err != nil {
			t.Fatal(err)
		}
		form, err := url.ParseQuery(string(body))
		if got := form.Get("ValidityPeriod"); err != nil || got != row.want {
			t.Errorf("%v left: ValidityPeriod %q, %v; want %s", row.left, got, err, row.want)
		}
	}
	step := text("x")
	body, err := a.encode(nil, &channel.Request{Step: &step})
	if err != nil || strings.Contains(string(body), "ValidityPeriod") {
		t.Errorf("without an end: %s, %v", body, err)
	}
}

// TestReceiptsBehindAProxy: the relay may see another address than Twilio.
func TestReceiptsBehindAProxy(t *testing.T) {
	a := twilioSandbox(t)
	rows := []struct {
		name, signed, asked string
		want                error
	}{
		{"same", "https://relay.example.com/api/v1/webhooks/delivery/sms/main", "https://relay.example.com/api/v1/webhooks/delivery/sms/main", nil},
		{"inside", "https://relay.example.com/api/v1/webhooks/delivery/sms/main", "http://10.0.0.7:8080/api/v1/webhooks/delivery/sms/main", nil},
		{"inside with a query", "https://relay.example.com/api/v1/webhooks/delivery/sms/main?a=%20", "http://10.0.0.7:8080/x?a=%20", nil},
		{"with a port", "https://relay.example.com:443/api/v1/webhooks/delivery/sms/main", "http://10.0.0.7:8080/x", nil},
		{"with the fragment", "https://relay.example.com/api/v1/webhooks/delivery/sms/main#rc=5&rp=all", "https://relay.example.com/api/v1/webhooks/delivery/sms/main", nil},
		{"another fragment", "https://relay.example.com/api/v1/webhooks/delivery/sms/main#rc=1", "https://relay.example.com/api/v1/webhooks/delivery/sms/main", message.ErrUnsigned},
		{"another query", "https://relay.example.com/api/v1/webhooks/delivery/sms/main?a=1", "http://10.0.0.7:8080/x?a=2", message.ErrUnsigned},
		{"elsewhere", "https://evil.example.com/api/v1/webhooks/delivery/sms/main", "https://relay.example.com/api/v1/webhooks/delivery/sms/main", message.ErrUnsigned},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			cb := channeltest.Callback{URL: row.signed, Header: map[string]string{}, Body: twilioCallback("delivered")}
			twilioSign(t, sandbox(), &cb)
			cb.URL = row.asked
			got, _, err := a.Receipts(request(&cb))
			if !errors.Is(err, row.want) || (err == nil) != (len(got) == 1) {
				t.Errorf("%d receipts, error %v; want %v", len(got), err, row.want)
			}
		})
	}
}

func TestSettingsThatGoTogether(t *testing.T) {
	key, secret := "SK"+strings.Repeat("a", 32), "secret-of-the-key"
	rows := []struct {
		name  string
		given channel.Values
		want  string
	}{
		{"number", channel.Values{}, ""},
		{"number and service", channel.Values{"messagingServiceSid": service}, ""},
		{"neither", channel.Values{"fromNumber": ""}, "fromNumber or messagingServiceSid"},
		{"no account", channel.Values{"accountSid": ""}, "accountSid is missing"},
		{"no auth token", channel.Values{"authToken": ""}, "authToken is missing"},
		{"of Twilio by name", channel.Values{"provider": "twilio"}, ""},
		{"key", channel.Values{"apiKeySid": key, "apiKeySecret": secret}, ""},
		{"key without secret", channel.Values{"apiKeySid": key}, "apiKeySecret"},
		{"secret without key", channel.Values{"apiKeySecret": secret}, "apiKeySid"},
	}
	for _, row := range rows {
		values := sandbox()
		for name, value := range row.given {
			values[name] = value
		}
		_, err := newTwilio(channel.Sender{Settings: values})
		if (err == nil) != (row.want == "") || (err != nil && !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v", row.name, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error tells the secret", row.name)
		}
	}
}

func TestSettingsForm(t *testing.T) {
	rows := map[string][]string{
		"accountSid":          {"AC123", strings.Replace(account, "AC", "SK", 1), account + "0", account[:33] + "g"},
		"messagingServiceSid": {"MG1", "AC00000000000000000000000000005a17"},
		"apiKeySid":           {"key"},
		"fromNumber":          {"12", "+0123456", "A name that is too long", "né"},
		"baseURL":             {"api.twilio.com", "ftp://api.twilio.com"},
	}
	for name, values := range rows {
		for _, value := range values {
			given := sandbox()
			given[name] = value
			if _, err := channel.Complete(Spec().Settings, given); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s %q: %v", name, value, err)
			}
		}
	}
	for _, from := range []string{"+15005550006", "12345", "MyCompany", "My Co 1"} {
		if err := checkFrom(from); err != nil {
			t.Errorf("fromNumber %q: %v", from, err)
		}
	}
}

func TestReceiptsWithoutACallbackURL(t *testing.T) {
	a := twilioSandbox(t)
	a.callbackURL = ""
	for address, want := range map[string]error{"https://relay.example.com/hook": nil, "https://relay.example.com/other": message.ErrUnsigned} {
		cb := channeltest.Callback{URL: "https://relay.example.com/hook", Header: map[string]string{}, Body: twilioCallback("sent")}
		twilioSign(t, sandbox(), &cb)
		cb.URL = address
		if _, _, err := a.Receipts(request(&cb)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
}

func TestSegmentsOfAnAnswer(t *testing.T) {
	rows := []struct {
		body string
		want int
	}{
		{`"3"`, 3}, {`"0"`, 0}, {`null`, 0}, {`3`, 0}, {`"-1"`, 0}, {`"x"`, 0}, {`""`, 0}, {`"99999999999999999999"`, 0}, {`"1601"`, 0}, {`{}`, 0},
	}
	for _, row := range rows {
		got, err := decodeTwilio(&channel.Answer{Status: 201, Body: []byte(`{"sid":"` + example + `","num_segments":` + row.body + `}`)})
		if err != nil || got.Segments != row.want || got.ProviderID != example {
			t.Errorf("num_segments %s: %+v, %v; want %d", row.body, got, err, row.want)
		}
	}
}
