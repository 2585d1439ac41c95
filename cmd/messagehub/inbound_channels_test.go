package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/all"
	"messagehub/actors/channel/sim"
	"messagehub/cmd/messagehub/config"
	"messagehub/store/message"
)

// inboundWay is a way on which recipients write to the relay.
type inboundWay struct {
	channel, name, from string
	settings            channel.Values
}

// inboundWays are all of them.
func inboundWays() []inboundWay {
	kannel := channel.Values{"provider": "http", "preset": "kannel", "username": "relay", "fromNumber": "12345", "receiptSecret": "sandbox-receipt-token"}
	own := channel.Values{
		"provider": "http", "path": "/v1/messages", "auth": "bearer", "fromNumber": "MyCompany", "json": `{"messages": [{"recipient": "{to}", "sender": "{from}", "body": "{text}", "reference": "{message_id}"}]}`,
		"successStatuses": "201", "id": "/results/0/messageId", "receiptFormat": "messagehub", "receiptAuth": "webhook",
	}
	return []inboundWay{
		{"whatsapp", "main", "+14155550101", nil},
		{"telegram", "main", "123456789", nil},
		{"line", "main", "U0123456789abcdef0123456789abcdef", nil},
		{"viber", "infobip", "+14155550102", nil},
		{"viber", "bot", "01234567890A=", channel.Values{"provider": "bot"}},
		{"zalo", "main", "2512523625412515", nil},
		{"sms", "twilio", "+14155550103", nil},
		{"sms", "smpp", "+14155550104", channel.Values{"provider": "smpp"}},
		{"sms", "kannel", "+14155550105", kannel},
		{"sms", "own", "+14155550106", own},
		{"sms", "infobip", "+14155550107", channel.Values{"provider": "http", "preset": "infobip", "fromNumber": "InfoSMS", "receiptSecret": "sandbox-receipt-token"}},
	}
}

// outside are simulated providers on a port, for a Hub with live senders.
type outside struct {
	world *sim.World
	mux   *sim.Mux
}

// repeater passes each callback on twice, as providers do at times.
type repeater struct{ to atomic.Pointer[string] }

// ServeHTTP implements [http.Handler].
func (p *repeater) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	for range 2 {
		out, _ := http.NewRequest(r.Method, *p.to.Load()+r.URL.RequestURI(), bytes.NewReader(body))
		out.Header = r.Header.Clone()
		answer, err := http.DefaultClient.Do(out)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			w.WriteHeader(answer.StatusCode)
			return
		}
	}
}

// startOutside starts them, and a Hub that has them for its live senders.
// Callbacks come twice.
func startOutside(t *testing.T, ways []inboundWay, adjust func(*config.Config)) (*testHub, *outside) {
	t.Helper()
	o := &outside{world: sim.NewWorld(sim.Options{})}
	t.Cleanup(o.world.Close)
	o.mux = sim.NewMux(o.world)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := simServer(o.mux)
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	t.Cleanup(func() { _ = server.Shutdown(); <-served })
	smsc, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var senders []config.Sender
	for _, w := range ways {
		spec, _ := specNamed(all.Specs(), w.channel)
		v := channel.Sandbox(spec.Settings)
		for name, value := range w.settings {
			v[name] = value
		}
		v["baseURL"], v["smscAddress"] = "http://"+ln.Addr().String()+"/"+w.channel+"/"+w.name, smsc.Addr().String()
		if w.channel != "sms" {
			delete(v, "smscAddress")
		}
		if v, err = channel.Complete(spec.Settings, v); err != nil {
			t.Fatal(w.name, err)
		}
		senders = append(senders, config.Sender{Channel: w.channel, Name: w.name, Settings: v})
	}
	twice := &repeater{}
	front := httptest.NewServer(twice)
	t.Cleanup(front.Close)
	th := startHub(t, t.TempDir(), func(h *hubOptions) {
		h.config.Senders, h.config.PublicURL = senders, front.URL
		adjust(h.config)
	})
	twice.to.Store(new(th.URL()))
	for _, s := range senders {
		spec, _ := specNamed(all.Specs(), s.Channel)
		p := spec.Simulator(o.world, channel.Sender{Name: s.Name, Settings: s.Settings, CallbackURL: callbackURL(front.URL, s.Channel, s.Name)})
		o.mux.Add("/"+s.Channel+"/"+s.Name, p)
		o.mux.Name(s.Channel+"/"+s.Name, p)
		if p, ok := p.(sim.Streamer); ok {
			o.world.Listen(smsc, p)
		}
	}
	return th, o
}

// writes has a user write, and waits until the relay has it.
func (o *outside) writes(t *testing.T, w inboundWay, kind, text string) {
	t.Helper()
	if err := o.mux.Write(w.channel+"/"+w.name, sim.Written{From: w.from, Kind: kind, Text: text}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := o.world.Settle(ctx); err != nil {
		t.Fatal(err)
	}
}

// On every way on which recipients write, STOP opts out and START in again.
// What they write comes twice over HTTP, and is kept once.
func TestStopOnEveryChannel(t *testing.T) {
	ways := inboundWays()
	th, o := startOutside(t, ways, func(c *config.Config) {
		for _, spec := range all.Specs() {
			c.Inbound.Keywords = append(c.Inbound.Keywords, spec.Name)
		}
	})
	owner := message.Owner{Workspace: 1}
	for _, w := range ways {
		t.Run(w.channel+" "+w.name, func(t *testing.T) {
			c, err := th.store.ChangeContact(message.ContactPut{Owner: owner, At: now(), Change: message.ContactChange{
				Identities: []message.Identity{{Channel: w.channel, Address: w.from}},
			}})
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range []struct {
				kind, text string
				out        bool
			}{{"text", "Where is it?", false}, {"text", "Stop", true}, {"text", "START", false}} {
				o.writes(t, w, row.kind, row.text)
				got, err := th.store.Contact(owner, c.ID)
				if err != nil || slices.Contains(got.OptOut, w.channel) != row.out {
					t.Errorf("after %s: opted out of %v, %v", row.text, got.OptOut, err)
				}
				page, _, err := th.store.Inbounds(owner, 0, 1)
				if err != nil || len(page) != 1 || page[0].Text != row.text || page[0].From != w.from || page[0].Channel != w.channel || page[0].Sender != w.name {
					t.Errorf("%+v, %v", page, err)
				}
			}
		})
	}
	if page, _, err := th.store.Inbounds(owner, 0, 200); err != nil || len(page) != 3*len(ways) {
		t.Errorf("%d messages are kept, %v", len(page), err)
	}
}

// Who leaves an account at the provider has opted out, until he comes back.
func TestLeavingIsAnOptOut(t *testing.T) {
	var ways []inboundWay
	for _, w := range inboundWays() {
		if w.name == "bot" || slices.Contains([]string{"telegram", "line", "zalo"}, w.channel) {
			ways = append(ways, w)
		}
	}
	th, o := startOutside(t, ways, func(*config.Config) {})
	owner := message.Owner{Workspace: 1}
	for _, w := range ways {
		c, err := th.store.ChangeContact(message.ContactPut{Owner: owner, At: now(), Change: message.ContactChange{
			Identities: []message.Identity{{Channel: w.channel, Address: w.from}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		o.writes(t, w, sim.WritesOut, "")
		if got, err := th.store.Contact(owner, c.ID); err != nil || !slices.Contains(got.OptOut, w.channel) {
			t.Errorf("%s after leaving: %v, %v", w.channel, got.OptOut, err)
		}
		o.writes(t, w, sim.WritesIn, "")
		if got, err := th.store.Contact(owner, c.ID); err != nil || len(got.OptOut) > 0 {
			t.Errorf("%s after coming back: %v, %v", w.channel, got.OptOut, err)
		}
	}
}

// A test key has users write in the sandbox, and sees it as an event; what is
// wrong is named.
func TestSandboxUsersWrite(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	write := func(body string) answered {
		return request(t, "POST", th.URL()+"/api/v1/messages/received", th.key, body)
	}
	live := mustAdminister[createdKey](t, dir, "keys.create", newKey{Workspace: "demo", Scopes: sendScopes()}).Key
	if a := request(t, "POST", th.URL()+"/api/v1/messages/received", live, `{"channel": "sms", "from": "+14155550100", "text": "x"}`); a.status != 400 || a.code(t) != "sandbox_only" {
		t.Errorf("with a live key: %d %s", a.status, a.body)
	}
	for _, w := range inboundWays() {
		if w.name == "bot" || w.channel == "sms" && w.name != "twilio" {
			continue // the sandbox has one sender of each channel
		}
		var end struct{ Page struct{ Next string } }
		latest := request(t, "GET", th.URL()+"/api/v1/events?after=latest", th.key, "")
		if err := json.Unmarshal([]byte(latest.body), &end); err != nil {
			t.Fatal(err)
		}
		body := `{"channel": "` + w.channel + `", "from": "` + w.from + `", "text": "Hello from ` + w.channel + `"}`
		if a := write(body); a.status != 202 || !strings.Contains(a.body, `"sender":"sandbox"`) {
			t.Fatalf("%d %s", a.status, a.body)
		}
		feed := request(t, "GET", th.URL()+"/api/v1/events?type=message.received&wait=10&after="+end.Page.Next, th.key, "")
		if !strings.Contains(feed.body, `"from":"`+w.from+`","kind":"text","text":"Hello from `+w.channel+`"`) {
			t.Errorf("%s: %s", w.channel, feed.body)
		}
	}
	for body, want := range map[string]string{
		`{}`: "channel is missing", `{"channel": "fax", "from": "1", "text": "x"}`: "channel must be", `{"channel": "sms", "text": "x"}`: "from is missing",
		`{"channel": "sms", "from": "Kim", "text": "x"}`: "from must be", `{"channel": "sms", "from": "+14155550100"}`: "text is missing",
		`{"channel": "sms", "from": "+14155550100", "kind": "image"}`: "mediaUrl is missing", `{"channel": "sms", "from": "+14155550100", "kind": "fax"}`: "kind must be",
		`{"channel": "sms", "sender": "x", "from": "+14155550100", "text": "x"}`: "sender must be sandbox", `{"channel": "sms", "from": "+14155550100", "kind": "opt_out"}`: "Twilio brings no message of the kind",
		`{"channel": "kakao", "from": "+14155550100", "text": "x"}`: "the provider brings no messages of users", `{"channel": "sms", "fron": "x"}`: "did you mean",
	} {
		if a := write(body); a.status != 400 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
	if _, err := th.store.PutWorkspace(message.Workspace{Name: "other", PerMinute: 60}); err != nil {
		t.Fatal(err)
	}
	if a := write(`{"channel": "sms", "from": "+14155550100", "text": "x"}`); a.status != http.StatusBadRequest || !strings.Contains(a.body, "another workspace") {
		t.Errorf("of several workspaces: %d %s", a.status, a.body)
	}
}
