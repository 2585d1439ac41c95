package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/all"
	"messagehub/actors/channel/sim"
	"messagehub/cmd/messagehub/config"
	"messagehub/store/message"
)

// Secrets of the sandbox are of one run, so nobody can forge its receipts, and
// the channels accept them.
func TestSandboxDrawsItsSecrets(t *testing.T) {
	for _, spec := range all.Specs() {
		first, second := sandboxSettings(spec.Settings, nil), sandboxSettings(spec.Settings, nil)
		if _, err := channel.Complete(spec.Settings, first); err != nil {
			t.Errorf("%s: %v", spec.Name, err)
		}
		drawn := 0
		for _, s := range spec.Settings {
			if s.Secret && s.Sandbox != "" && first[s.Name] != second[s.Name] && first[s.Name] != s.Sandbox {
				drawn++
			}
		}
		if drawn == 0 {
			t.Errorf("%s has no secret of its own", spec.Name)
		}
	}
}

// A test message may name the sender that the live one names.
func TestSandboxHasTheLiveSendersNames(t *testing.T) {
	live := []config.Sender{{Channel: "sms", Name: "main"}, {Channel: "sms", Name: "alerts"}}
	b := newSandbox(all.Specs())
	defer b.close()
	senders, err := b.senders(live)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, s := range senders {
		got[s.Channel] = append(got[s.Channel], s.Name)
		if !s.Test {
			t.Errorf("sender %s/%s is live", s.Channel, s.Name)
		}
	}
	want := map[string][]string{}
	for _, spec := range all.Specs() {
		want[spec.Name] = []string{"sandbox"}
	}
	want["sms"] = []string{"main", "alerts"}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("senders %v, want %v", got, want)
	}
}

func TestNamedSenderWorksInTheSandbox(t *testing.T) {
	th := startHub(t, t.TempDir(), func(o *hubOptions) {
		spec, _ := specNamed(o.specs, "sms")
		v := channel.Sandbox(spec.Settings)
		v["baseURL"] = "http://127.0.0.1:1/sms" // never asked: the key is a test key
		o.config.Senders = []config.Sender{{Channel: "sms", Name: "main", Settings: v}, {Channel: "sms", Name: "alerts", Settings: v}}
	})
	th.await(th.send(`{"to": "+14155550100", "channel": "sms", "from": "alerts", "content": "Hello"}`), "message.delivered")
	if a := request(t, "POST", th.URL()+"/api/v1/messages/send", th.key, `{"to": "+14155550100", "channel": "sms", "from": "nobody", "content": "Hello"}`); a.status != 400 {
		t.Errorf("unknown sender: %d %s", a.status, a.body)
	}
}

func TestDemoKeyIsReplacedWhenItIsNoLongerGood(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, demoKeyFile)
	th := startHub(t, dir, nil)
	first := th.key
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("key file: %v, %v", info, err)
	}
	keys := mustAdminister[[]keyView](t, dir, "keys.list", whichKeys{})
	mustAdminister[keyView](t, dir, "keys.revoke", whichKey{keys[0].ID})
	th.stop()
	th = startHub(t, dir, nil)
	second := th.key
	th.send(`{"to": "+14155550100", "channel": "sms", "content": "Hello"}`)
	th.stop()
	if second == first {
		t.Error("a revoked key was handed out again")
	}
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	th = startHub(t, dir, nil)
	if _, err := message.ParseKeyForm([]byte(th.key)); err != nil || th.key == second {
		t.Errorf("from a damaged file: %q, %v", th.key, err)
	}
	th.send(`{"to": "+14155550100", "channel": "sms", "content": "Hello"}`)
}

// A key that was written down just before a crash, but not stored, counts.
func TestDemoKeyWrittenBeforeACrashIsKept(t *testing.T) {
	dir := t.TempDir()
	secret, _ := message.NewKey(true)
	if err := os.WriteFile(filepath.Join(dir, demoKeyFile), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	th := startHub(t, dir, nil)
	if th.key != secret {
		t.Error("the key was replaced")
	}
	th.send(`{"to": "+14155550100", "channel": "sms", "content": "Hello"}`)
}

// The simulated sender of one with a bind has a bind, too: to an SMSC in the
// process.
func TestSandboxOfASenderWithABind(t *testing.T) {
	th := startHub(t, t.TempDir(), func(o *hubOptions) {
		spec, _ := specNamed(o.specs, "sms")
		v := channel.Sandbox(spec.Settings)
		v["provider"], v["smscAddress"] = "smpp", "127.0.0.1:1" // refuses the live one
		o.config.Senders = []config.Sender{{Channel: "sms", Name: "operator", Settings: v}}
	})
	th.await(th.send(`{"to": "+14155550100", "channel": "sms", "content": "Hello"}`), "message.delivered")
	th.await(th.send(`{"to": "sim:failed", "channel": "sms", "content": "Hello"}`), "message.failed")
	// It follows the live one to another wire, and stays where nothing asks for another.
	for _, provider := range []string{"twilio", "smpp", "smpp"} {
		c, v, was := *th.config, maps.Clone(th.config.Senders[0].Settings), th.simulated("sms/operator")
		v["provider"] = provider
		c.Senders = []config.Sender{{Channel: "sms", Name: "operator", Settings: v}}
		th.reload(func() (*config.Config, error) { return &c, nil })
		is := th.simulated("sms/operator")
		if is.Text("provider") != provider || maps.Equal(was, is) != (was.Text("provider") == provider) {
			t.Errorf("%s: %v has become %v", provider, was, is)
		}
		th.await(th.send(`{"to": "+14155550100", "channel": "sms", "content": "Hello"}`), "message.delivered")
	}
}

// simulated returns the settings of a simulated sender.
// Receipts that wait for their time when the process is asked to stop come before
// it has: the simulated provider ends with it.
func TestReceiptsOfTheSandboxComeBeforeAStop(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	th.sandbox.world.SetKnobs(sim.Knobs{ReceiptDelay: time.Hour})
	id := th.send(`{"to": "+14155550100", "channel": "sms", "content": "Hello"}`)
	th.await(id, "message.sent")
	th.stop()
	th = startHub(t, dir, nil)
	if m := th.look(id); m.Status != "delivered" {
		t.Errorf("after a stop it is %s", m.Status)
	}
}

func (th *testHub) simulated(name string) channel.Values { return th.sandbox.made[name].Settings }
