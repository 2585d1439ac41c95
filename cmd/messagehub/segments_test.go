package main

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/cmd/messagehub/config"
)

// smsSenders are live senders at simulated providers: Twilio, the default, and
// two gateways with encodings of their own.
func smsSenders(t *testing.T, o *hubOptions) {
	t.Helper()
	spec, _ := specNamed(o.specs, "sms")
	world := sim.NewWorld(sim.Options{})
	t.Cleanup(world.Close)
	mux := sim.NewMux(world)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := simServer(mux)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() { _ = server.Shutdown(); _ = l.Close(); <-served })
	gateway := channel.Values{
		"provider": "http", "path": "/send", "auth": "basic", "username": "relay", "toFormat": "digits", "id": `^ID: (\w+)$`,
		"form":      `{"msisdn":"{to}","source":"{from}","message":"{text}","reference":"{message_id}","charset":"{encoding}"}`,
		"encodings": `{"GSM-7":"7bit","UCS-2":"16bit"}`,
	}
	for _, s := range []struct {
		name  string
		given []channel.Values
	}{
		{"main", []channel.Values{{}}},
		{"turkish", []channel.Values{gateway, {"nationalLanguages": "turkish"}}},
		{"smart", []channel.Values{gateway, {"smartEncoding": "true"}}},
	} {
		v := channel.Sandbox(spec.Settings)
		for _, given := range append(s.given, channel.Values{"baseURL": "http://" + l.Addr().String() + "/" + s.name}) {
			for name, value := range given {
				v[name] = value
			}
		}
		mux.Add("/"+s.name, spec.Simulator(world, channel.Sender{Name: s.name, Settings: v}))
		o.config.Senders = append(o.config.Senders, config.Sender{Channel: "sms", Name: s.name, Settings: v})
	}
}

// What an answer says a text costs is what the attempt did cost, at every
// sender, in a batch and after a fallback.
func TestSegmentsAreExact(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, func(o *hubOptions) { smsSenders(t, o) })
	key := mustAdminister[createdKey](t, dir, "keys.create", newKey{Workspace: "demo", Scopes: sendScopes()}).Key
	rows := []struct {
		from, text string
		segments   int
		encoding   string
	}{
		{"", strings.Repeat("a", 160), 1, "GSM-7"},
		{"main", strings.Repeat("a", 161), 2, "GSM-7"},
		{"main", strings.Repeat("€", 81), 2, "GSM-7"},
		{"main", strings.Repeat("😀", 36), 2, "UCS-2"},
		{"main", strings.Repeat("ğ", 71), 2, "UCS-2"},
		{"turkish", strings.Repeat("ğ", 155), 1, "GSM-7"},
		{"turkish", strings.Repeat("ğ", 156), 2, "GSM-7"},
		{"turkish", strings.Repeat("“", 71), 2, "UCS-2"},
		{"smart", strings.Repeat("“", 160), 1, "GSM-7"},
		{"smart", strings.Repeat("…", 54), 2, "GSM-7"},
	}
	var batch []string
	for _, row := range rows {
		content, _ := json.Marshal(row.text)
		body := fmt.Sprintf(`{"to":"+14155550100","channel":"sms","from":%q,"content":%s}`, row.from, content)
		if row.from == "" {
			body = fmt.Sprintf(`{"to":"+14155550100","channel":"sms","content":%s}`, content)
		}
		var got struct {
			MessageID, Encoding string
			Segments            int
		}
		request(t, "POST", th.URL()+"/api/v1/messages/send", key, body).data(t, &got)
		if got.Segments != row.segments || got.Encoding != row.encoding {
			t.Errorf("%s %.8q: %d %s, want %d %s", row.from, row.text, got.Segments, got.Encoding, row.segments, row.encoding)
		}
		th.costs(key, got.MessageID, row.segments)
		batch = append(batch, body)
	}
	var answer struct{ Results []struct{ MessageID string } }
	request(t, "POST", th.URL()+"/api/v1/messages/batch", key, `{"messages":[`+strings.Join(batch, ",")+`]}`).data(t, &answer)
	for i, row := range rows {
		th.costs(key, answer.Results[i].MessageID, row.segments)
	}
	th.costs(th.key, th.send(fmt.Sprintf(`{"to":"sim:not_on_channel","channel":"whatsapp","content":%q,
		"fallback":{"channels":[{"channel":"sms","to":"+14155550100"}]}}`, strings.Repeat("a", 307))), 3)
}

// After a reload, a sender that has changed or is new counts by its own
// settings, also where it is the first.
func TestSegmentsFollowAReload(t *testing.T) {
	dir := t.TempDir()
	var senders []config.Sender
	var c config.Config
	th := startHub(t, dir, func(o *hubOptions) {
		smsSenders(t, o)
		c, senders = *o.config, o.config.Senders
		o.config.Senders = senders[:1:1]
	})
	key := mustAdminister[createdKey](t, dir, "keys.create", newKey{Workspace: "demo", Scopes: sendScopes()}).Key
	count := func(from, text string, want int) {
		t.Helper()
		var got struct{ Segments int }
		request(t, "POST", th.URL()+"/api/v1/messages/send?dryRun=true", key,
			fmt.Sprintf(`{"to":"+14155550100","channel":"sms"%s,"content":%q}`, from, text)).data(t, &got)
		if got.Segments != want {
			t.Errorf("%s %.8q: %d, want %d", from, text, got.Segments, want)
		}
	}
	turkish, main, smart := strings.Repeat("ğ", 155), `,"from":"main"`, `,"from":"smart"`
	count("", turkish, 3)
	count(main, turkish, 3)
	c.Senders = []config.Sender{{Channel: "sms", Name: "main", Settings: senders[1].Settings}, senders[2]}
	th.reload(func() (*config.Config, error) { return &c, nil })
	count("", turkish, 1)
	count(main, turkish, 1)
	count(smart, turkish, 3)
	count(smart, strings.Repeat("“", 160), 1)
}

// costs waits until a message is sent, and checks its last attempt.
func (th *testHub) costs(key, id string, segments int) {
	th.t.Helper()
	th.await(id, "message.sent")
	var m struct{ Attempts []struct{ Segments int } }
	request(th.t, "GET", th.URL()+"/api/v1/messages/"+id, key, "").data(th.t, &m)
	if n := len(m.Attempts); n == 0 || m.Attempts[n-1].Segments != segments {
		th.t.Errorf("%s: attempts %+v, want %d segments", id, m.Attempts, segments)
	}
}
