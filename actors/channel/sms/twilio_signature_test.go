package sms

import (
	"net/url"
	"strings"
	"testing"
)

const (
	vectorToken = "12345"
	vectorURL   = "https://mycompany.com/myapp.php?foo=1&bar=2"
	vectorJSON  = `{"property": "value", "boolean": true}`
	vectorHash  = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
)

func twilioCall() url.Values {
	return url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"},
		"From": {"+14158675309"}, "To": {"+18005551212"},
	}
}

func conference() url.Values {
	v := twilioCall()
	v.Set("Reason", "Participant")
	v.Set("ReasonConferenceEnded", "test")
	return v
}

func twilioStatus() url.Values {
	sid := "SM" + strings.Repeat("a", 32)
	return url.Values{
		"AccountSid": {"AC" + strings.Repeat("X", 32)}, "ApiVersion": {"2010-04-01"}, "From": {"+15005550006"},
		"MessageSid": {sid}, "SmsSid": {sid}, "MessageStatus": {"delivered"}, "SmsStatus": {"delivered"}, "To": {"+15558675310"},
	}
}

// readerOf returns a reader for the token that has read the parameters.
func readerOf(token string, params url.Values) *twilioReader {
	r := newTwilioReader(token)
	r.params.read([]byte(params.Encode()))
	return r
}

func TestSignatureVectors(t *testing.T) {
	body := twilioStatus()
	body.Set("Body", "héllo €")
	hook := "https://relay.example.com/hooks/twilio/status"
	rows := []struct {
		name, url string
		params    url.Values
		want      string
	}{
		{"conference", vectorURL, conference(), "vOEb5UThFn24KEfnOFLQY2AE5FY="},
		{"http", strings.Replace(vectorURL, "https", "http", 1), conference(), "n2xBNyzSW7rfYStDtOFiFMv7qNo="},
		{"call", vectorURL, twilioCall(), "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
		{"form", vectorURL, url.Values{"property": {"value"}, "boolean": {"true"}}, "NBdBDr/T/lgjI+tlgpXjKZQZs/k="},
		{"json", vectorURL + "&bodySHA256=" + vectorHash, nil, "a9nBmqA0ju/hNViExpshrM61xv4="},
		{"json without other parameters", "https://mycompany.com/myapp.php?bodySHA256=" + vectorHash, nil, "y77kIzt2vzLz71DgmJGsen2scGs="},
		{"status", hook, twilioStatus(), "vkRFzxPq+Xv8fhLS4ZbXTuus2nA="},
		{"status with body", hook, body, "vJjuWQjjsc19nkD/Di+dyQQ6rPI="},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := string(readerOf(vectorToken, row.params).signature(row.url, everyValue)); got != row.want {
				t.Errorf("signature %s, want %s", got, row.want)
			}
			if !readerOf(vectorToken, row.params).signed(row.want, row.url) {
				t.Error("not accepted")
			}
			if readerOf("12346", row.params).signed(row.want, row.url) {
				t.Error("accepted under another key")
			}
			if readerOf(vectorToken, row.params).signed(row.want, row.url+"x") {
				t.Error("accepted for another URL")
			}
		})
	}
	// Names in another order than their bytes' give this one.
	if readerOf(vectorToken, conference()).signed("95+Bu0JVPi0r/SsESZCVf0dWAjw=", vectorURL) {
		t.Error("accepted with parameters in the wrong order")
	}
}

func TestSignatureOfRepeatedNames(t *testing.T) {
	one := string(readerOf("k", url.Values{"MediaUrl": {"a", "b"}, "Z": {"1"}}).signature("https://a/", everyValue))
	for _, values := range [][]string{{"b", "a"}, {"a", "b", "a"}, {"b", "b", "a"}} {
		again := string(readerOf("k", url.Values{"MediaUrl": values, "Z": {"1"}}).signature("https://a/", everyValue))
		if one != again {
			t.Errorf("%q is signed differently", values)
		}
	}
	values := url.Values{"MediaUrl": {"b", "a", "b"}, "Z": {"1"}}
	first := string(readerOf("k", values).signature("https://a/", firstValue))
	if want := string(readerOf("k", url.Values{"MediaUrl": {"b"}, "Z": {"1"}}).signature("https://a/", everyValue)); first != want || first == one {
		t.Errorf("the first value alone is signed %s, want %s", first, want)
	}
	for name, header := range map[string]string{"every value": one, "the first value": first} {
		if !readerOf("k", values).signed(header, "https://a/") {
			t.Errorf("signed over %s: refused", name)
		}
	}
	last := string(readerOf("k", url.Values{"MediaUrl": {"a"}, "Z": {"1"}}).signature("https://a/", everyValue))
	if readerOf("k", values).signed(last, "https://a/") {
		t.Error("signed over another value: accepted")
	}
}

func TestSignatureIgnoresThePort(t *testing.T) {
	rows := []struct{ signedURL, askedURL string }{
		{"https://relay.example.com:443/a?b=1", "https://relay.example.com/a?b=1"},
		{"https://relay.example.com/a?b=1", "https://relay.example.com:443/a?b=1"},
		{"http://relay.example.com:80/a", "http://relay.example.com/a"},
		{"https://relay.example.com/a", "https://relay.example.com:8443/a"},
		{"https://[2001:db8::1]:443/a", "https://[2001:db8::1]/a"},
		{"https://[2001:db8::1]/a", "https://[2001:db8::1]:443/a"},
		{"https://relay.example.com:443", "https://relay.example.com"},
		{"https://relay.example.com:443?x=https://y:1/", "https://relay.example.com?x=https://y:1/"},
	}
	for _, row := range rows {
		header := string(readerOf("k", twilioCall()).signature(row.signedURL, everyValue))
		if !readerOf("k", twilioCall()).signed(header, row.askedURL) {
			t.Errorf("signed as %s, asked for as %s: refused", row.signedURL, row.askedURL)
		}
	}
	header := string(readerOf("k", twilioCall()).signature("https://relay.example.com:80/a", everyValue))
	if readerOf("k", twilioCall()).signed(header, "https://relay.example.com/a") {
		t.Error("another scheme's port is accepted")
	}
}

func TestSignatureForm(t *testing.T) {
	good := string(readerOf("k", nil).signature("u", everyValue))
	for _, bad := range []string{"", "=", good + "=", good + "\n", good[:27], strings.ToLower(good), good[:len(good)-1]} {
		if readerOf("k", nil).signed(bad, "u") {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestBodyHash(t *testing.T) {
	if !hashed(vectorHash, []byte(vectorJSON)) {
		t.Error("the vector's body is refused")
	}
	for _, bad := range []string{"", vectorHash[:62], "zz" + vectorHash[2:]} {
		if hashed(bad, []byte(vectorJSON)) {
			t.Errorf("hash %q is accepted", bad)
		}
	}
	if hashed(vectorHash, []byte(vectorJSON+" ")) {
		t.Error("another body is accepted")
	}
}
