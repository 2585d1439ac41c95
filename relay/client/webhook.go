package client

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a delivery (Standard Webhooks 1.0).
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

// The ways in which a delivery is not to be trusted.
var (
	ErrUnsigned  = errors.New("webhook lacks one of its headers, or they can't be read")
	ErrTimestamp = errors.New("webhook is too old, or from the future: see to this machine's clock")
	ErrSignature = errors.New("webhook has no signature of a known secret")
)

// defaultTolerance is what Standard Webhooks advises.
const defaultTolerance = 5 * time.Minute

// maxEvent bounds the body of a delivery.
const maxEvent = 1 << 20

// Verifier tells deliveries of the relay from forgeries.
type Verifier struct {
	// Secrets are those that may sign, as the relay showed them: whsec_…. While
	// one is rotated there are two.
	Secrets []string
	// Tolerance is how far a delivery's time may be from now; 0 is five minutes.
	Tolerance time.Duration
}

// Event reads a delivery and returns its event, if it is signed. It may come
// twice with the same ID: remember those that you have dealt with.
func (v *Verifier) Event(r *http.Request) (*Event, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxEvent+1))
	if err != nil {
		return nil, fmt.Errorf("read webhook: %w", err)
	}
	if len(body) > maxEvent {
		return nil, fmt.Errorf("read webhook: it is longer than %d bytes", maxEvent)
	}
	if err := v.Verify(r.Header, body, time.Now()); err != nil {
		return nil, err
	}
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, fmt.Errorf("read webhook: %w", err)
	}
	return &e, nil
}

// Verify checks a delivery that came at the given moment. The body must be as
// it came, byte for byte. Errors are ErrUnsigned, ErrTimestamp, ErrSignature
// and that of a secret that is none.
func (v *Verifier) Verify(h http.Header, body []byte, now time.Time) error {
	id, stamp := h.Get(HeaderID), h.Get(HeaderTimestamp)
	at, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || err != nil || at < 0 || strconv.FormatInt(at, 10) != stamp || h.Get(HeaderSignature) == "" {
		return ErrUnsigned
	}
	tolerance := v.Tolerance
	if tolerance == 0 {
		tolerance = defaultTolerance
	}
	if age := now.Unix() - at; age > int64(tolerance/time.Second) || -age > int64(tolerance/time.Second) {
		return ErrTimestamp
	}
	for _, secret := range v.Secrets {
		want, err := Sign(secret, id, time.Unix(at, 0), body)
		if err != nil {
			return err
		}
		for given := range strings.FieldsSeq(h.Get(HeaderSignature)) {
			if hmac.Equal([]byte(given), []byte(want)) {
				return nil
			}
		}
	}
	return ErrSignature
}

// Sign returns the signature of a delivery, for the tests of what receives
// them.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	encoded, ok := strings.CutPrefix(secret, "whsec_")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) == 0 {
		return "", errors.New("signing secret is not of the form whsec_…")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}
