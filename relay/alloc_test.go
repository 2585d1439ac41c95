//go:build !race

package relay

import (
	"bufio"
	"net"
	"testing"

	"messagehub/store/message"
)

// Finding a key among 100,000, its checks, its bucket and the X-RateLimit
// headers allocate nothing.
func TestAuthenticateAllocatesNothing(t *testing.T) {
	d := newDesk(t, nil)
	tokens := manyKeys(t, d.keys, 100_000)
	fenced := d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeSend, PerMinute: 1_000_000, Allow: prefixes("0.0.0.0/0")})
	empty := d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeSend, PerMinute: 1})
	stranger, _ := message.NewKey(false)
	for _, row := range []struct {
		name, token string
		want        Code
	}{
		{"known", tokens[0], ""},
		{"with an allowlist and a limit of its own", fenced, ""},
		{"used up", empty, RateLimited},
		{"unknown", stranger, InvalidKey},
		{"mistyped", stranger[:40] + "x", InvalidKey},
	} {
		c := requestWith(t, d.server, row.token)
		c.authenticate()
		if got := testing.AllocsPerRun(1000, func() {
			c.located = false
			if code := c.authenticate(); code != row.want {
				t.Fatalf("%s: %q", row.name, code)
			}
		}); got != 0 {
			t.Errorf("%s: %v allocations", row.name, got)
		}
	}
}

func TestDecodeAllocatesNothing(t *testing.T) {
	r := testReader()
	for name, body := range map[string]string{
		"smallest": sms(""),
		"escapes":  `{"to":"+14155550100","channel":"sms","content":"a\n\"\ud83d\ude00"}`,
		"template": `{"to":"+14155550100","channel":"whatsapp","contentType":"template","templateId":"t","templateParams":{"고객명":"Kim","n":3},"metadata":{"a":1,"b":2}}`,
		"media":    `{"to":"+14155550100","channel":"whatsapp","contentType":"media","mediaUrl":"https://a.example/b","mediaType":"image"}`,
		"chain":    `{"to":"+919876543210","channel":"whatsapp","content":"x","from":"main","expiresIn":60,"priority":"high","fallback":{"channels":["telegram",{"channel":"sms","to":"+919876543211","content":"y","timeout":120}],"on":["failed","timeout"],"onUnknown":"advance"}}`,
		"schedule": sms(`,"scheduledAt":"2027-01-15T08:00:01Z","reference":"r"`),
	} {
		key, raw := testKey(false), []byte(body)
		r.release(r.read(raw, key, day))
		if got := testing.AllocsPerRun(1000, func() {
			d := r.read(raw, key, day)
			if len(d.faults) > 0 {
				t.Fatal(d.faults)
			}
			r.release(d)
		}); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

// From the bytes of a request on a socket to the log, and from the log to
// the bytes of the answer, nothing is allocated. What is counted includes the
// HTTP server.
func TestSendAllocates(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Log = &discardLog{} }).open()
	chain := `{"to":"+919876543210","channel":"whatsapp","content":"x","fallback":{"channels":["telegram",{"channel":"sms","to":"+919876543211","timeout":120}],"successStatus":"sent"}}`
	for _, row := range []struct {
		name, request string
		status        string
		most          float64
	}{
		{"smallest", d.post(d.live, sms("")), "202", 0},
		{"with a key and a trace", d.post(d.live, sms(""), "Idempotency-Key: abc", "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "X-Request-Id: r-1"), "202", 0},
		{"chain", d.post(d.live, chain), "202", 0},
		{"sandbox", d.post(d.test, `{"to":"sim:delivered","channel":"sms","content":"x"}`), "202", 0},
		{"rate limited", d.post(d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeSend, PerMinute: 1}), sms("")), "429", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			nc, err := net.Dial("tcp", d.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			client := exchange{nc: nc, r: bufio.NewReaderSize(nc, 8192), request: []byte(row.request)}
			for range 20 {
				client.status(t)
			}
			got := testing.AllocsPerRun(500, func() {
				if status := client.status(t); status != row.status {
					t.Fatalf("status %s", status)
				}
			})
			if got > row.most {
				t.Errorf("%v allocations, want at most %v", got, row.most)
			}
		})
	}
}
