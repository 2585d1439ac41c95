package sms

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"sync"
)

// reading is a way to read the values of a parameter that comes more than once.
type reading uint8

const (
	// everyValue is how Twilio's library for Node reads them: sorted, each once.
	everyValue reading = iota
	// firstValue is how Twilio's library for Go reads them.
	firstValue
)

// twilioReader reads callbacks, one at a time, and checks their signature.
type twilioReader struct {
	params twilioParams
	mac    hash.Hash
	text   []byte // what is signed
	sum    [sha1.Size]byte
	code   [28]byte // base64 of sum
}

// twilioReaders is a pool of readers for one auth token.
type twilioReaders struct {
	token string
	pool  sync.Pool
}

func (p *twilioReaders) get() *twilioReader {
	if r, ok := p.pool.Get().(*twilioReader); ok {
		return r
	}
	return newTwilioReader(p.token)
}

// maxPooledForm bounds the memory that a reader keeps.
const maxPooledForm = 64 << 10

func (p *twilioReaders) put(r *twilioReader) {
	if cap(r.params.text)+cap(r.text) <= maxPooledForm && cap(r.params.fields) <= maxPooledForm/64 {
		p.pool.Put(r)
	}
}

func newTwilioReader(token string) *twilioReader {
	return &twilioReader{mac: hmac.New(sha1.New, []byte(token))}
}

// signature returns what Twilio's X-Twilio-Signature has to be: the HMAC of the
// URL, followed by each parameter's name and value, in the order of the names.
// It is valid until the next call.
func (r *twilioReader) signature(address string, read reading) []byte {
	fields := r.params.fields
	if read == everyValue && r.params.repeats() {
		fields = slices.Clone(fields)
		slices.SortFunc(fields, compareParams)
	}
	r.text = append(r.text[:0], address...)
	for i := range fields {
		if i > 0 && bytes.Equal(fields[i].name, fields[i-1].name) &&
			(read == firstValue || bytes.Equal(fields[i].value, fields[i-1].value)) {
			continue
		}
		r.text = append(append(r.text, fields[i].name...), fields[i].value...)
	}
	r.mac.Reset()
	r.mac.Write(r.text)
	base64.StdEncoding.Encode(r.code[:], r.mac.Sum(r.sum[:0]))
	return r.code[:]
}

func compareParams(a, b twilioParam) int {
	if order := bytes.Compare(a.name, b.name); order != 0 {
		return order
	}
	return bytes.Compare(a.value, b.value)
}

// signed reports whether header is the signature of the parameters under one
// of the addresses. Of a repeated parameter the first value is signed in either
// reading, and no other is used.
func (r *twilioReader) signed(header string, addresses ...string) bool {
	repeats := r.params.repeats()
	for _, address := range addresses {
		for form := range 2 {
			if form > 0 {
				address = otherForm(address)
			}
			if equal(header, r.signature(address, everyValue)) || repeats && equal(header, r.signature(address, firstValue)) {
				return true
			}
		}
	}
	return false
}

func equal(header string, signature []byte) bool { return hmac.Equal([]byte(header), signature) }

// otherForm returns the other way in which a provider may have written address
// before it signed it: without its port, or with its scheme's default port.
func otherForm(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	host, path := rest[:end], rest[end:]
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return scheme + "://" + host[:i] + path
	}
	port := ":443"
	if scheme == "http" {
		port = ":80"
	}
	return scheme + "://" + host + port + path
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
