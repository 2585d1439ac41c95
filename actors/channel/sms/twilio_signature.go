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

// reading is a way to read the values of a parameter that comes more than once.
type reading func([]string) []string

// everyValue is how Twilio's library for Node reads them: sorted, each once.
func everyValue(values []string) []string {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// firstValue is how Twilio's library for Go reads them.
func firstValue(values []string) []string { return values[:1] }

// twilioSignature returns what Twilio's X-Twilio-Signature has to be: the HMAC of
// the URL, followed by each parameter's name and value, in the order of the
// names.
func twilioSignature(key, address string, params url.Values, read reading) string {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(address))
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range read(params[name]) {
			mac.Write([]byte(name))
			mac.Write([]byte(value))
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signed reports whether header is the signature of the parameters under one
// of the addresses. Of a repeated parameter the first value is signed in either
// reading, and no other is used.
func signed(key, header string, addresses []string, params url.Values) bool {
	for _, address := range addresses {
		for _, form := range forms(address) {
			for _, read := range []reading{everyValue, firstValue} {
				if hmac.Equal([]byte(header), []byte(twilioSignature(key, form, params, read))) {
					return true
				}
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
