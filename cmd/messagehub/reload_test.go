package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"messagehub/actors/channel/all"
	"messagehub/cmd/messagehub/config"
	"messagehub/relay"
)

const reloadBase = `
data: %DATA%
listen: "127.0.0.1:0"
ops: "127.0.0.1:0"
store: {lowWater: off}
tiers: {gold: 1000}
senders:
  sms:
    - {name: main, accountSid: AC00000000000000000000000000005a17, authToken: sandbox-auth-token, fromNumber: "+15005550006", baseURL: "http://127.0.0.1:1/sms"}
`

func parseReload(t *testing.T, dir, source string) func() (*config.Config, error) {
	t.Helper()
	return func() (*config.Config, error) {
		return config.Loader{Specs: all.Specs()}.Parse("messagehub.yaml", []byte(strings.ReplaceAll(source, "%DATA%", dir)))
	}
}

// A valid file is in force at once; one with a fault changes nothing and says
// where.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	load := parseReload(t, dir, reloadBase)
	th := startHub(t, dir, func(o *hubOptions) {
		c, err := load()
		if err != nil {
			t.Fatal(err)
		}
		o.config = c
	})
	mustAdminister[workspaceView](t, dir, "workspaces.create", newWorkspace{Name: "acme", Tier: "gold"})
	key := mustAdminister[createdKey](t, dir, "keys.create", newKey{Workspace: "acme", Test: true, Scopes: sendScopes()})
	limit := func() string {
		return request(t, "GET", th.URL()+"/api/v1/messages", key.Key, "").header.Get("X-RateLimit-Limit")
	}
	if got := limit(); got != "1000" {
		t.Fatalf("limit %s, want that of the tier", got)
	}
	th.reload(parseReload(t, dir, strings.Replace(reloadBase, "gold: 1000", "gold: 2000", 1)+"log: {attempts: false, level: error}\nlimits: {backlog: 1}\n"))
	if got := limit(); got != "2000" || th.Hub.log.attempts.Load() {
		t.Errorf("after a reload: limit %s, attempts logged %v", got, th.Hub.log.attempts.Load())
	}
	th.reload(parseReload(t, dir, strings.Replace(reloadBase, "gold: 1000", "gold: many", 1)+"log: {level: info}\n"))
	if got := limit(); got != "2000" || th.Hub.log.attempts.Load() {
		t.Errorf("after a faulty file: limit %s, attempts logged %v", got, th.Hub.log.attempts.Load())
	}
	th.stop()
	if log := th.log.String(); !strings.Contains(log, "messagehub.yaml:6:15: tiers.gold must be a whole number") {
		t.Errorf("the log does not say where the fault is:\n%s", log)
	}
	var did []string
	for _, l := range mustAdminister[[]auditView](t, dir, "audit.list", auditRange{Limit: 100}) {
		did = append(did, l.Action)
	}
	if !slices.Contains(did, "config.reload") || !slices.Contains(did, "config.reload_refused") {
		t.Errorf("audit log: %v", did)
	}
}

// A sender that comes works for test messages as for live ones, under its own
// name and by its share; one that goes is refused by the front door.
func TestReloadOfSenders(t *testing.T) {
	dir := t.TempDir()
	load := parseReload(t, dir, reloadBase)
	th := startHub(t, dir, func(o *hubOptions) {
		c, err := load()
		if err != nil {
			t.Fatal(err)
		}
		o.config = c
	})
	from := func(sender string) answered {
		return request(t, "POST", th.URL()+"/api/v1/messages/send", th.key, `{"to": "+14155550100", "channel": "sms", "from": "`+sender+`", "content": "Hello"}`)
	}
	accepted := func(a answered) string {
		t.Helper()
		if a.status != 202 {
			t.Fatalf("send: %d %s", a.status, a.body)
		}
		var m struct{ MessageID string }
		a.data(t, &m)
		return m.MessageID
	}
	sender := func(id string) string {
		var m struct{ Attempts []struct{ Sender string } }
		request(t, "GET", th.URL()+"/api/v1/messages/"+id, th.key, "").data(t, &m)
		return m.Attempts[0].Sender
	}
	main := `    - {name: main, `
	us := `    - {name: us, prefixes: ["+1"], accountSid: AC00000000000000000000000000005a18, authToken: sandbox-auth-token, fromNumber: "+15005550007", baseURL: "http://127.0.0.1:1/us"}` + "\n"
	if a := from("us"); a.status != 400 {
		t.Errorf("before it is there: %d %s", a.status, a.body)
	}
	th.reload(parseReload(t, dir, strings.Replace(reloadBase, main, us+main, 1)))
	named, chosen := accepted(from("main")), th.send(`{"to": "+14155550100", "channel": "sms", "content": "Hello"}`)
	for id, want := range map[string]string{named: "main", chosen: "us"} {
		th.await(id, "message.delivered")
		if got := sender(id); got != want {
			t.Errorf("sent by %s, want %s", got, want)
		}
	}
	if v := mustAdminister[[]senderView](t, dir, "channels.list", whichSenders{Channel: "sms"}); len(v) != 2 {
		t.Errorf("live senders %+v", v)
	}
	th.reload(load)
	if a := from("us"); a.status != 400 {
		t.Errorf("once it is gone: %d %s", a.status, a.body)
	}
	th.await(th.send(`{"to": "+14155550100", "channel": "sms", "content": "Hello"}`), "message.delivered")
	if v := mustAdminister[[]senderView](t, dir, "channels.list", whichSenders{Channel: "sms"}); len(v) != 1 {
		t.Errorf("live senders %+v", v)
	}
}

// While senders change, a channel whose only one gets another name stays open;
// one that is new, or loses its last, is closed.
func TestMeanwhile(t *testing.T) {
	was := []relay.Channel{
		{Name: "sms", Configured: true, Senders: []string{"main", "old"}},
		{Name: "line", Configured: true, Senders: []string{"old"}},
		{Name: "viber", Configured: true, Senders: []string{"main"}},
		{Name: "zalo"},
	}
	to := []relay.Channel{
		{Name: "sms", Configured: true, Senders: []string{"new", "main"}},
		{Name: "line", Configured: true, Senders: []string{"new"}},
		{Name: "viber"},
		{Name: "zalo", Configured: true, Senders: []string{"main"}},
	}
	for i, want := range []string{"true [main]", "true []", "false []", "false []"} {
		if c := meanwhile(was, slices.Clone(to))[i]; fmt.Sprint(c.Configured, " ", c.Senders) != want {
			t.Errorf("%s: %v %v, want %s", c.Name, c.Configured, c.Senders, want)
		}
	}
}

func TestNeedRestart(t *testing.T) {
	dir := t.TempDir()
	old, err := parseReload(t, dir, reloadBase)()
	if err != nil {
		t.Fatal(err)
	}
	for change, want := range map[string][]string{
		"":                                       nil,
		"listen: \"127.0.0.1:0\"=listen: \":1\"": {"listen"},
		"gold: 1000=gold: 5":                     nil,
		"name: main=name: main, maxInFlight: 3":  nil,
		"name: main=name: main, messagesPerSecond: 3":           nil,
		"name: main=name: other":                                nil,
		"ops: \"127.0.0.1:0\"=ops: off\nsandbox: false":         {"ops", "sandbox"},
		"lowWater: off=lowWater: 2GiB":                          {"store"},
		"data: %DATA%=data: /elsewhere":                         {"data"},
		"tiers=log: {format: json}\npublicURL: http://x\ntiers": {"publicURL", "log.format"},
		"tiers=vaultKeyFile: /run/key\ntiers":                   {"vaultKeyFile"},
	} {
		from, to, _ := strings.Cut(change, "=")
		c, err := parseReload(t, dir, strings.Replace(reloadBase, from, to, 1))()
		if err != nil {
			t.Errorf("%s: %v", change, err)
			continue
		}
		if got := needRestart(old, c); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", change, got, want)
		}
	}
}
