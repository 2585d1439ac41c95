package config

import (
	"errors"
	"flag"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"messagehub/actors/channel"

	"messagehub/store/message/mutate"
)

var update = flag.Bool("update", false, "write the golden files")

// loader has channels of the test's own and an environment of three variables.
func loader() Loader {
	return Loader{Specs: []channel.Spec{
		{
			Name: "whatsapp", Phone: true,
			Settings: []channel.Setting{
				{Name: "phoneNumberId", Required: true, Help: "the id of the business number"},
				{
					Name: "accessToken", Required: true, Secret: true, Sandbox: "sandbox-token", Help: "a system user's token",
					Check: func(s string) error {
						if s == "s3cret-refused" {
							return errors.New("is wrong: " + s)
						}
						return nil
					},
				},
				{Name: "maxInFlight", Kind: channel.KindInt, Default: "32", Help: "sends at once"},
				{Name: "baseURL", Kind: channel.KindURL, Default: "https://graph.facebook.com", Help: "where the provider is"},
			},
		},
		{Name: "sms"},
	}, Env: func(name string) (string, bool) {
		v, ok := map[string]string{"WHATSAPP_TOKEN": "s3cret-env", "REFUSED": "s3cret-refused", "EMPTY": ""}[name]
		return v, ok
	}}
}

func TestFaultsAreAllToldWithPlaceExcerptAndRemedy(t *testing.T) {
	files, err := filepath.Glob("testdata/faults/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := loader().Load(file)
			var faults *Faults
			if !errors.As(err, &faults) {
				t.Fatalf("got %v, want faults", err)
			}
			got := filepath.ToSlash(faults.Error()) + "\n"
			if strings.Contains(got, "s3cret") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWholeFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("s3cret-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	source := `
listen: ":8080"
ops: off
publicURL: https://messages.example.com/
trustedProxies: [10.0.0.0/8, "2001:db8::1"]
data: /srv/messages
sandbox: false
log: {level: warn, format: json, attempts: false}
store: {retention: 90d, unsettled: 180d, lowWater: 2GiB, cache: 16MiB}
proxyProtocol: true
delivery: {shards: 4, mailbox: 64, window: 32, drain: 3s, formerSecrets: 2h}
webhooks: {allow: [10.20.0.0/16, "fd00::/8"], http: true, timeout: 4s, disableAfter: 2d}
limits: {backlog: 5_000, body: 64KiB, connections: 100, inFlight: 50, read: 5s, write: 6s, idle: 1m, failuresPerMinute: 7}
tiers: {pro: 700, gold: 60_000}
inbound: {workspace: acme, keywords: [whatsapp]}
senders:
  whatsapp:
    - name: main
      phoneNumberId: 0106540352242922
      accessToken: {env: WHATSAPP_TOKEN}
      maxInFlight: 4
      weight: 3
      prefixes: [+49, "+1415"]
    - name: spare
      phoneNumberId: "1"
      accessToken: {file: token}
      baseURL: http://127.0.0.1:9999/whatsapp
      weight: 0
`
	got, err := loader().Parse(filepath.Join(dir, "messagehub.yaml"), []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Listen: ":8080", PublicURL: "https://messages.example.com", Data: "/srv/messages",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::1/128")},
		Log:            Log{Level: slog.LevelWarn, JSON: true},
		Store:          Store{Retention: 90 * 24 * time.Hour, Unsettled: 180 * 24 * time.Hour, LowWater: 2 << 30, Cache: 16 << 20},
		Delivery:       Delivery{Shards: 4, Mailbox: 64, Window: 32, Drain: 3 * time.Second, FormerSecrets: 2 * time.Hour},
		Webhooks: Webhooks{
			Allow: []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd00::/8")}, HTTP: true,
			Timeout: 4 * time.Second, DisableAfter: 48 * time.Hour,
		},
		Limits: Limits{
			Backlog: 5000, Body: 64 << 10, Connections: 100, InFlight: 50, Read: 5 * time.Second, Write: 6 * time.Second,
			Idle: time.Minute, FailuresPerMinute: 7,
		},
		ProxyProtocol: true,
		Tiers:         map[string]int{"free": 60, "pro": 700, "enterprise": 6000, "gold": 60_000},
		Inbound:       Inbound{Workspace: "acme", Keywords: []string{"whatsapp"}},
		Senders: []Sender{
			{
				"whatsapp", "main",
				channel.Values{"phoneNumberId": "0106540352242922", "accessToken": "s3cret-env", "baseURL": "https://graph.facebook.com", "maxInFlight": "4"},
				Share{Weight: 3, Prefixes: []uint64{49, 1415}},
			},
			{
				"whatsapp", "spare",
				channel.Values{"phoneNumberId": "1", "accessToken": "s3cret-file", "baseURL": "http://127.0.0.1:9999/whatsapp", "maxInFlight": "32"},
				Share{Standby: true},
			},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Error(diff)
	}
}

func TestEmptySectionsHaveDefaults(t *testing.T) {
	got, err := loader().Parse("x.yaml", []byte("data: /d\nlog:\nsenders:\n  whatsapp:\ntiers:\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Data = "/d"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSkipSecretsNeedsNoneOfThem(t *testing.T) {
	source := "data: /d\nsenders:\n  whatsapp:\n    - {name: a, phoneNumberId: 1, accessToken: {env: NOT_SET}}\n    - {name: b, phoneNumberId: 1, accessToken: {file: /nonexistent}}\n"
	l := loader()
	if _, err := l.Parse("x.yaml", []byte(source)); err == nil {
		t.Fatal("secrets that are not there were accepted")
	}
	l.SkipSecrets = true
	if _, err := l.Parse("x.yaml", []byte(source)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Parse("x.yaml", []byte(strings.Replace(source, "{env: NOT_SET}", "s3cret", 1))); err == nil {
		t.Fatal("a secret in plain text was accepted")
	}
}

func TestUnfitFilesAreNotParsed(t *testing.T) {
	for name, source := range map[string]string{
		"not UTF-8":    "data: \xff",
		"long line":    "data: " + strings.Repeat("x", maxLine),
		"deep":         strings.Repeat("[", maxOpen+1),
		"deep, spread": strings.Repeat("[\n", maxOpen+1),
		"many lines":   strings.Repeat("\n", maxLines),
	} {
		_, err := loader().Parse("x.yaml", []byte(source))
		var faults *Faults
		if !errors.As(err, &faults) || len(faults.List) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	big := filepath.Join(t.TempDir(), "big.yaml")
	if err := os.WriteFile(big, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := loader().Load(big); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("big file: %v", err)
	}
	if _, err := loader().Load(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"listen", "senders", "store", "ops"}
	for text, want := range map[string]string{
		"listne": "listen", "Listen": "listen", "sender": "senders", "stroe": "store", "opps": "ops",
		"completely": "", "": "", strings.Repeat("x", 100): "",
	} {
		if got := Nearest(text, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"30s": 30 * time.Second, "5m": 5 * time.Minute, "12h": 12 * time.Hour, "30d": 30 * 24 * time.Hour, "1h30m": 90 * time.Minute,
	} {
		if got := short(d); got != want {
			t.Errorf("short(%v) = %q, want %q", d, got, want)
		}
	}
}

// FuzzConfig: no file makes the loader panic, and what it says stays inside
// the file.
func FuzzConfig(f *testing.F) {
	var seeds [][]byte
	files, _ := filepath.Glob("testdata/faults/*.yaml")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, b)
	}
	seeds = append(seeds, []byte("a: &a [*a]\n? b\n: c\n<<: *a\n!!x y: z\n%YAML 1.2\n"))
	seeds = append(seeds, []byte("data: \"\\u0000\"\nsenders: {sms: [{name: |\n  x\n}]}"))
	l := loader()
	mutate.Bytes(f, seeds, func(t testing.TB, source []byte) {
		c, err := l.Parse("x.yaml", source)
		if (c == nil) == (err == nil) {
			t.Fatalf("config %v with error %v", c, err)
		}
		if err == nil {
			return
		}
		var faults *Faults
		if !errors.As(err, &faults) || len(faults.List) == 0 || faults.First() == "" {
			t.Fatalf("an error without faults: %v", err)
		}
		lines := strings.Count(string(source), "\n") + 1
		for _, fault := range faults.List {
			if fault.Line < 0 || fault.Line > lines+1 || (fault.Line > 0 && fault.Column < 1) {
				t.Fatalf("fault at %d:%d of %d lines", fault.Line, fault.Column, lines)
			}
			if strings.ContainsAny(fault.excerpt, "\x00\x1b\r\n") {
				t.Fatalf("excerpt %q is not printable", fault.excerpt)
			}
		}
		if again, err2 := l.Parse("x.yaml", source); again != nil || err2.Error() != err.Error() {
			t.Fatal("the same file gives other faults")
		}
	})
}
