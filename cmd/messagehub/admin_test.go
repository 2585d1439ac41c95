package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"messagehub/store/message"
)

// run executes one command line and returns what it printed.
func run(args ...string) (code int, out, errText string) {
	var o, e bytes.Buffer
	code = execute(testContext(), args, streams{strings.NewReader(""), &o, &e})
	return code, o.String(), e.String()
}

func mustAdminister[Out any](t testing.TB, dir, verb string, in any) Out {
	t.Helper()
	out, err := administer[Out](dir, verb, in)
	if err != nil {
		t.Fatalf("%s: %v", verb, err)
	}
	return out
}

func sendScopes() []string { return []string{"messages:send", "messages:read"} }

func TestKeysOnARunningServerCountOnTheNextRequest(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	mustAdminister[workspaceView](t, dir, "workspaces.create", newWorkspace{Name: "acme", Tier: "pro"})
	key := mustAdminister[createdKey](t, dir, "keys.create", newKey{Workspace: "acme", Name: "backend", Test: true, Scopes: sendScopes()})
	list := func(secret string) answered { return request(t, "GET", th.URL()+"/api/v1/messages", secret, "") }
	if a := list(key.Key); a.status != 200 || a.header.Get("X-RateLimit-Limit") != "600" {
		t.Fatalf("new key: %d %v %s", a.status, a.header, a.body)
	}
	rotated := mustAdminister[rotatedKey](t, dir, "keys.rotate", rotation{Key: key.ID, Overlap: time.Hour})
	for name, secret := range map[string]string{"old": key.Key, "new": rotated.Key} {
		if a := list(secret); a.status != 200 {
			t.Errorf("%s key within the overlap: %d %s", name, a.status, a.body)
		}
	}
	if rotated.Old.Successor != rotated.ID || rotated.Old.ExpiresAt == "" || !slices.Equal(rotated.Scopes, sendScopes()) {
		t.Errorf("rotation: %+v", rotated)
	}
	revoked := mustAdminister[keyView](t, dir, "keys.revoke", whichKey{rotated.ID})
	if a := list(rotated.Key); a.status != 403 || a.code(t) != "key_revoked" {
		t.Errorf("revoked key: %d %s", a.status, a.body)
	}
	if again := mustAdminister[keyView](t, dir, "keys.revoke", whichKey{rotated.ID}); again.RevokedAt != revoked.RevokedAt {
		t.Errorf("revoked twice: %s, then %s", revoked.RevokedAt, again.RevokedAt)
	}
}

// The same commands work on a directory that no server has open, and its log
// says who did what.
func TestAdministrationWithoutAServer(t *testing.T) {
	dir := t.TempDir()
	startHub(t, dir, nil).stop()
	mustAdminister[workspaceView](t, dir, "workspaces.create", newWorkspace{Name: "acme", PerMinute: 7})
	key := mustAdminister[createdKey](t, dir, "keys.create", newKey{
		Workspace: "acme", Scopes: []string{"messages:read"}, Allow: []string{"192.0.2.7", "2001:db8::/32"}, PerMinute: 5,
		ExpiresAt: now().Add(time.Hour),
	})
	if !strings.HasPrefix(key.Key, message.KeyPrefixLive) || !slices.Equal(key.Allow, []string{"192.0.2.7/32", "2001:db8::/32"}) {
		t.Errorf("key %+v", key.keyView)
	}
	keys := mustAdminister[[]keyView](t, dir, "keys.list", whichKeys{"acme"})
	if len(keys) != 1 || keys[0].ID != key.ID || keys[0].Shown != "cpk_live_…"+key.Key[len(key.Key)-4:] {
		t.Errorf("keys %+v", keys)
	}
	lines := mustAdminister[[]auditView](t, dir, "audit.list", auditRange{Limit: 100})
	var did []string
	for _, l := range lines {
		did = append(did, l.Action)
		if l.Number > 2 && !strings.HasPrefix(l.Actor, fmt.Sprintf("command line uid=%d", os.Getuid())) {
			t.Errorf("entry %d is of %q", l.Number, l.Actor)
		}
		if strings.Contains(l.After, key.Key) {
			t.Error("the audit log holds a key")
		}
	}
	if want := []string{"workspace.create", "key.create", "workspace.create", "key.create"}; !slices.Equal(did, want) {
		t.Errorf("audit log: %v, want %v", did, want)
	}
	if proof := mustAdminister[auditProofView](t, dir, "audit.verify", nothing{}); proof.Entries != 4 || proof.Hash != lines[3].Hash {
		t.Errorf("proof %+v", proof)
	}
}

func TestAdminRefusals(t *testing.T) {
	dir := t.TempDir()
	startHub(t, dir, nil)
	for name, c := range map[string]struct {
		verb string
		in   any
		exit int
		text string
	}{
		"no such verb":      {"keys.steal", nothing{}, exitUsage, "no administrative command"},
		"unknown argument":  {"keys.list", map[string]string{"workspce": "x"}, exitFailure, "read arguments"},
		"no such workspace": {"keys.create", newKey{Workspace: "nobody", Scopes: sendScopes()}, exitFailure, "no workspace"},
		"no such tier":      {"workspaces.create", newWorkspace{Name: "acme", Tier: "gold"}, exitUsage, "no tier"},
		"no limit":          {"workspaces.create", newWorkspace{Name: "acme"}, exitUsage, "--per-minute"},
		"bad name":          {"workspaces.create", newWorkspace{Name: "a/b", Tier: "pro"}, exitUsage, "letters"},
		"name taken":        {"workspaces.create", newWorkspace{Name: "demo", Tier: "pro"}, exitFailure, "already"},
		"no scopes":         {"keys.create", newKey{Workspace: "demo"}, exitUsage, "scope"},
		"bad scope":         {"keys.create", newKey{Workspace: "demo", Scopes: []string{"all"}}, exitUsage, "no scope"},
		"bad network":       {"keys.create", newKey{Workspace: "demo", Scopes: sendScopes(), Allow: []string{"10.0.0.0/99"}}, exitUsage, "--allow"},
		"expired":           {"keys.create", newKey{Workspace: "demo", Scopes: sendScopes(), ExpiresAt: 1}, exitUsage, "expired"},
		"no key id":         {"keys.revoke", whichKey{"cpk_test_x"}, exitUsage, "not the id"},
		"no such key":       {"keys.revoke", whichKey{"key_00000000000000000000000000"}, exitFailure, "no key"},
		"backup exists":     {"backup", backupTo{dir}, exitFailure, "exist"},
	} {
		_, err := administer[struct{}](dir, c.verb, c.in)
		if exitCode(err) != c.exit || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("%s: exit %d, %v; want %d, %q", name, exitCode(err), err, c.exit, c.text)
		}
	}
}

// Whoever may not open the file may not administer; whoever writes nonsense
// gets an answer, and the next one is served.
func TestAdminSocketIsPrivateAndSturdy(t *testing.T) {
	dir := t.TempDir()
	startHub(t, dir, nil)
	path := filepath.Join(dir, adminSocket)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 || info.Mode().Type() != os.ModeSocket {
		t.Fatalf("socket: %v, %v", info.Mode(), err)
	}
	for name, line := range map[string]string{
		"no JSON": "hello\n", "no object": "[]\n", "empty": "\n", "null": "null\n", "nothing at all": "",
		"unknown member": `{"verb":"keys.list","args":{},"x":1}` + "\n", "args of another type": `{"verb":"keys.list","args":[]}` + "\n",
		"too long": strings.Repeat("x", 2*maxAdminRequest) + "\n", "deep": strings.Repeat("[", 10_000) + "\n",
	} {
		conn, err := dialUnix(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, _ = io.WriteString(conn, line) // the server may have hung up already
		_ = conn.CloseWrite()
		reply, _ := io.ReadAll(conn)
		if len(reply) > 0 && !bytes.Contains(reply, []byte(`"error":{`)) {
			t.Errorf("%s: %s", name, reply)
		}
		_ = conn.Close()
	}
	mustAdminister[[]keyView](t, dir, "keys.list", whichKeys{})
}

// A socket's address holds about a hundred bytes; a path may be longer.
func TestAdminSocketInADirectoryWithALongName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long-", 20), strings.Repeat("name-", 20))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	startHub(t, dir, nil)
	if w := mustAdminister[[]workspaceView](t, dir, "workspaces.list", nothing{}); len(w) != 1 || w[0].Name != "demo" {
		t.Errorf("workspaces %+v", w)
	}
}

func TestBackupOfARunningServerAndRestore(t *testing.T) {
	dir, parent := t.TempDir(), t.TempDir()
	th := startHub(t, dir, nil)
	id := th.send(`{"to": "+14155550100", "channel": "sms", "content": "Kept"}`)
	th.await(id, "message.delivered")
	backup, restored := filepath.Join(parent, "backup"), filepath.Join(parent, "restored")
	if b := mustAdminister[backupView](t, dir, "backup", backupTo{backup}); b.Messages != 1 || b.Files == 0 {
		t.Errorf("backup %+v", b)
	}
	key := th.key
	th.stop()
	if code, out, errText := run("restore", backup, "--data", restored); code != 0 || !strings.Contains(out, "1 messages") {
		t.Fatalf("restore: %d %s %s", code, out, errText)
	}
	if code, _, errText := run("restore", backup, "--data", restored); code != exitFailure || !strings.Contains(errText, "not empty") {
		t.Errorf("restore into a full directory: %d %s", code, errText)
	}
	if code, _, errText := run("restore", parent, "--data", filepath.Join(parent, "other")); code != exitCorrupt {
		t.Errorf("restore of no backup: %d %s", code, errText)
	}
	if err := os.WriteFile(filepath.Join(restored, demoKeyFile), []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	th = startHub(t, restored, nil)
	if m := lookAt(t, th.URL(), key, id); m.Status != "delivered" {
		t.Errorf("restored message: %+v", m)
	}
}

func TestUseOfKeysIsNoted(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	th.send(`{"to": "+14155550100", "channel": "sms", "content": "Used"}`)
	th.stop()
	if keys := mustAdminister[[]keyView](t, dir, "keys.list", whichKeys{}); len(keys) != 1 || keys[0].LastUsed == "" {
		t.Errorf("keys %+v", keys)
	}
}
