package bench

import (
	"strings"
	"testing"

	"messagehub/bench/load"
	"messagehub/store/message/json"
	"messagehub/store/message/mutate"
)

func promise(n uint64, id string) load.Promise {
	p := load.Promise{N: n}
	copy(p.ID[:], id+strings.Repeat("0", len(p.ID)-len(id)))
	return p
}

func told(id, status string, attempts ...ToldAttempt) Told {
	return Told{ID: promise(0, id).ID.String(), Status: status, Attempts: attempts}
}

func TestAccount(t *testing.T) {
	delivered := ToldAttempt{"sms", "delivered", "SM1"}
	unknown := ToldAttempt{Channel: "sms", Status: "unknown"}
	for name, c := range map[string]struct {
		promised []load.Promise
		received []Receipt
		told     []Told
		set      func(*Account)
		violates string // a part of the only violation; empty: none
	}{
		"delivered": {promised: []load.Promise{promise(1, "a")}, received: []Receipt{{1, "x"}}, told: []Told{told("a", "delivered", delivered)}},
		"failed":    {promised: []load.Promise{promise(1, "a")}, told: []Told{told("a", "failed", ToldAttempt{"sms", "failed", ""})}},
		"lost":      {promised: []load.Promise{promise(1, "a")}, violates: "1 lost, first msg_a"},
		"waiting":   {promised: []load.Promise{promise(1, "a")}, told: []Told{told("a", "queued")}, violates: "still waiting"},
		"may wait":  {promised: []load.Promise{promise(1, "a")}, told: []Told{told("a", "queued")}, set: func(a *Account) { a.MayWait = true }},
		"held": {
			promised: []load.Promise{promise(1, "a")}, received: []Receipt{{1, "x"}}, told: []Told{told("a", "sending", unknown)},
			set: func(a *Account) { a.MayHold = true },
		},
		"held, and there twice": {
			promised: []load.Promise{promise(1, "a")}, received: []Receipt{{1, "x"}, {1, "x"}}, told: []Told{told("a", "sending", unknown)},
			set: func(a *Account) { a.MayHold = true }, violates: "more often",
		},
		"waiting, not held": {
			promised: []load.Promise{promise(1, "a")}, told: []Told{told("a", "queued")}, set: func(a *Account) { a.MayHold = true }, violates: "still waiting",
		},
		"one id for two": {
			promised: []load.Promise{promise(1, "a"), promise(2, "a")}, received: []Receipt{{1, "x"}, {2, "x"}},
			told: []Told{told("a", "delivered", delivered)}, violates: "",
		},
		"twice at the provider": {
			promised: []load.Promise{promise(1, "a")}, received: []Receipt{{1, "x"}, {1, "x"}}, told: []Told{told("a", "delivered", delivered)}, violates: "more often",
		},
		"twice, explained": {
			promised: []load.Promise{promise(1, "a")}, received: []Receipt{{1, "x"}, {1, "x"}}, told: []Told{told("a", "delivered", unknown, delivered)},
		},
		"never there": {promised: []load.Promise{promise(1, "a")}, told: []Told{told("a", "sent", delivered)}, violates: "not received"},
		"out of order": {
			promised: []load.Promise{promise(1, "a"), promise(2, "b")}, received: []Receipt{{2, "x"}, {1, "x"}},
			told: []Told{told("a", "delivered", delivered), told("b", "delivered", delivered)}, violates: "after a later message",
		},
		"out of order after a retry": {
			promised: []load.Promise{promise(1, "a"), promise(2, "b")}, received: []Receipt{{2, "x"}, {1, "x"}},
			told: []Told{told("a", "delivered", unknown, delivered), told("b", "delivered", delivered)},
		},
		"other recipients have no order": {
			promised: []load.Promise{promise(1, "a"), promise(2, "b")}, received: []Receipt{{2, "x"}, {1, "y"}},
			told: []Told{told("a", "delivered", delivered), told("b", "delivered", delivered)},
		},
		"listed twice": {
			promised: []load.Promise{promise(1, "a")}, received: []Receipt{{1, "x"}}, told: []Told{told("a", "delivered", delivered), told("a", "delivered", delivered)}, violates: "listed twice",
		},
		"nobody asked": {told: []Told{told("z", "queued")}, violates: "there, but promised to nobody"},
		"answer lost": {
			told: []Told{told("z", "delivered", delivered)}, received: []Receipt{{9, "x"}}, set: func(a *Account) { a.Unanswered = 1 },
		},
		"a stranger's": {received: []Receipt{{9, "x"}}, violates: "received, but promised to nobody"},
	} {
		a := NewAccount("relay", c.promised)
		a.Received(c.received)
		if c.set != nil {
			c.set(a)
		}
		for _, one := range c.told {
			a.Told(one)
		}
		got := a.Finish()
		if name == "one id for two" {
			if len(got.Violations) == 0 || !strings.Contains(strings.Join(got.Violations, ";"), "promised twice") {
				t.Errorf("%s: %v", name, got.Violations)
			}
			continue
		}
		if (c.violates == "") != (len(got.Violations) == 0) || c.violates != "" && (len(got.Violations) != 1 || !strings.Contains(got.Violations[0], c.violates)) {
			t.Errorf("%s: %q", name, got.Violations)
		}
		if len(got.Violations) == 0 && got.Accepted != got.Delivered+got.Failed+got.Pending {
			t.Errorf("%s: %+v does not add up", name, got)
		}
	}
}

func TestLedgerLines(t *testing.T) {
	text := `{"channel":"sms","to":"+91","text":"000000000012 Your order"}` + "\n" + `{"channel":"sms","to":"+92","text":"hello"}` + "\nrubbish\n" +
		`{"channel":"whatsapp","to":"91","text":"000000000013 Your order"}`
	got := parseLedger([]byte(text))
	if len(got) != 2 || got[0] != (Receipt{12, "sms +91"}) || got[1] != (Receipt{13, "whatsapp 91"}) {
		t.Errorf("%v", got)
	}
}

func FuzzLedger(f *testing.F) {
	mutate.Bytes(f, [][]byte{[]byte(`{"channel":"sms","to":"+91","text":"000000000012 Your order"}`)}, func(t testing.TB, b []byte) {
		for _, r := range parseLedger(b) {
			if r.N >= 1_000_000_000_000 {
				t.Errorf("number %d has more than %d digits", r.N, load.RefDigits)
			}
		}
	})
}

// FuzzListing: whatever a relay lists, an audit ends.
func FuzzListing(f *testing.F) {
	seed := `{"data":[{"id":"msg_a","status":"delivered","attempts":[{"channel":"sms","status":"sent","providerMessageId":null}]}],"page":{"next":null}}`
	mutate.Bytes(f, [][]byte{[]byte(seed)}, func(_ testing.TB, b []byte) {
		var p page
		if json.Unmarshal(b, &p) != nil {
			return
		}
		a := NewAccount("x", []load.Promise{promise(1, "a")})
		for _, m := range p.Data {
			a.Told(m.told())
		}
		a.Finish()
	})
}
