package sms

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// guard reports whether a callback proves that it is the gateway's.
type guard func(cb *message.Callback, now time.Time) bool

// newGuard makes the guard that the settings ask for; nil if there is none:
// then nothing is let in.
func newGuard(v channel.Values) (guard, error) {
	way, secret := v.Text(settingReceiptAuth), v.Text(settingReceiptSecret)
	if way == "" {
		return nil, nil
	}
	if secret == "" {
		return nil, wants(settingReceiptAuth+" "+way, settingReceiptSecret)
	}
	if v.Text(settingReceiptFormat) == receiptOwn && way != receiptAuthWebhook {
		return nil, fmt.Errorf("%s must be %s, as %s is %s", settingReceiptAuth, receiptAuthWebhook, settingReceiptFormat, receiptOwn)
	}
	at := receiptAuthNameOf(v)
	switch way {
	case receiptAuthHeader:
		return func(cb *message.Callback, _ time.Time) bool { return hmac.Equal([]byte(cb.Header(at)), []byte(secret)) }, nil
	case receiptAuthQuery:
		if !regexp.MustCompile(`^[A-Za-z0-9._~=-]+$`).MatchString(secret) {
			return nil, fmt.Errorf("%s must be letters, digits and -._~= alone: it is a part of an address", settingReceiptSecret)
		}
		return func(cb *message.Callback, _ time.Time) bool {
			query, err := url.ParseQuery(cb.Query)
			return err == nil && hmac.Equal([]byte(query.Get(at)), []byte(secret))
		}, nil
	case receiptAuthHMAC:
		return hmacGuard(v, at, []byte(secret))
	}
	return webhookGuard(v, secret)
}

// receiptAuthNameOf returns the name of the header or parameter of the proof.
func receiptAuthNameOf(v channel.Values) string {
	if name := v.Text(settingReceiptAuthName); name != "" {
		return name
	}
	return map[string]string{
		receiptAuthHeader: "X-Callback-Token", receiptAuthQuery: "token", receiptAuthHMAC: "X-Signature",
	}[v.Text(settingReceiptAuth)]
}

func signedPlaceholders() []string { return []string{"timestamp", "body"} }

// hmacGuard checks a SHA-256 in hexadecimal, with or without "sha256=" before
// it.
func hmacGuard(v channel.Values, at string, key []byte) (guard, error) {
	stamp, tolerance := v.Text(settingReceiptTimestamp), v.Duration(settingReceiptTolerance)
	signed := template{{name: "body"}}
	if text := v.Text(settingReceiptSigned); text != "" {
		signed, _ = parseTemplate(text, signedPlaceholders())
	}
	if signed.names("timestamp") != (stamp != "") {
		return nil, fmt.Errorf("%s with {timestamp} and %s are needed together", settingReceiptSigned, settingReceiptTimestamp)
	}
	return func(cb *message.Callback, now time.Time) bool {
		if cb.Method == http.MethodGet { // its query is not signed
			return false
		}
		values := map[string]string{"body": string(cb.Body)}
		if stamp != "" {
			values["timestamp"] = cb.Header(stamp)
			if !fresh(values["timestamp"], now, tolerance) {
				return false
			}
		}
		given, err := hex.DecodeString(strings.TrimPrefix(cb.Header(at), "sha256="))
		return err == nil && hmac.Equal(given, hmacOf(key, signed.expand(values)))
	}, nil
}

// webhookGuard checks a signature of Standard Webhooks 1.0. There may be
// several, while a secret is changed.
func webhookGuard(v channel.Values, secret string) (guard, error) {
	encoded, ok := strings.CutPrefix(secret, "whsec_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < 16 || len(key) > 64 {
		return nil, fmt.Errorf("%s must be whsec_ and 16 to 64 bytes in Base64, as %s is %s", settingReceiptSecret, settingReceiptAuth, receiptAuthWebhook)
	}
	tolerance := v.Duration(settingReceiptTolerance)
	return func(cb *message.Callback, now time.Time) bool {
		id, stamp := cb.Header("webhook-id"), cb.Header("webhook-timestamp")
		if cb.Method == http.MethodGet || id == "" || !fresh(stamp, now, tolerance) {
			return false
		}
		want := hmacOf(key, id+"."+stamp+"."+string(cb.Body))
		for one := range strings.FieldsSeq(cb.Header("webhook-signature")) {
			version, text, _ := strings.Cut(one, ",")
			given, err := base64.StdEncoding.DecodeString(text)
			if version == "v1" && err == nil && hmac.Equal(given, want) {
				return true
			}
		}
		return false
	}, nil
}

// fresh reports whether a time in Unix seconds is near enough to now.
func fresh(stamp string, now time.Time, tolerance time.Duration) bool {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	return err == nil && seconds >= 0 && now.Sub(time.Unix(seconds, 0)).Abs() <= tolerance
}

func hmacOf(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
