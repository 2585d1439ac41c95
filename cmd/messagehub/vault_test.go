package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

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
