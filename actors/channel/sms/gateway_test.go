package sms

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// gatewayWith returns the settings with changes, on top of the sandbox's.
func gatewayWith(given channel.Values, changes channel.Values) channel.Values {
	out := sandbox()
	for _, v := range []channel.Values{given, changes} {
		for name, value := range v {
			out[name] = value
		}
	}
	return out
}

// TestGatewaySettingsThatGoTogether: each fault names the setting, and none a
// secret.
func TestGatewaySettingsThatGoTogether(t *testing.T) {
	form, json := formGateway(), jsonGateway()
	rows := []struct {
		of      channel.Values
		changes channel.Values
		want    string // in the error; empty: none
	}{
		{form, nil, ""},
		{json, nil, ""},
		{kannelGateway(), nil, ""},
		{form, channel.Values{"baseURL": ""}, "baseURL is missing: provider http needs it"},
		{form, channel.Values{"json": `{"a":"{to}{text}"}`}, "form and json are there both"},
		{form, channel.Values{"method": "GET"}, "method GET has no body"},
		{form, channel.Values{"form": `{"a":"{to}"}`}, "{text} is nowhere"},
		{form, channel.Values{"username": ""}, "username is missing"},
		{form, channel.Values{"secret": ""}, "secret is missing: auth basic needs it"},
		{form, channel.Values{"auth": "header"}, "authName is missing: auth header needs it"},
		{form, channel.Values{"auth": "none", "secret": ""}, ""},
		{json, channel.Values{"fromNumber": ""}, "fromNumber is missing: json names {from}"},
		{form, channel.Values{"toFormat": "national"}, "country and toFormat national are needed together"},
		{form, channel.Values{"country": "DE"}, "country and toFormat national are needed together"},
		{form, channel.Values{"id": ""}, "id, success or successStatuses is needed"},
		{form, channel.Values{"id": "", "successStatuses": "200"}, ""},
		{form, channel.Values{"id": "", "successStatuses": "200", "form": `{"a":"{to}{text}"}`}, "id is missing: without it receipts are known by {message_id}"},
		{form, channel.Values{"successValue": "x"}, "success is missing"},
		{form, channel.Values{"errorCode": "", "receiptError": ""}, "errorCode or receiptError is missing"},
		{form, channel.Values{"receiptSecret": ""}, "receiptSecret is missing: receiptAuth header needs it"},
		{form, channel.Values{"receiptAuth": "", "receiptId": ""}, ""},
		{form, channel.Values{"receiptId": ""}, "receiptId is missing: receiptFormat form needs it"},
		{form, channel.Values{"receiptAuth": "query", "receiptSecret": "sixteen letters/+"}, "receiptSecret must be letters"},
		{json, channel.Values{"receiptId": "id"}, "receiptId must be a JSON pointer"},
		{json, channel.Values{"receiptSigned": ""}, "receiptSigned with {timestamp} and receiptTimestamp are needed together"},
		{json, channel.Values{"receiptTimestamp": ""}, "receiptSigned with {timestamp} and receiptTimestamp are needed together"},
		{json, channel.Values{"receiptFormat": "messagehub"}, "receiptAuth must be webhook, as receiptFormat is messagehub"},
		{json, channel.Values{"receiptFormat": "messagehub", "receiptAuth": "webhook", "receiptSecret": "sixteen-letters-or-more"}, "receiptSecret must be whsec_"},
		{form, channel.Values{"inboundText": ""}, "inboundFrom and inboundText are needed together"},
		{json, channel.Values{"inboundFrom": "number"}, "inboundFrom must be a JSON pointer"},
		{json, channel.Values{"inboundFormat": "form", "inboundFrom": "number", "inboundText": "body", "inboundId": "", "inboundTime": ""}, ""},
		{form, channel.Values{"receiptId": "", "receiptStatus": "", "receiptStatuses": "", "receiptError": "", "errorCode": "", "id": "", "successStatuses": "200", "form": `{"a":"{to}{text}"}`, "errorCodes": "", "errorText": ""}, ""},
	}
	for _, row := range rows {
		values := gatewayWith(row.of, row.changes)
		_, err := newAdapter(channel.Sender{Settings: values})
		if (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v: error %v, want one of %q", row.changes, err, row.want)
		}
		if secret := values["receiptSecret"]; err != nil && secret != "" && strings.Contains(err.Error(), secret) {
			t.Errorf("%v: the error tells the secret", row.changes)
		}
	}
}

func TestGatewaySettingsAreChecked(t *testing.T) {
	rows := map[string][]string{
		"provider": {"smsc"}, "preset": {"cannel"}, "method": {"get", "DELETE"}, "path": {"send", "/a b"}, "auth": {"digest"},
		"query": {`{"a":"{txt}"}`, `{"a":"{to"}`, `{"a":"}"}`, `["a"]`}, "headers": {`{"a b":"x"}`, `{"a":"x\ny"}`, `{"a":"{text}"}`},
		"json": {`{"a":{to}}`, `{"a":"{nobody}"}`, "to={to}"}, "toFormat": {"E164"}, "country": {"Germany", "de"},
		"encodings": {`{"GSM7":"0"}`}, "successStatuses": {"2xx", "404", "200;201"}, "success": {"(", "(a)(b)"},
		"errorCodes": {`{"1":"bad_number"}`}, "receiptStatuses": {`{"DELIVRD":"done"}`}, "receiptAuth": {"none"},
		"receiptSecret": {"short"}, "receiptSigned": {"{timestamp}", "{payload}"}, "receiptTolerance": {"0s", "2d"}, "receiptList": {"events"},
		"authName": {"X Key"}, "username": {"a\nb"},
	}
	for name, values := range rows {
		for _, value := range values {
			given := gatewayWith(formGateway(), channel.Values{name: value})
			if _, err := channel.Complete(Spec().Settings, given); err == nil || !strings.HasPrefix(err.Error(), name) {
				t.Errorf("%s %q: %v", name, value, err)
			}
		}
	}
}

func TestTemplateKeepsItsPlace(t *testing.T) {
	values := map[string]string{"to": `"},{"to":"+1`, "text": "{to} \x00\n\u2028\\"}
	tmpl, err := parseJSONTemplate(`{"a": ["{to}", 1e2, "\"{text}\" {{x}}", null], "{to}": true}`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tmpl.expand(values)
	const want = `{"a": ["\"},{\"to\":\"+1", 1e2, "\"{to} \u0000\n\u2028\\\" {x}", null], "\"},{\"to\":\"+1": true}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
}

func TestFinder(t *testing.T) {
	const doc = `{"a":{"b":[{"c":"x"},1.50,true,null,{}]},"":"empty","a/b":1,"m~n":2,"big":12345678901234567890}`
	rows := []struct {
		where, text, want string
		ok                bool
	}{
		{"/a/b/0/c", doc, "x", true},
		{"/a/b/1", doc, "1.50", true},
		{"/a/b/2", doc, "true", true},
		{"/a/b/3", doc, "", false},
		{"/a/b/4", doc, "", false},
		{"/a/b/5", doc, "", false},
		{"/a/b/-1", doc, "", false},
		{"/a/b/c", doc, "", false},
		{"/a/b", doc, "", false},
		{"/", doc, "empty", true},
		{"/a~1b", doc, "1", true},
		{"/m~0n", doc, "2", true},
		{"/big", doc, "12345678901234567890", true},
		{"/none", doc, "", false},
		{"/a", "", "", false},
		{"/a", `{"a":1`, "", false},
		{"^ID: (.+)$", "ID: 7", "7", true},
		{"^OK", "OK then", "OK", true},
		{"^OK", "ERR", "", false},
		{"", doc, "", false},
	}
	for _, row := range rows {
		f, err := parseFinder(row.where)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := f.find([]byte(row.text)); got != row.want || ok != row.ok {
			t.Errorf("%s in %.30s: %q, %v; want %q, %v", row.where, row.text, got, ok, row.want, row.ok)
		}
	}
}

func TestFormatOfRecipients(t *testing.T) {
	rows := []struct {
		format, country, to, want string
		refused                   channel.Code
	}{
		{"", "", "+4915112345678", "+4915112345678", ""},
		{"e164", "", "+4915112345678", "+4915112345678", ""},
		{"digits", "", "+4915112345678", "4915112345678", ""},
		{"digits", "", "sim:failed", "sim:failed", ""},
		{"national", "DE", "+4915112345678", "015112345678", ""},
		{"national", "US", "+14155550100", "4155550100", ""},
		{"national", "IT", "+390612345678", "0612345678", ""},
		{"national", "DE", "+14155550100", "", channel.NotOnChannel},
		{"national", "DE", "sim:failed", "sim:failed", ""},
	}
	for _, row := range rows {
		to, err := toFormat(channel.Values{"toFormat": row.format, "country": row.country})
		if err != nil {
			t.Fatal(err)
		}
		got, err := to(row.to)
		if code := channel.Code(""); got != row.want || (err == nil) != (row.refused == code) || err != nil && err.(*channel.Error).Code != row.refused {
			t.Errorf("%s %s %s: %q, %v", row.format, row.country, row.to, got, err)
		}
	}
}

// TestWithoutAPublicAddress: a parameter that would name it is left out, and
// so is one of a sender that there is not.
func TestWithoutAPublicAddress(t *testing.T) {
	a, err := newAdapter(channel.Sender{Settings: gatewayWith(kannelGateway(), channel.Values{"fromNumber": ""})})
	if err != nil {
		t.Fatal(err)
	}
	g := a.(*gateway)
	call, err := g.request.call(map[string]string{"to": "+1", "text": "x", "message_id": "m"})
	if err != nil || strings.Contains(call.URL, "dlr-url") || strings.Contains(call.URL, "from=") || !strings.Contains(call.URL, "text=x") || !call.Once {
		t.Errorf("%+v, %v", call, err)
	}
}

func TestNoReceiptsWithoutProof(t *testing.T) {
	a, err := newAdapter(channel.Sender{CallbackURL: publicAddress, Settings: gatewayWith(formGateway(), channel.Values{"receiptAuth": ""})})
	if err != nil {
		t.Fatal(err)
	}
	cb := message.Callback{Method: "POST", Body: []byte("id=1&state=DELIVRD"), Header: func(string) string { return "" }}
	if _, _, err := a.(*gateway).Receipts(&cb); err != message.ErrUnsigned {
		t.Errorf("error %v", err)
	}
	if a.(*gateway).callback != "" {
		t.Error("the gateway is told an address at which nothing is taken")
	}
}

// TestWebhookSignatures: any of several signatures counts, and none that is
// too old.
func TestWebhookSignatures(t *testing.T) {
	const body, stamp = `{"id":"a","status":"sent"}`, "1614265330"
	key := []byte("0123456789abcdef")
	secret := "whsec_" + base64.StdEncoding.EncodeToString(key)
	check, err := newGuard(channel.Values{"receiptAuth": "webhook", "receiptSecret": secret, "receiptTolerance": "5m"})
	if err != nil {
		t.Fatal(err)
	}
	good := "v1," + base64.StdEncoding.EncodeToString(hmacOf(key, "msg_1."+stamp+"."+body))
	rows := []struct {
		name, id, stamp, signature string
		after                      time.Duration
		want                       bool
	}{
		{"good", "msg_1", stamp, good, 0, true},
		{"at the edge", "msg_1", stamp, good, 5 * time.Minute, true},
		{"second of two", "msg_1", stamp, "v1,AAAA v2,xx " + good, 0, true},
		{"too old", "msg_1", stamp, good, 301 * time.Second, false},
		{"too early", "msg_1", stamp, good, -301 * time.Second, false},
		{"another id", "msg_2", stamp, good, 0, false},
		{"another time", "msg_1", "1614265331", good, 0, false},
		{"another version", "msg_1", stamp, "v2" + good[2:], 0, false},
		{"no time", "msg_1", "", good, 0, false},
		{"no id", "", stamp, good, 0, false},
		{"none", "msg_1", stamp, "", 0, false},
	}
	for _, row := range rows {
		header := map[string]string{"webhook-id": row.id, "webhook-timestamp": row.stamp, "webhook-signature": row.signature}
		cb := message.Callback{Method: "POST", Body: []byte(body), Header: func(name string) string { return header[name] }}
		if got := check(&cb, time.Unix(1614265330, 0).Add(row.after)); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

func TestErrorsTellNoSecret(t *testing.T) {
	e := without(channel.Failed(channel.ProviderError, "1", "the key s3cret is wrong"), "s3cret")
	if e.ProviderMessage != "" || e.Code != channel.ProviderError {
		t.Errorf("%+v", e)
	}
}

// Numbers of handsets come in many forms; short codes and names are none.
func TestWritersOfGateways(t *testing.T) {
	for _, row := range []struct{ from, country, want string }{
		{"+15558675310", "", "+15558675310"},
		{"15558675310", "", "+15558675310"},
		{"004915112345678", "", "+4915112345678"},
		{"015112345678", "", "015112345678"},
		{"015112345678", "DE", "+4915112345678"},
		{"+15558675310", "DE", "+15558675310"},
		{"12345", "", "12345"},
		{"Bank", "DE", "Bank"},
		{"", "", ""},
		{"a\nb", "", ""},
		{strings.Repeat("9", 33), "", ""},
	} {
		if got := writerOf(row.from, row.country); got != row.want {
			t.Errorf("%q of %q: %q, want %q", row.from, row.country, got, row.want)
		}
	}
}

func TestTimesOfGateways(t *testing.T) {
	const noon = 1769860800000
	for _, text := range []string{"1769860800", "1769860800000", "2026-01-31T12:00:00Z", "2026-01-31T13:00:00.000+0100", "2026-01-31 12:00:00", "2026-01-31 12:00", "2026-01-31T12:00:00"} {
		if got := anyTime(text); got != noon {
			t.Errorf("%q: %d", text, got)
		}
	}
	for _, text := range []string{"", "-1", "soon", "99999999999999999999", "0001-01-01T00:00:00Z"} {
		if got := anyTime(text); got != 0 {
			t.Errorf("%q: %d", text, got)
		}
	}
}
