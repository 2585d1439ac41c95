package main

import (
	"strings"
	"testing"

	"messagehub/relay"
	"messagehub/store/message"
)

// caller is a way to ask for a route.
type caller struct {
	name, key string
	status    int
	code      string
}

// callers are all ways that must be refused whatever the route, but for its
// scope.
func (g *grounds) callers(dir, scope string) (all []caller) {
	g.t.Helper()
	refused := func(name string, in newKey, status int, code string, change func(key string)) {
		in.Workspace = "demo"
		key := mustAdminister[createdKey](g.t, dir, "keys.create", in)
		if change != nil {
			change(key.ID)
		}
		all = append(all, caller{name, key.Key, status, code})
	}
	all = []caller{{"no key", "", 401, "missing_key"}, {"no such key", unknownKey(), 401, "invalid_key"}, {"no key's form", "cpk_test_x", 401, "invalid_key"}}
	every := message.ScopeAll.Names()
	for _, test := range []bool{false, true} {
		for _, other := range every {
			if other != scope {
				refused("scope "+other, newKey{Test: test, Scopes: []string{other}}, 403, "insufficient_scope", nil)
			}
		}
		revoke := func(key string) { mustAdminister[keyView](g.t, dir, "keys.revoke", whichKey{key}) }
		end := func(key string) { mustAdminister[rotatedKey](g.t, dir, "keys.rotate", rotation{Key: key}) }
		refused("revoked", newKey{Test: test, Scopes: every}, 403, "key_revoked", revoke)
		refused("expired", newKey{Test: test, Scopes: every}, 403, "key_expired", end)
		refused("elsewhere", newKey{Test: test, Scopes: every, Allow: []string{"192.0.2.1"}}, 403, "ip_not_allowed", nil)
	}
	return all
}

func unknownKey() string { secret, _ := message.NewKey(true); return secret }

// Every route by everybody who may not use it, and by one who may: the one
// scope opens it, and an id of another workspace, or of the other of live and
// test, is as good as none. A route that is new is in it at once; one whose ids
// nobody knows how to make fails it.
func TestEveryRouteByEverybody(t *testing.T) {
	g := newGrounds(t)
	if err := g.api.SetLimits(unlimited(g)); err != nil {
		t.Fatal(err)
	}
	dir := g.config.Data
	mustAdminister[workspaceView](t, dir, "workspaces.create", newWorkspace{Name: "rival", PerMinute: 1_000_000})
	key := func(workspace string, test bool, scopes ...string) string {
		return mustAdminister[createdKey](t, dir, "keys.create", newKey{Workspace: workspace, Test: test, Scopes: scopes}).Key
	}
	every := message.ScopeAll.Names()
	rival, live := key("rival", true, every...), key("demo", false, every...)
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string][]caller{}
	cells := 0
	for _, r := range relay.Routes() {
		operation := c.at(c.doc, "paths", r.Path, strings.ToLower(r.Method))
		address, _ := g.address(c, r.Path, c.at(operation, "operationId").(string), operation, false)
		body := "{}"
		if strings.HasSuffix(r.Path, "/replay") {
			body = `{"since": "2026-01-01T00:00:00Z"}`
		}
		ask := func(who caller) {
			t.Helper()
			cells++
			a := request(t, r.Method, address, who.key, body)
			switch {
			case who.status == 0:
				if a.status == 401 || a.status == 403 || a.status >= 500 {
					t.Errorf("%s %s, %s: %d %s", r.Method, r.Path, who.name, a.status, a.body)
				}
			case a.status != who.status || a.code(t) != who.code:
				t.Errorf("%s %s, %s: %d %s; want %d %s", r.Method, r.Path, who.name, a.status, a.body, who.status, who.code)
			}
		}
		if r.Scope == "" {
			if r.Path != "/api/v1/webhooks/delivery" && !strings.HasPrefix(r.Path, "/api/v1/webhooks/delivery/") { // those want a signature
				ask(caller{name: "public"})
			}
			continue
		}
		if refused[r.Scope] == nil {
			refused[r.Scope] = g.callers(dir, r.Scope)
		}
		for _, who := range refused[r.Scope] {
			ask(who)
		}
		if strings.Contains(r.Path, "{") {
			ask(caller{"another workspace", rival, 404, "not_found"})
			if !strings.HasPrefix(r.Path, "/api/v1/keys") { // a live key sees test keys, too
				ask(caller{"live key", live, 404, "not_found"})
			}
		}
		ask(caller{name: "the scope", key: key("demo", true, r.Scope)})
	}
	if cells < 500 {
		t.Errorf("only %d cells", cells)
	}
	t.Logf("%d routes, %d requests", len(relay.Routes()), cells)
}

// unlimited are limits that no budget of failures ends.
func unlimited(g *grounds) relay.Limits {
	l := g.limits(g.config.Limits)
	l.FailuresPerMinute, l.AuditsPerMinute = 1_000_000, 1_000_000
	return l
}

// What lists show is of their own workspace and kind alone.
func TestListsAreTheWorkspacesOwn(t *testing.T) {
	g := newGrounds(t)
	dir := g.config.Data
	mustAdminister[workspaceView](t, dir, "workspaces.create", newWorkspace{Name: "rival", PerMinute: 1_000_000})
	ids := map[string]string{}
	for parameter, list := range map[string]string{
		"messageId": "/api/v1/messages", "contactId": "/api/v1/contacts", "endpointId": "/api/v1/webhooks/endpoints", "inboundId": "/api/v1/messages/received",
	} {
		ids[list] = g.fresh(parameter, "")
	}
	ids["/api/v1/keys"] = g.fresh("keyId", "")
	ids["/api/v1/events"] = ids["/api/v1/messages"]
	for list, id := range ids {
		if a := request(t, "GET", g.URL()+list+"?limit=200", g.boss, ""); a.status != 200 || !strings.Contains(a.body, id) {
			t.Errorf("%s lacks its own %s: %d %s", list, id, a.status, a.body)
		}
		for _, other := range []newKey{{Workspace: "rival", Test: true}, {Workspace: "rival"}, {Workspace: "demo"}} {
			if other.Workspace == "demo" && list == "/api/v1/keys" {
				continue // a live key sees test keys, too
			}
			other.Scopes = message.ScopeAll.Names()
			key := mustAdminister[createdKey](t, dir, "keys.create", other).Key
			if a := request(t, "GET", g.URL()+list+"?limit=200", key, ""); a.status != 200 || strings.Contains(a.body, id) {
				t.Errorf("%s shows %s to %+v: %d", list, id, other, a.status)
			}
		}
	}
}
