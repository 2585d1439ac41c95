package main

import (
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"sync/atomic"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/all"
	"messagehub/actors/channel/sim"
	"messagehub/cmd/messagehub/config"
)

// Each gateway of the page sms-http takes what a sender sends with the page's
// own settings, and its receipts are taken in turn.
func TestGatewaysOfThePageWork(t *testing.T) {
	b, err := os.ReadFile("../../relay/docs/pages/sms-http.md")
	if err != nil {
		t.Fatal(err)
	}
	loader := config.Loader{Specs: all.Specs(), Env: func(string) (string, bool) { return "whsec_c2FuZGJveC1yZWNlaXB0LXNlY3JldA==", true }}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(b, -1) {
		c, err := loader.Parse("sms-http.md", append([]byte("data: /srv/messages\n"), block[1]...))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		var ledger *sim.Ledger
		var relay atomic.Pointer[url.URL]
		front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(relay.Load()) }})
		t.Cleanup(front.Close)
		th := startHub(t, dir, func(o *hubOptions) {
			o.config.PublicURL = front.URL
			ledger = simulate(t, o, c.Senders[0])
		})
		at, _ := url.Parse(th.URL())
		relay.Store(at)
		key := mustAdminister[createdKey](t, dir, "keys.create", newKey{Workspace: "demo", Scopes: sendScopes()}).Key
		id := sendTo(t, th.URL(), key, `{"to":"+14155550100","channel":"sms","content":"Order 1234 shipped €"}`)
		th.await(id, "message.delivered")
		if lines := ledger.Lines(0); len(lines) != 1 || lines[0].Text != "Order 1234 shipped €" {
			t.Errorf("%+v", lines)
		}
		th.stop()
	}
}

// simulate runs the provider of a sender, and a hub with that sender alone.
func simulate(t *testing.T, o *hubOptions, s config.Sender) *sim.Ledger {
	t.Helper()
	spec, _ := specNamed(o.specs, s.Channel)
	world := sim.NewWorld(sim.Options{})
	t.Cleanup(world.Close)
	mux := sim.NewMux(world)
	provider, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := simServer(mux)
	served := make(chan error, 1)
	go func() { served <- server.Serve(provider) }()
	t.Cleanup(func() { _ = server.Shutdown(); _ = provider.Close(); <-served })
	s.Settings["baseURL"] = "http://" + provider.Addr().String() + "/gateway"
	mux.Add("/gateway", spec.Simulator(world, channel.Sender{Name: s.Name, Settings: s.Settings}))
	o.config.Senders = []config.Sender{s}
	return world.Ledger
}
