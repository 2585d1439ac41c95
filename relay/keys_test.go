package relay

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"messagehub/relay/access"
	"messagehub/store/message"
)

// shelf holds keys in memory.
type shelf struct {
	mu     sync.Mutex
	all    map[message.ID]message.Key
	audits []message.AuditEntry
}

func (s *shelf) Key(id message.ID) (message.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.all[id]
	if !ok {
		return k, message.ErrNotFound
	}
	return k, nil
}

func (s *shelf) PutKey(k message.Key, why ...message.AuditEntry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[k.ID] = k
	s.audits = append(s.audits, why...)
	return nil
}

func (s *shelf) Workspace(id message.WorkspaceID) (message.Workspace, error) {
	return message.Workspace{ID: id, Name: "shop", Tier: "pro", CreatedAt: day}, nil
}

// keyDesk is a door whose keys can be managed.
type keyDesk struct {
	*door
	shelf *shelf
	clock *fakeClock
}

func openKeys(t *testing.T) *keyDesk {
	k := &keyDesk{shelf: &shelf{all: map[message.ID]message.Key{}}, clock: newClock(day)}
	k.door = openDoor(t, func(o *Options) {
		o.Access, o.Workspaces, o.Now = access.NewBook(k.shelf, o.Keys), k.shelf, k.clock.now
	})
	return k
}

// hold puts a key of ours on the ring and the shelf.
func (k *keyDesk) hold(change func(*message.Key)) (secret string, id message.ID) {
	secret, key := message.NewKey(false)
	key.Workspace, key.Scopes, key.CreatedAt = ours, message.ScopeAll, day
	if change != nil {
		change(&key)
	}
	k.shelf.all[key.ID] = key
	k.server.o.Keys.Put(key)
	return secret, key.ID
}

type shownKey struct {
	ID, Name, Shown, Secret, ExpiresAt, RevokedAt, LastUsedAt, Successor string
	Test                                                                 bool
	Scopes, Allow                                                        []string
	PerMinute                                                            int
	Old                                                                  *shownKey
}

func (k *keyDesk) key(status int, method, path, key, body string) shownKey {
	k.t.Helper()
	a := k.ask(method, path, key, body)
	var v struct{ Data shownKey }
	if err := json.Unmarshal([]byte(a.body), &v); err != nil || a.status != status {
		k.t.Fatalf("%s %s: %v: %d %s", method, path, err, a.status, a.body)
	}
	return v.Data
}

func (k *keyDesk) list(key, query string) (all []shownKey, next string) {
	k.t.Helper()
	a := k.ask("GET", keysPath+query, key, "")
	var v struct {
		Data []shownKey
		Page struct{ Next string }
	}
	if err := json.Unmarshal([]byte(a.body), &v); err != nil || a.status != 200 || strings.Contains(a.body, `"secret"`) {
		k.t.Fatalf("%v: %d %s", err, a.status, a.body)
	}
	return v.Data, v.Page.Next
}

func TestKeyIsMadeChangedRotatedAndRevoked(t *testing.T) {
	k := openKeys(t)
	boss, _ := k.hold(nil)
	made := k.key(201, "POST", keysPath, boss, `{"name": "빵집", "scopes": ["messages:read", "messages:send"], "allow": ["127.0.0.1", "::1/128"], "perMinute": 50}`)
	if !strings.HasPrefix(made.Secret, "cpk_live_") || made.Shown != "cpk_live_…"+made.Secret[len(made.Secret)-4:] || made.PerMinute != 50 {
		t.Fatalf("%+v", made)
	}
	lists := func(secret string, want int) {
		t.Helper()
		if a := k.ask("GET", "/api/v1/messages", secret, ""); a.status != want {
			t.Errorf("got %d %s, want %d", a.status, a.body, want)
		}
	}
	lists(made.Secret, 200)
	at := keysPath + "/" + made.ID
	if got := k.key(200, "PATCH", at, boss, `{"name": "backend", "allow": ["192.0.2.0/24"], "expiresAt": "2030-01-01T00:00:00Z", "perMinute": null}`); got.Name != "backend" || got.ExpiresAt != "2030-01-01T00:00:00.000Z" || got.PerMinute != 0 {
		t.Errorf("%+v", got)
	}
	lists(made.Secret, 403) // not from here any more
	k.key(200, "PATCH", at, boss, `{"allow": [], "expiresAt": null}`)
	lists(made.Secret, 200)
	r := k.key(201, "POST", at+"/rotate", boss, `{"overlap": 60}`)
	if r.Old == nil || r.Old.ID != made.ID || r.Old.Successor != r.ID || r.Old.ExpiresAt == "" || !slices.Equal(r.Scopes, made.Scopes) {
		t.Fatalf("%+v", r)
	}
	k.wants(k.ask("POST", at+"/rotate", boss, ""), 409, KeyRotated)
	lists(made.Secret, 200)
	lists(r.Secret, 200)
	k.clock.add(time.Minute)
	k.wants(k.ask("GET", "/api/v1/messages", made.Secret, ""), 403, KeyExpired)
	if got := k.key(200, "DELETE", keysPath+"/"+r.ID, boss, ""); got.RevokedAt == "" || got.LastUsedAt == "" {
		t.Errorf("%+v", got)
	}
	k.key(200, "DELETE", keysPath+"/"+r.ID, boss, "") // the answer to the first may have been lost
	k.wants(k.ask("GET", "/api/v1/messages", r.Secret, ""), 403, KeyRevoked)
	k.wants(k.ask("PATCH", keysPath+"/"+r.ID, boss, `{"name": "x"}`), 409, KeyOver)
	var did []string
	for _, e := range k.shelf.audits {
		did = append(did, e.Action)
		if !strings.HasPrefix(e.Actor, "key_") || e.Address == "" || !strings.HasPrefix(e.RequestID, "req_") || strings.Contains(e.Before+e.After, made.Secret) {
			t.Errorf("%+v", e)
		}
	}
	if want := "key.create key.update key.update key.create key.rotate key.revoke"; strings.Join(did, " ") != want {
		t.Errorf("audited: %v", did)
	}
}

// A key gives nothing away that it does not have itself.
func TestKeyGivesNothingBeyondItself(t *testing.T) {
	k := openKeys(t)
	small, _ := k.hold(func(key *message.Key) {
		key.Scopes = message.ScopeKeys | message.ScopeRead
		key.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		key.PerMinute, key.ExpiresAt = 100, day.Add(time.Hour)
	})
	_, big := k.hold(nil)
	_, stranger := k.hold(func(key *message.Key) { key.Workspace = theirs })
	tester, _ := k.hold(func(key *message.Key) { key.Test = true })
	for body, param := range map[string]string{
		`{"scopes": ["messages:send"]}`:                                       "scopes",
		`{"scopes": ["messages:read"], "allow": []}`:                          "allow",
		`{"scopes": ["messages:read"], "allow": ["0.0.0.0/0"]}`:               "allow",
		`{"scopes": ["messages:read"], "perMinute": 101}`:                     "perMinute",
		`{"scopes": ["messages:read"], "perMinute": null}`:                    "perMinute",
		`{"scopes": ["messages:read"], "expiresAt": null}`:                    "expiresAt",
		`{"scopes": ["messages:read"], "expiresAt": "2099-01-01T00:00:00Z"}`:  "expiresAt",
		`{"scopes": ["messages:read"], "allow": ["127.0.0.1", "10.0.0.0/8"]}`: "allow",
	} {
		if p := k.wants(k.ask("POST", keysPath, small, body), 403, ExceedsOwnKey); p.Error.Param != param {
			t.Errorf("%s: %s", body, p.Error.Param)
		}
	}
	made := k.key(201, "POST", keysPath, small, `{"scopes": ["messages:read"]}`)
	if made.PerMinute != 100 || made.ExpiresAt == "" || !slices.Equal(made.Allow, []string{"127.0.0.0/8"}) {
		t.Errorf("what is left out is not that of the key that asks: %+v", made)
	}
	at := keysPath + "/" + access.Name(big)
	k.wants(k.ask("POST", at+"/rotate", small, ""), 403, ExceedsOwnKey)
	k.wants(k.ask("PATCH", at, small, `{"perMinute": null}`), 403, ExceedsOwnKey)
	k.key(200, "PATCH", at, small, `{"name": "renamed"}`)
	k.wants(k.ask("GET", at, tester, ""), 404, NotFound)
	k.wants(k.ask("POST", keysPath, tester, `{"test": false, "scopes": ["messages:read"]}`), 403, ExceedsOwnKey)
	if got := k.key(201, "POST", keysPath, tester, `{"scopes": ["messages:read"]}`); !got.Test {
		t.Errorf("%+v", got)
	}
	for _, m := range []string{"GET", "PATCH", "DELETE"} {
		k.wants(k.ask(m, keysPath+"/"+access.Name(stranger), small, ""), 404, NotFound)
	}
	k.wants(k.ask("POST", keysPath+"/"+access.Name(stranger)+"/rotate", small, ""), 404, NotFound)
}

func TestKeysAreListed(t *testing.T) {
	k := openKeys(t)
	boss, _ := k.hold(nil)
	var ids []string
	for i := range 5 {
		_, id := k.hold(func(key *message.Key) {
			key.CreatedAt, key.Test = day.Add(-time.Duration(i+1)*time.Hour), i == 3
			if i == 4 {
				key.RevokedAt = day
			}
		})
		ids = append(ids, access.Name(id))
	}
	first, next := k.list(boss, "?limit=5") // with the keys of the door
	rest, end := k.list(boss, "?limit=5&after="+next)
	var got []string
	for _, v := range append(first, rest...) {
		got = append(got, v.ID)
	}
	if end != "" || len(got) != 8 || !slices.Equal(got[1:6], ids) {
		t.Errorf("%v, then %q; want %v", got, end, ids)
	}
	unused, _ := k.list(boss, "?unusedFor=9000")
	if len(unused) != 4 || unused[0].ID != ids[2] || unused[1].ID != ids[3] { // and two of the door, that are of no time
		t.Errorf("%+v", unused)
	}
	tester, _ := k.hold(func(key *message.Key) { key.Test = true })
	for _, v := range first[:1] {
		if mine, _ := k.list(tester, ""); slices.ContainsFunc(mine, func(m shownKey) bool { return !m.Test || m.ID == v.ID }) {
			t.Errorf("a test key sees %+v", mine)
		}
	}
	for query, code := range map[string]Code{
		"?after=x": InvalidCursor, "?after=key_00000000000000000000000000": InvalidCursor, "?unusedFor=0": InvalidParameter, "?unusedFor=x": InvalidParameter,
	} {
		k.wants(k.ask("GET", keysPath+query, boss, ""), 400, code)
	}
}

func TestBadBodiesOfKeys(t *testing.T) {
	k := openKeys(t)
	boss, id := k.hold(nil)
	for body, code := range map[string]Code{
		`{}`: MissingParameter, `{"scopes": []}`: InvalidParameter, `{"scopes": ["all"]}`: InvalidParameter, `{"scopes": [1]}`: InvalidType,
		`{"scope": ["messages:read"]}`: UnknownParameter, `[]`: InvalidType, `{"scopes": ["messages:read"], "allow": ["10.0.0.0/99"]}`: InvalidParameter,
		`{"scopes": ["messages:read"], "perMinute": 0}`: InvalidParameter, `{"scopes": ["messages:read"], "expiresAt": "soon"}`: InvalidParameter,
		`{"scopes": ["messages:read"], "expiresAt": "2001-01-01T00:00:00Z"}`: InvalidParameter, `{"scopes": ["messages:read"], "name": null}`: InvalidType,
		`{"scopes": ["messages:read"], "name": "` + strings.Repeat("x", 129) + `"}`: InvalidParameter,
	} {
		k.wants(k.ask("POST", keysPath, boss, body), 400, code)
	}
	k.wants(k.ask("PATCH", keysPath+"/"+access.Name(id), boss, `{"scopes": ["messages:read"]}`), 400, UnknownParameter)
	k.wants(k.ask("POST", keysPath+"/"+access.Name(id)+"/rotate", boss, `{"overlap": 7776001}`), 400, InvalidParameter)
}

func TestWorkspaceIsShown(t *testing.T) {
	k := openKeys(t)
	boss, _ := k.hold(nil)
	a := k.ask("GET", "/api/v1/workspace", boss, "")
	if a.status != 200 || !strings.Contains(a.body, `"name":"shop","tier":"pro"`) || !strings.Contains(a.body, `"requestsPerMinute":1000000`) {
		t.Errorf("%d %s", a.status, a.body)
	}
}
