package client

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"messagehub/store/message/mutate"
)

// The example of the Standard Webhooks specification's own libraries.
const (
	specSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	specID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	specTime      = 1614265330
	specBody      = `{"test": 2432232314}`
	specSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	otherSecret   = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
)

func headers(id, stamp, signature string) http.Header {
	h := http.Header{}
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", stamp)
	h.Set("webhook-signature", signature)
	return h
}

func TestVerify(t *testing.T) {
	stamp := fmt.Sprint(specTime)
	good := headers(specID, stamp, specSignature)
	for _, test := range []struct {
		name    string
		secrets []string
		header  http.Header
		body    string
		later   time.Duration
		want    error
	}{
		{"the specification's example", []string{specSecret}, good, specBody, 0, nil},
		{"two secrets", []string{otherSecret, specSecret}, good, specBody, 0, nil},
		{"several signatures", []string{specSecret}, headers(specID, stamp, "v1a,xyz v1,AAAA "+specSignature), specBody, 0, nil},
		{"just in time", []string{specSecret}, good, specBody, 5 * time.Minute, nil},
		{"too old", []string{specSecret}, good, specBody, 5*time.Minute + time.Second, ErrTimestamp},
		{"from the future", []string{specSecret}, good, specBody, -5*time.Minute - time.Second, ErrTimestamp},
		{"another secret", []string{otherSecret}, good, specBody, 0, ErrSignature},
		{"no secret", nil, good, specBody, 0, ErrSignature},
		{"another body", []string{specSecret}, good, specBody + " ", 0, ErrSignature},
		{"another id", []string{specSecret}, headers("msg_q", stamp, specSignature), specBody, 0, ErrSignature},
		{"another time", []string{specSecret}, headers(specID, fmt.Sprint(specTime+1), specSignature), specBody, 0, ErrSignature},
		{"another version", []string{specSecret}, headers(specID, stamp, "v2"+specSignature[2:]), specBody, 0, ErrSignature},
		{"no id", []string{specSecret}, headers("", stamp, specSignature), specBody, 0, ErrUnsigned},
		{"no signature", []string{specSecret}, headers(specID, stamp, ""), specBody, 0, ErrUnsigned},
		{"no time", []string{specSecret}, headers(specID, "soon", specSignature), specBody, 0, ErrUnsigned},
		{"time in another form", []string{specSecret}, headers(specID, "+"+stamp, specSignature), specBody, 0, ErrUnsigned},
		{"time before time", []string{specSecret}, headers(specID, "-9223372036854775808", specSignature), specBody, 0, ErrUnsigned},
	} {
		v := Verifier{Secrets: test.secrets}
		if err := v.Verify(test.header, []byte(test.body), time.Unix(specTime, 0).Add(test.later)); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
	v := Verifier{Secrets: []string{"secret"}}
	if err := v.Verify(good, []byte(specBody), time.Unix(specTime, 0)); err == nil || strings.Contains(err.Error(), `"secret"`) {
		t.Errorf("a secret that is none: %v", err)
	}
}

func TestEventOfARequest(t *testing.T) {
	body := `{"id":"evt_1","type":"message.read","timestamp":"2026-01-31T12:00:03.120Z","data":{"messageId":"msg_1"}}`
	deliver := func(body string) (*Event, error) {
		now := time.Now()
		signature, err := Sign(specSecret, "evt_1", now, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header = headers("evt_1", fmt.Sprint(now.Unix()), signature)
		v := Verifier{Secrets: []string{specSecret}}
		return v.Event(r)
	}
	e, err := deliver(body)
	if err != nil || e.ID != "evt_1" || e.Type != "message.read" || string(e.Raw) != body {
		t.Errorf("%+v, %v", e, err)
	}
	for _, bad := range []string{"", "[]", "{", strings.Repeat(" ", maxEvent+1)} {
		if e, err := deliver(bad); err == nil {
			t.Errorf("%.10q is %+v", bad, e)
		}
	}
}

// No headers but the right ones are believed.
func FuzzVerify(f *testing.F) {
	v := Verifier{Secrets: []string{specSecret}}
	seeds := []string{fmt.Sprintf("%s\n%d\nv1,AAAA %s", specID, specTime, specSignature), "\n\n", "a\n9223372036854775807\nv1,"}
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		id, rest, _ := strings.Cut(text, "\n")
		stamp, signature, _ := strings.Cut(rest, "\n")
		h := http.Header{HeaderID: {id}, HeaderTimestamp: {stamp}, HeaderSignature: {signature}}
		err := v.Verify(h, []byte(specBody), time.Unix(specTime, 0))
		right := id == specID && stamp == fmt.Sprint(specTime) && containsField(signature, specSignature)
		if (err == nil) != right {
			t.Fatalf("%v for %q", err, h)
		}
	})
}

func containsField(text, field string) bool {
	for f := range strings.FieldsSeq(text) {
		if f == field {
			return true
		}
	}
	return false
}

// Whatever a server answers becomes an error, and never a panic.
func FuzzReadError(f *testing.F) {
	mutate.Strings(f, []string{refusal, fault, "<html>", "", `{"error":null}`}, func(t testing.TB, body string) {
		e := ReadError(503, http.Header{"Retry-After": {body}}, []byte(body))
		if e.Status != 503 || e.RetryAfter < 0 || e.Error() == "" {
			t.Fatalf("%+v", e)
		}
	})
}
