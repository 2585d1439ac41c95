package sms

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// twilioSignature returns what Twilio's X-Twilio-Signature has to be: the HMAC of
// the URL, followed by each parameter's name and value, in the order of the
// names. Values of a repeated name are sorted, and each counts once.
func twilioSignature(key, address string, params url.Values) string {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(address))
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values := slices.Clone(params[name])
		slices.Sort(values)
		for _, value := range slices.Compact(values) {
			mac.Write([]byte(name))
			mac.Write([]byte(value))
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signed reports whether header is the signature of the parameters under one
// of the addresses.
func signed(key, header string, addresses []string, params url.Values) bool {
	for _, address := range addresses {
		for _, form := range forms(address) {
			if hmac.Equal([]byte(header), []byte(twilioSignature(key, form, params))) {
				return true
			}
		}
	}
	return false
}

// forms returns the ways in which a provider may have written address before
// it signed it: as it is, without its port, with its scheme's default port.
func forms(address string) []string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return []string{address}
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, path := rest[:end], rest[end:]
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return []string{address, scheme + "://" + host[:i] + path}
	}
	port := ":443"
	if scheme == "http" {
		port = ":80"
	}
	return []string{address, scheme + "://" + host + port + path}
}

// bodyHash is the query parameter that carries the hash of a body that is no
// form; the signature then covers the URL alone.
const bodyHash = "bodySHA256"

// hashed reports whether body is the one that the query's hash is of.
func hashed(want string, body []byte) bool {
	sum := sha256.Sum256(body)
	got, err := hex.DecodeString(want)
	return err == nil && hmac.Equal(got, sum[:])
}
