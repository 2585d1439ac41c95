package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"messagehub/actors/channel/all"
	"messagehub/cmd/messagehub/config"
	"messagehub/store"
	"messagehub/store/message"
)

// patience is how long a test waits for an event that must come.
const patience = 2 * time.Minute

// testHub is a real Hub on real sockets, with the demo's workspace and key.
type testHub struct {
	*Hub
	t      testing.TB
	key    string
	log    *bytes.Buffer // to be read after stop
	cancel context.CancelFunc
	ended  chan error

	mu     sync.Mutex
	events map[string][]string // types by message
	wake   chan struct{}       // closed and replaced with every event
}

// startHub starts a Hub on dir. adjust may change its options first.
func startHub(t testing.TB, dir string, adjust func(*hubOptions)) *testHub {
	t.Helper()
	th := &testHub{t: t, log: &bytes.Buffer{}, ended: make(chan error, 1), events: map[string][]string{}, wake: make(chan struct{})}
	c := config.Default()
	c.Listen, c.Ops, c.Data, c.Store.LowWater = "127.0.0.1:0", "127.0.0.1:0", dir, -1
	o := hubOptions{config: c, specs: all.Specs(), log: newLogging(th.log, c.Log), observed: th.note}
	o.prepare = func(st *store.Store) (err error) {
		th.key, err = prepareDemo(st, dir, 1_000_000)
		return err
	}
	if adjust != nil {
		adjust(&o)
	}
	h, err := newHub(o)
	if err != nil {
		o.log.Close()
		t.Fatal(err)
	}
	th.Hub = h
	ctx, cancel := context.WithCancel(context.Background())
	th.cancel = cancel
	up := make(chan struct{})
	go func() { th.ended <- h.Run(ctx, func() error { close(up); return nil }) }()
	<-up
	t.Cleanup(th.stop)
	return th
}

// stop ends the Hub as SIGTERM does. It may be called twice.
func (th *testHub) stop() {
	if th.cancel == nil {
		return
	}
	th.cancel()
	th.cancel = nil
	select {
	case err := <-th.ended:
		if err != nil {
			th.t.Errorf("run: %v", err)
		}
	case <-time.After(patience):
		th.t.Error("the hub does not end")
	}
	if err := th.Close(); err != nil {
		th.t.Errorf("close: %v", err)
	}
	th.Hub.log.Close()
	http.DefaultClient.CloseIdleConnections()
}

func (th *testHub) note(e message.Event) {
	th.mu.Lock()
	defer th.mu.Unlock()
	id := e.Message.String()
	th.events[id] = append(th.events[id], e.Entry.Type.String())
	close(th.wake)
	th.wake = make(chan struct{})
}

// await waits for an event of a message.
func (th *testHub) await(id, event string) {
	th.t.Helper()
	timeout := time.After(patience)
	for {
		th.mu.Lock()
		events, wake := th.events[id], th.wake
		th.mu.Unlock()
		if strings.Contains(" "+strings.Join(events, " ")+" ", " "+event+" ") {
			return
		}
		select {
		case <-wake:
		case <-timeout:
			th.t.Fatalf("message %s had no %s, but %v", id, event, events)
		}
	}
}

// answered is an answer of the API.
type answered struct {
	status int
	header http.Header
	body   string
}

// data decodes the member data of the answer.
func (a answered) data(t testing.TB, into any) {
	t.Helper()
	var body struct{ Data json.RawMessage }
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	if err := json.Unmarshal(body.Data, into); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

// code returns the code of an error.
func (a answered) code(t testing.TB) string {
	t.Helper()
	var body struct{ Error struct{ Code string } }
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return body.Error.Code
}

// request makes one request; header is names and values in turn.
func request(t testing.TB, method, url, key, body string, header ...string) answered {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answered{resp.StatusCode, resp.Header, string(b)}
	c, err := theContract()
	if err != nil {
		t.Fatal(err)
	}
	c.check(t, method, url, a)
	return a
}

// send sends a message that must be accepted, and returns its id.
func (th *testHub) send(body string, header ...string) string {
	th.t.Helper()
	return sendTo(th.t, th.URL(), th.key, body, header...)
}

func sendTo(t testing.TB, api, key, body string, header ...string) string {
	t.Helper()
	a := request(t, "POST", api+"/api/v1/messages/send", key, body, header...)
	if a.status != 202 && a.status != 200 {
		t.Fatalf("send: %d %s", a.status, a.body)
	}
	var m struct{ MessageID string }
	a.data(t, &m)
	if !strings.HasPrefix(m.MessageID, "msg_") {
		t.Fatalf("no id in %s", a.body)
	}
	return m.MessageID
}

// gotMessage is a message as the status look-up shows it.
type gotMessage struct {
	ID, Status, Channel string
	Test, Late          bool
	Attempts            []struct {
		Channel, Status string
		Error           *struct{ Code, Class string }
	}
}

// path shows the attempts in one line: "whatsapp failed not_on_channel, sms
// delivered".
func (m *gotMessage) path() string {
	var parts []string
	for _, a := range m.Attempts {
		part := a.Channel + " " + a.Status
		if a.Error != nil {
			part += " " + a.Error.Code
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

func (th *testHub) look(id string) gotMessage {
	th.t.Helper()
	return lookAt(th.t, th.URL(), th.key, id)
}

func lookAt(t testing.TB, api, key, id string) gotMessage {
	t.Helper()
	a := request(t, "GET", api+"/api/v1/messages/"+id, key, "")
	if a.status != 200 {
		t.Fatalf("look up: %d %s", a.status, a.body)
	}
	var m gotMessage
	a.data(t, &m)
	return m
}
