package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"messagehub/actors/channel"
	"messagehub/cmd/messagehub/config"
	"messagehub/relay/webhook"
	"messagehub/store"
	"messagehub/store/message"
)

func vaultStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open("data", store.Options{FS: vfs.NewMem(), LowWater: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func mustOpenVault(t *testing.T, s *store.Store, key byte) *vault {
	t.Helper()
	v, err := openVault(s, bytes.Repeat([]byte{key}, vaultKeyLen))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Senders keep their values apart, live and test too, and nothing of a value
// is readable in the store.
func TestVaultKeepsSendersApart(t *testing.T) {
	s := vaultStore(t)
	v := mustOpenVault(t, s, 1)
	live, test := v.of(message.Lane{Channel: "zalo"}, "main"), v.of(message.Lane{Channel: "zalo", Test: true}, "main")
	if err := live.Save("token", []byte("refresh-token-of-main")); err != nil {
		t.Fatal(err)
	}
	if got, err := test.Load("token"); got != nil || err != nil {
		t.Errorf("the test sender reads %q, %v", got, err)
	}
	if got, err := mustOpenVault(t, s, 1).of(message.Lane{Channel: "zalo"}, "main").Load("token"); string(got) != "refresh-token-of-main" || err != nil {
		t.Errorf("read back %q, %v", got, err)
	}
	sealed, err := s.LoadSealed("sender/zalo/main/token")
	if err != nil || bytes.Contains(sealed, []byte("refresh")) {
		t.Errorf("stored %q, %v", sealed, err)
	}
}

// A value moved to another name, changed or cut does not open.
func TestVaultNoticesTampering(t *testing.T) {
	s := vaultStore(t)
	v := mustOpenVault(t, s, 1)
	if err := v.save("a", []byte("value")); err != nil {
		t.Fatal(err)
	}
	sealed, _ := s.LoadSealed("a")
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, row := range map[string][]byte{"b": sealed, "a": changed, "c": sealed[:5], "d": nil} {
		if err := s.SaveSealed(name, row); err != nil {
			t.Fatal(err)
		}
		if got, err := v.load(name); err == nil {
			t.Errorf("%s opens as %q", name, got)
		}
	}
}

// A wrong key ends the start, with the remedy.
func TestVaultRefusesAWrongKey(t *testing.T) {
	s := vaultStore(t)
	mustOpenVault(t, s, 3) // keeps nothing
	if err := mustOpenVault(t, s, 1).save("a", []byte("value")); err != nil {
		t.Fatal(err)
	}
	_, err := openVault(s, bytes.Repeat([]byte{2}, vaultKeyLen))
	var failure *failure
	if !errors.As(err, &failure) || failure.code != exitConfig || !strings.Contains(failure.remedy, vaultEnv) {
		t.Errorf("error %+v", err)
	}
}

func TestVaultKeyIsFound(t *testing.T) {
	dir := t.TempDir()
	first, err := vaultKey("", "", dir)
	if err != nil || len(first) != vaultKeyLen {
		t.Fatalf("%d bytes, %v", len(first), err)
	}
	info, err := os.Stat(filepath.Join(dir, vaultFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info, err)
	}
	again, err := vaultKey("", "", dir)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("the second time: %v", err)
	}
	text := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, vaultKeyLen))
	named := filepath.Join(dir, "named")
	if err := os.WriteFile(named, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ env, file string }{{text, ""}, {text, "none"}, {"", named}} {
		if got, err := vaultKey(row.env, row.file, dir); err != nil || got[0] != 7 {
			t.Errorf("%+v: %v", row, err)
		}
	}
	for _, row := range []struct{ env, file string }{{"short", ""}, {"", filepath.Join(dir, "none")}, {"AAAA", ""}} {
		if _, err := vaultKey(row.env, row.file, dir); err == nil {
			t.Errorf("%+v is taken", row)
		}
	}
}

// With another key everything opens as before, and the old key opens nothing.
func TestRekey(t *testing.T) {
	s := vaultStore(t)
	v := mustOpenVault(t, s, 1)
	for _, name := range []string{"a", "b"} {
		if err := v.save(name, []byte("value of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := v.rekey(bytes.Repeat([]byte{2}, vaultKeyLen)); n != 3 || err != nil { // the proof too
		t.Errorf("%d values, %v", n, err)
	}
	if err := v.save("c", []byte("value of c")); err != nil {
		t.Fatal(err)
	}
	for _, v := range []*vault{v, mustOpenVault(t, s, 2)} {
		for _, name := range []string{"a", "b", "c"} {
			if got, err := v.load(name); string(got) != "value of "+name || err != nil {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
	if _, err := openVault(s, bytes.Repeat([]byte{1}, vaultKeyLen)); err == nil {
		t.Error("the old key still opens the vault")
	}
}

// Webhooks' secrets are sealed anew too, and what was read or sealed before the
// key changed is neither lost nor brought back.
func TestRekeySealsSecretsOfWebhooks(t *testing.T) {
	s := vaultStore(t)
	v := mustOpenVault(t, s, 1)
	book := sealedEndpoints{s, v}
	w, err := s.PutWorkspace(message.Workspace{Name: "acme", PerMinute: 1})
	if err != nil {
		t.Fatal(err)
	}
	sealed := func(texts ...string) message.Endpoint {
		e := message.Endpoint{ID: message.NewEndpointID(), Workspace: w.ID, URL: "https://example.com"}
		for i, text := range texts {
			b, err := v.Seal(webhook.SealName(&e), []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			e.Secrets = append(e.Secrets, message.SealedSecret{Sealed: string(b), ExpiresAt: message.Time(i)})
		}
		return e
	}
	put := func(e message.Endpoint) message.Endpoint {
		e, err := book.PutEndpoint(e)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	opened := func(v *vault, e message.Endpoint, want ...string) {
		t.Helper()
		for i, s := range e.Secrets {
			got, err := v.Open(webhook.SealName(&e), []byte(s.Sealed))
			if i >= len(want) || string(got) != want[i] || err != nil || s.ExpiresAt != message.Time(i) {
				t.Errorf("secret %d opens as %q, %v", i, got, err)
			}
		}
	}
	before, late := put(sealed("now", "former")), sealed("late")
	if n, err := v.rekey(bytes.Repeat([]byte{2}, vaultKeyLen)); n != 3 || err != nil { // the proof too
		t.Errorf("%d values, %v", n, err)
	}
	late = put(late)
	opened(v, before, "now", "former")
	if _, err := book.PutEndpoint(before); !errors.Is(err, message.ErrRevision) {
		t.Errorf("an edit of what was read before: %v", err)
	}
	fresh := mustOpenVault(t, s, 2)
	for id, want := range map[message.ID][]string{before.ID: {"now", "former"}, late.ID: {"late"}} {
		e, err := s.Endpoint(w.ID, id)
		if err != nil || len(e.Secrets) != len(want) {
			t.Fatalf("%+v, %v", e, err)
		}
		opened(fresh, e, want...)
	}
	damaged := sealed("x")
	damaged.Secrets[0].Sealed = "x"
	if _, err := s.PutEndpoint(damaged); err != nil {
		t.Fatal(err)
	}
	if _, err := v.rekey(bytes.Repeat([]byte{3}, vaultKeyLen)); err == nil {
		t.Error("a secret that does not open is passed over")
	}
	mustOpenVault(t, s, 2)
}

// Endpoints get what is signed with their secret, whatever the key.
func TestWebhooksOutliveARekey(t *testing.T) {
	dir, c := t.TempDir(), newConsumer(t)
	open := func(o *hubOptions) { o.config.Webhooks.HTTP, o.config.Webhooks.Allow = true, loopback() }
	th := startHub(t, dir, open)
	c.subscribe(th.URL(), th.key)
	carries := func() {
		t.Helper()
		th.await(th.send(`{"to": "+14155550100", "channel": "sms", "content": "Hello"}`), "message.delivered")
		bodies, _ := readFeed(t, th.URL(), th.key)
		c.await(bodies)
	}
	for range 2 {
		if v := mustAdminister[rekeyedView](t, dir, "vault.rekey", rekeying{}); v.Values != 2 { // the proof and the secret
			t.Errorf("%+v", v)
		}
		carries()
	}
	key := th.key
	th.stop()
	th = startHub(t, dir, open)
	th.key = key
	carries()
}

// A change of the key beside the data that is broken off anywhere is either
// done or not: the next start finds the key that fits.
func TestRekeyBrokenOff(t *testing.T) {
	for _, crash := range []string{"before the values", "before the file", "not at all"} {
		s, dir := vaultStore(t), t.TempDir()
		find := func() *vault {
			v, err := findVault(s, "", "", dir)
			if err != nil {
				t.Fatalf("%s: %v", crash, err)
			}
			return v
		}
		v := find()
		if err := v.save("a", []byte("value")); err != nil {
			t.Fatal(err)
		}
		var err error
		switch crash {
		case "before the values":
			_, err = drawVaultKey(v.own + freshKey)
		case "before the file":
			var key []byte
			if key, err = drawVaultKey(v.own + freshKey); err == nil {
				_, err = v.rekey(key)
			}
		default:
			_, err = v.rekeyOwn()
		}
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got, err := find().load("a"); string(got) != "value" || err != nil {
				t.Errorf("%s: %q, %v", crash, got, err)
			}
		}
		if err := os.Remove(v.own); err != nil {
			t.Fatal(err)
		}
		if _, err := findVault(s, "", "", dir); exitCode(err) != exitConfig {
			t.Errorf("%s, without the file: %v", crash, err)
		}
		if _, err := os.Stat(v.own); err == nil {
			t.Error("a key was drawn that opens nothing")
		}
	}
}

// The command, on a running server and without one.
func TestVaultRekeyCommand(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, vaultKeyLen))), 0o600); err != nil {
		t.Fatal(err)
	}
	th := startHub(t, dir, nil)
	lane := message.Lane{Channel: "zalo"}
	if err := th.vault.of(lane, "main").Save("token", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	key := func() string { b, _ := os.ReadFile(ownKeyFile(dir)); return string(b) }
	before := key()
	rekey := func(want int, text string, args ...string) {
		t.Helper()
		code, out, errText := run(append([]string{"vault", "rekey", "--data", dir}, args...)...)
		if code != want || !strings.Contains(out+errText, text) {
			t.Errorf("vault rekey %v: exit %d, %s%s", args, code, out, errText)
		}
	}
	rekey(exitOK, "2 values are sealed with the key in "+ownKeyFile(dir)+": nothing is left to do")
	if key() == before {
		t.Error("the key is the old one")
	}
	th.stop()
	th = startHub(t, dir, nil)
	if got, err := th.vault.of(lane, "main").Load("token"); string(got) != "secret" || err != nil {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	th.stop()
	rekey(exitOK, "give that key to the server", "--new-key-file", file)
	rekey(exitConfig, "does not open with this key")
	rekey(exitUsage, "name the new one", "--key-file", file)
	th = startHub(t, dir, func(o *hubOptions) { o.config.VaultKeyFile = file })
	if got, err := th.vault.of(lane, "main").Load("token"); string(got) != "secret" || err != nil {
		t.Errorf("with a key of the operator's: %q, %v", got, err)
	}
}

// No secret of a sender stands in the data directory, in a backup of it or in
// the log; and a backup does not hold the key.
func TestNoSecretOnDisk(t *testing.T) {
	dir, backup := t.TempDir(), filepath.Join(t.TempDir(), "backup")
	secrets := []string{"canary-auth-token-of-twilio", "canary-refresh-token-of-zalo"}
	th := startHub(t, dir, func(o *hubOptions) {
		spec, _ := specNamed(o.specs, "sms")
		v := channel.Sandbox(spec.Settings)
		v["baseURL"], v["authToken"] = "http://127.0.0.1:1/sms", secrets[0]
		o.config.Senders = []config.Sender{{Channel: "sms", Name: "main", Settings: v}}
	})
	if err := th.vault.of(message.Lane{Channel: "zalo"}, "main").Save("token", []byte(secrets[1])); err != nil {
		t.Fatal(err)
	}
	mustAdminister[workspaceView](t, dir, "workspaces.create", newWorkspace{Name: "acme", Tier: "pro"})
	key := mustAdminister[createdKey](t, dir, "keys.create", newKey{Workspace: "acme", Scopes: sendScopes()})
	sendTo(t, th.URL(), key.Key, `{"to": "+14155550100", "channel": "sms", "content": "canary content"}`)
	mustAdminister[[]senderView](t, dir, "channels.test", whichSenders{})
	mustAdminister[backupView](t, dir, "backup", backupTo{backup})
	th.stop()
	secrets = append(secrets, key.Key)
	found := 0
	for _, root := range []string{dir, backup} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if bytes.Contains(b, []byte("canary content")) {
				found++
			}
			for _, secret := range secrets {
				if bytes.Contains(b, []byte(secret)) {
					t.Errorf("%s holds %s", path, secret)
				}
			}
			if root == backup && d.Name() == vaultFile {
				t.Error("the backup holds the vault's key")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 2 {
		t.Errorf("the content was found %d times: the search proves nothing", found)
	}
	for _, secret := range secrets {
		if strings.Contains(th.log.String(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
}
