package client

import (
	"testing"
	"time"
)

func TestKeyCalls(t *testing.T) {
	one := `{"id":"key_1","name":null,"shown":"cpk_live_…f3aB","scopes":["messages:send"],"allow":[],"perMinute":null,"successor":null,"secret":"cpk_live_x"}`
	c, s := scripted(t, answer{200, "", `{"data":` + one + `}`})
	zero, none, allow := 0, time.Time{}, []string(nil)
	if k, err := c.UpdateKey(t.Context(), "key_1", KeyChange{PerMinute: &zero, ExpiresAt: &none, Allow: &allow}); err != nil || k.Secret != "cpk_live_x" || k.PerMinute != 0 {
		t.Fatalf("%+v, %v", k, err)
	}
	for _, err := range []error{
		errOf(c.CreateKey(t.Context(), KeyDraft{Scopes: []string{"messages:send"}})), errOf(c.GetKey(t.Context(), "key_1")),
		errOf(c.RotateKey(t.Context(), "key_1", time.Hour)), errOf(c.RevokeKey(t.Context(), "key_1")),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	s.answers = []answer{{200, "", `{"data":[` + one + `],"page":{"next":null}}`}}
	for k, err := range c.Keys(t.Context(), 24*time.Hour) {
		if err != nil || k.ID != "key_1" {
			t.Errorf("%+v, %v", k, err)
		}
	}
	want := "PATCH /api/v1/keys/key_1\nPOST /api/v1/keys\nGET /api/v1/keys/key_1\nPOST /api/v1/keys/key_1/rotate\nDELETE /api/v1/keys/key_1\nGET /api/v1/keys?unusedFor=86400"
	if s.lines() != want {
		t.Errorf("%s\nwant %s", s.lines(), want)
	}
	for i, want := range []string{`{"allow":[],"expiresAt":null,"perMinute":null}`, `{"scopes":["messages:send"]}`, "", `{"overlap":3600}`} {
		if s.asked[i].body != want {
			t.Errorf("%s: %s, want %s", s.asked[i].line, s.asked[i].body, want)
		}
	}
}
