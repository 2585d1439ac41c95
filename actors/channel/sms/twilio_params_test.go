package sms

import (
	"net/url"
	"testing"

	"messagehub/store/message/mutate"
)

// FuzzTwilioParams holds the reader of forms against [url.ParseQuery].
func FuzzTwilioParams(f *testing.F) {
	seeds := []string{"", "A=1&B=%2B1+2&A=2&C", "&&=x&%zz=1&a;b=2&d=%4", twilioStatus().Encode()}
	var r twilioParams // used again, as by the adapter
	mutate.Strings(f, seeds, func(t testing.TB, text string) {
		want, err := url.ParseQuery(text)
		r.read([]byte(text))
		got := url.Values{}
		for _, p := range r.fields {
			got.Add(string(p.name), string(p.value))
		}
		if got.Encode() != want.Encode() || r.broken != (err != nil) {
			t.Errorf("%q reads as %v, %t; want %v, %v", text, got, r.broken, want, err)
		}
		for name := range want {
			if string(r.get(name)) != want.Get(name) || !r.has(name) {
				t.Errorf("%q: %q is %q, want %q", text, name, r.get(name), want.Get(name))
			}
		}
	})
}
