package channeltest

import (
	"strings"
	"testing"

	"messagehub/actors/channel"
)

// probe checks that the adapter can ask whether it is in order: its simulator
// says so, and what is no answer is an error that tells no secret.
func (c *Case) probe(t *testing.T) {
	rig := c.newRig(t)
	p, ok := rig.adapter.(channel.Prober)
	if !ok {
		t.Skip("the provider can't be asked without sending")
	}
	account, err := p.Probe(t.Context())
	if err != nil || account != channel.Clean(account) {
		t.Errorf("account %q, %v (%+v)", account, err, err)
	}
	if n := rig.world.Ledger.Len(); n != 0 {
		t.Errorf("the question sent %d messages", n)
	}
	if c.Stream != nil { // the other answers are HTTP's
		return
	}
	for _, a := range []Answer{
		{Status: 401},
		{Status: 403, Body: page},
		{Status: 404},
		{Status: 500},
		{Status: 200, Body: page},
		{Status: 200, Body: "{}"},
		{Status: 200, Body: "[]"},
		{Status: 200, Body: "null"},
		{Status: 302, Header: map[string]string{"Location": "http://127.0.0.1:1/"}},
		{Status: 200, Body: strings.Repeat("[", 100_000)},
	} {
		account, err := c.adapter(t, newProvider(t, c, a).address).(channel.Prober).Probe(t.Context())
		if err == nil {
			t.Errorf("status %d with %.10q is taken for account %q", a.Status, a.Body, account)
			continue
		}
		c.discreet(t, failure(t, err))
	}
}
