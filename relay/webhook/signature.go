package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"

	"messagehub/store/message"
)

// secretPrefix and secretBytes are the form of a signing secret: 24 to 64
// bytes in Base64, says Standard Webhooks 1.0.
const (
	secretPrefix = "whsec_"
	secretBytes  = 32
)

// newSecret draws a secret, as it is shown once.
func newSecret() string {
	var b [secretBytes]byte
	rand.Read(b[:]) // never fails: crypto/rand aborts the process instead
	return secretPrefix + base64.StdEncoding.EncodeToString(b[:])
}

var errSecret = errors.New("signing secret is not of the form whsec_…")

// sign returns the value of webhook-signature: one signature for each secret,
// over id, time and body.
func sign(secrets []string, id string, at message.Time, body []byte) (string, error) {
	var out []string
	for _, secret := range secrets {
		encoded, ok := strings.CutPrefix(secret, secretPrefix)
		key, err := base64.StdEncoding.DecodeString(encoded)
		if !ok || err != nil {
			return "", errSecret
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + unixSeconds(at) + "."))
		mac.Write(body)
		out = append(out, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(out, " "), nil
}

func unixSeconds(at message.Time) string { return strconv.FormatInt(at.Std().Unix(), 10) }
