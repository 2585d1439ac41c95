package relay

import (
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messagehub/store/message"
)

// Every route and every scope: a key opens what its scopes name, and nothing
// else. The table is the route table itself, so a new route is checked as
// soon as it is there.
func TestEveryRouteAsksForItsScope(t *testing.T) {
	d := newDesk(t, nil).open()
	for _, r := range routes() {
		path := strings.NewReplacer("{messageId}", "msg_x", "{channel}", "sms", "{sender}", "main", "{page:*}", "x").Replace(r.pattern)
		if r.public != (r.scope == 0) {
			t.Errorf("%s %s: public %t with scope %v", r.method, r.pattern, r.public, r.scope.Names())
		}
		if r.public {
			continue
		}
		if got := d.ask(request(r.method+" "+path+" HTTP/1.1", "")); got.status != 401 {
			t.Errorf("%s %s without a key: %d", r.method, path, got.status)
		}
		for scope := message.Scope(1); scope < message.ScopeAll; scope <<= 1 {
			if scope == r.scope {
				continue
			}
			token := d.addKey(message.Key{Workspace: 7, Scopes: scope})
			p := refused(t, d.ask(request(r.method+" "+path+" HTTP/1.1", "", "Authorization: Bearer "+token)), 403, InsufficientScope)
			if !strings.Contains(p.Error.Message, r.scope.Names()[0]) {
				t.Errorf("the message does not name the scope: %s", p.Error.Message)
			}
		}
	}
}

// A revocation counts on the next request, on a connection that is open
// already too.
func TestRevocationIsEffectiveAtOnce(t *testing.T) {
	d := newDesk(t, nil)
	token, key := newRingKey(7, nil)
	d.keys.Put(key)
	d.open()
	s := d.dial()
	s.write(d.post(token, sms("")))
	sentOf(t, s.read(), 202)
	key.RevokedAt = d.clock.now()
	d.keys.Put(key)
	s.write(d.post(token, sms("")))
	got := s.read()
	refused(t, got, 403, KeyRevoked)
	if got.header.Get("X-Ratelimit-Remaining") != "999999" {
		t.Errorf("a revoked key spends its workspace's tokens: %v", got.header)
	}
}

func TestExpiredKey(t *testing.T) {
	d := newDesk(t, nil)
	token := d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeAll, ExpiresAt: day.Add(time.Minute)})
	d.open()
	sentOf(t, d.ask(d.post(token, sms(""))), 202)
	d.clock.add(time.Minute)
	refused(t, d.ask(d.post(token, sms(""))), 403, KeyExpired)
}

// Both keys of a rotation are valid until the old one's set end.
func TestRotationOverlaps(t *testing.T) {
	d := newDesk(t, nil)
	next, successor := newRingKey(7, nil)
	old := d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeAll, ExpiresAt: day.Add(time.Hour), Successor: successor.ID})
	d.keys.Put(successor)
	d.open()
	sentOf(t, d.ask(d.post(old, sms(""))), 202)
	sentOf(t, d.ask(d.post(next, sms(""))), 202)
	d.clock.add(time.Hour)
	refused(t, d.ask(d.post(old, sms(""))), 403, KeyExpired)
	sentOf(t, d.ask(d.post(next, sms(""))), 202)
}

func TestRateLimit(t *testing.T) {
	d := newDesk(t, nil)
	d.keys.PutWorkspace(message.Workspace{ID: 8, PerMinute: 3})
	token := d.addKey(message.Key{Workspace: 8, Scopes: message.ScopeSend})
	d.open()
	s := d.dial()
	for i, row := range []struct {
		send, remaining string
		status          int
	}{
		{d.post(token, sms("")), "2", 202},
		{d.post(token, "junk"), "1", 400},
		{request("GET /api/v1/nowhere HTTP/1.1", "", "Authorization: Bearer "+token), "0", 404},
		{d.post(token, sms("")), "0", 429},
		{request("GET /api/v1/nowhere HTTP/1.1", "", "Authorization: Bearer "+token), "0", 429},
	} {
		s.write(row.send)
		got := s.read()
		if got.status != row.status || got.header.Get("X-Ratelimit-Limit") != "3" || got.header.Get("X-Ratelimit-Remaining") != row.remaining {
			t.Errorf("request %d: %d %v", i, got.status, got.header)
		}
		if row.status == 429 {
			refused(t, got, 429, RateLimited)
			if got.header.Get("Retry-After") != "20" {
				t.Errorf("Retry-After %q, want 20", got.header.Get("Retry-After"))
			}
		}
		if !strings.HasPrefix(got.header.Get("X-Ratelimit-Reset"), "18000000") {
			t.Errorf("X-RateLimit-Reset %q", got.header.Get("X-Ratelimit-Reset"))
		}
	}
	d.clock.add(20 * time.Second)
	s.write(d.post(token, sms("")))
	sentOf(t, s.read(), 202)
	if n := d.log.count(); n != 2 {
		t.Errorf("%d stored, want 2", n)
	}
}

// The names of the headers are written as the documentation has them.
func TestRateLimitHeadersAsDocumented(t *testing.T) {
	d := newDesk(t, nil).open()
	s := d.dial()
	s.write(d.post(d.live, sms("")))
	raw := make([]byte, 4096)
	n, err := s.nc.Read(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"\r\nX-RateLimit-Limit: ", "\r\nX-RateLimit-Remaining: ", "\r\nX-RateLimit-Reset: ", "\r\nRequest-Id: req_"} {
		if !strings.Contains(string(raw[:n]), name) {
			t.Errorf("no %q in %q", name, raw[:n])
		}
	}
}

func TestFailedAuthenticationHasABudget(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Limits.FailuresPerMinute = 3 }).open()
	stranger, _ := message.NewKey(false)
	for range 3 {
		refused(t, d.ask(d.post(stranger, sms(""))), 401, InvalidKey)
	}
	got := d.ask(d.post(stranger, sms("")))
	refused(t, got, 429, TooManyFailures)
	refused(t, d.ask(request("GET /nowhere HTTP/1.1", "")), 429, TooManyFailures)
	sentOf(t, d.ask(d.post(d.live, sms(""))), 202) // a valid key is never locked out
	d.clock.add(time.Minute)
	refused(t, d.ask(d.post(stranger, sms(""))), 401, InvalidKey)
	if n := len(d.audit.all()); n != 4 {
		t.Errorf("%d audit entries, want one for each refusal within the budget: 4", n)
	}
}

func TestRefusalsAreAudited(t *testing.T) {
	d := newDesk(t, nil)
	token, key := newRingKey(7, func(k *message.Key) { k.RevokedAt = day })
	d.keys.Put(key)
	d.open()
	got := d.ask(d.post(token, sms("")))
	refused(t, got, 403, KeyRevoked)
	d.ask(request("POST /api/v1/messages/send HTTP/1.1", sms("")))
	d.ask(d.post(d.live, sms("")))
	entries := d.audit.all()
	if len(entries) != 2 {
		t.Fatalf("%+v", entries)
	}
	want := message.AuditEntry{
		At: day, Actor: string(message.AppendID(nil, message.PrefixKey, key.ID)), Action: "auth.refused",
		Object: "key_revoked", Address: "127.0.0.1", RequestID: got.header.Get("Request-Id"),
	}
	if entries[0] != want {
		t.Errorf("got %+v, want %+v", entries[0], want)
	}
	if entries[1].Actor != "anonymous" || entries[1].Object != "missing_key" {
		t.Errorf("%+v", entries[1])
	}
}

func TestAuditHasABudget(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Limits.AuditsPerMinute = 5 }).open()
	s := d.dial()
	for range 20 {
		s.write(request("POST /api/v1/messages/send HTTP/1.1", sms("")))
		refused(t, s.read(), 401, MissingKey)
	}
	if n := len(d.audit.all()); n != 5 {
		t.Errorf("%d audit entries, want 5", n)
	}
}

// uses collects what Usage is told.
type uses struct {
	mu  sync.Mutex
	ids []message.ID
}

func (u *uses) Used(id message.ID, ws message.WorkspaceID, _ message.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if ws == 7 {
		u.ids = append(u.ids, id)
	}
}

func TestUseIsToldOnceAMinute(t *testing.T) {
	u := &uses{}
	d := newDesk(t, func(o *Options) { o.Usage = u }).open()
	for range 3 {
		d.ask(d.post(d.live, sms("")))
	}
	d.clock.add(time.Minute)
	d.ask(d.post(d.live, sms("")))
	if len(u.ids) != 2 || u.ids[0] != u.ids[1] {
		t.Errorf("told %v", u.ids)
	}
}

// An allowlist holds against whatever X-Forwarded-For claims, unless it is a
// trusted proxy that says so.
func TestAllowlist(t *testing.T) {
	for _, row := range []struct {
		name    string
		allow   string
		trusted string
		lines   []string
		status  int
	}{
		{"from inside", "127.0.0.0/8", "", nil, 202},
		{"from outside", "198.51.100.0/24", "", nil, 403},
		{"spoofed", "198.51.100.0/24", "", []string{"X-Forwarded-For: 198.51.100.7"}, 403},
		{"spoofed twice", "198.51.100.0/24", "", []string{"X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: 198.51.100.7"}, 403},
		{"other headers", "198.51.100.0/24", "", []string{"X-Real-Ip: 198.51.100.7", "Forwarded: for=198.51.100.7", "Client-Ip: 198.51.100.7"}, 403},
		{"through the proxy", "198.51.100.0/24", "127.0.0.0/8", []string{"X-Forwarded-For: 198.51.100.7"}, 202},
		{"spoofed through the proxy", "198.51.100.0/24", "127.0.0.0/8", []string{"X-Forwarded-For: 198.51.100.7, 203.0.113.1"}, 403},
		{"spoofed in a line of its own", "198.51.100.0/24", "127.0.0.0/8", []string{"X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: 203.0.113.1"}, 403},
		{"unreadable through the proxy", "0.0.0.0/0", "127.0.0.0/8", []string{"X-Forwarded-For: unknown"}, 403},
		{"too many lines", "0.0.0.0/0", "127.0.0.0/8", slices.Repeat([]string{"X-Forwarded-For: 198.51.100.7"}, 9), 403},
		{"mapped", "::ffff:127.0.0.0/104", "", nil, 202},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := newDesk(t, func(o *Options) {
				if row.trusted != "" {
					o.TrustedProxies = prefixes(row.trusted)
				}
			})
			token := d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeAll, Allow: prefixes(row.allow)})
			d.open()
			got := d.ask(d.post(token, sms(""), row.lines...))
			if got.status != row.status {
				t.Errorf("got %d %s, want %d", got.status, got.body, row.status)
			}
			if row.status == 403 {
				refused(t, got, 403, AddressNotAllowed)
			}
		})
	}
}

func TestProxyProtocol(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.ProxyProtocol, o.TrustedProxies = true, prefixes("127.0.0.0/8") })
	token := d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeAll, Allow: prefixes("198.51.100.0/24")})
	d.open()
	good := d.post(token, sms(""))
	for _, row := range []struct {
		name, head string
		status     int // 0: closed without an answer
	}{
		{"version 1", "PROXY TCP4 198.51.100.7 10.0.0.1 1 2\r\n", 202},
		{"version 2", v2(1, 1, "\xc6\x33\x64\x07\x0a\x00\x00\x01\x12\x67\x00\x50"), 202},
		{"another client", "PROXY TCP4 203.0.113.1 10.0.0.1 1 2\r\n", 403},
		{"the proxy itself", "PROXY UNKNOWN\r\n", 403},
		{"no header", "", 0},
		{"broken", "PROXY TCP9 x\r\n", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			d.t = t
			s := d.dial()
			s.write(row.head + good)
			got := s.read()
			if got.status != row.status {
				t.Fatalf("got %d %s %v, want %d", got.status, got.body, got.err, row.status)
			}
			if row.status == 202 {
				s.write(good) // the header stands before the first request only
				sentOf(t, s.read(), 202)
			}
		})
	}
	d.t = t
	slow := d.dial()
	for _, part := range []string{"PRO", "XY TCP4 198.51", ".100.7 10.0.0.1 1 2\r", "\n", good[:5], good[5:]} {
		slow.write(part)
		time.Sleep(time.Millisecond)
	}
	sentOf(t, slow.read(), 202)
}

func TestProxyProtocolNeedsTrustedProxies(t *testing.T) {
	_, err := New(Options{Log: &fakeLog{}, Keys: NewKeyring(), Now: newClock(day).now, ProxyProtocol: true})
	if err == nil || !strings.Contains(err.Error(), "trustedProxies") {
		t.Errorf("%v", err)
	}
}

func TestProxyHeaderOfAStranger(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	h := &proxyHeader{trusted: prefixes("10.0.0.0/8")}
	if _, _, err := h.read(a); err == nil {
		t.Error("an untrusted peer may name an address")
	}
}
