package main

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"messagehub/store/message"
)

// secret returns a setting of the sandbox's sender of a channel.
func (th *testHub) secret(channel, name string) string {
	th.t.Helper()
	for _, s := range th.sandbox.made {
		if s.Channel == channel && s.Settings[name] != "" {
			return s.Settings[name]
		}
	}
	th.t.Fatalf("%s has no %s", channel, name)
	return ""
}

// twilio posts what Twilio would, signed with the sandbox's token.
func (th *testHub) twilio(params url.Values) answered {
	th.t.Helper()
	address := th.URL() + "/api/v1/webhooks/delivery"
	text := address
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		text += name + params.Get(name)
	}
	mac := hmac.New(sha1.New, []byte(th.secret("sms", "authToken")))
	mac.Write([]byte(text))
	return request(th.t, "POST", address, "", params.Encode(), "Content-Type", "application/x-www-form-urlencoded",
		"X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// A recipient who writes STOP is not sent to any more, on that channel, until he
// writes START; what he writes is an event, and can be read.
func TestStopAndStart(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	n := 0
	says := func(text string) {
		t.Helper()
		n++
		sid := fmt.Sprintf("SM%032d", n)
		for range 2 { // Twilio may post it again
			if a := th.twilio(url.Values{"MessageSid": {sid}, "From": {"+15558675310"}, "To": {"+15005550006"}, "Body": {text}, "NumMedia": {"0"}}); a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
	}
	try := func(want string) {
		t.Helper()
		id := th.send(`{"to": "+15558675310", "channel": "sms", "content": "Hello", "fallback": {"channels": ["whatsapp"]}}`)
		th.await(id, "message.sent")
		if m := th.look(id); !strings.HasPrefix(m.path(), want) {
			t.Errorf("%s; want %s", m.path(), want)
		}
	}
	says("Where is my order?")
	try("sms ")
	says(" stop. ")
	try("sms skipped opted_out, whatsapp ")
	says("START")
	try("sms ")

	var page []struct{ ID, From, Text, Channel string }
	request(t, "GET", th.URL()+"/api/v1/messages/received?limit=2", th.key, "").data(t, &page)
	if len(page) != 2 || page[0].Text != "START" || page[1].Text != " stop. " || page[0].From != "+15558675310" {
		t.Errorf("%+v", page)
	}
	var one struct{ Text string }
	if request(t, "GET", th.URL()+"/api/v1/messages/received/"+page[0].ID, th.key, "").data(t, &one); one.Text != "START" {
		t.Errorf("%+v", one)
	}
	for path, want := range map[string]int{"/inb_00000000000000000000000000": 404, "?limit=0": 400, "?x=1": 400} {
		if a := request(t, "GET", th.URL()+"/api/v1/messages/received"+path, th.key, ""); a.status != want {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	events, err := th.store.Events(1, 0, 1000)
	received := slices.DeleteFunc(events, func(e message.Event) bool { return e.Entry.Type != message.MessageReceived })
	if err != nil || len(received) != 3 || received[2].Object != page[0].ID {
		t.Errorf("%+v, %v", received, err)
	}
	if a := request(t, "POST", th.URL()+"/api/v1/webhooks/delivery/telegram/sandbox", "", `{"update_id":1,"message":{"message_id":5,"date":1750000001,"chat":{"id":123},"text":"hi"}}`,
		"X-Telegram-Bot-Api-Secret-Token", th.secret("telegram", "webhookSecret")); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if request(t, "GET", th.URL()+"/api/v1/messages/received?limit=1", th.key, "").data(t, &page); page[0].Text != "hi" || page[0].Channel != "telegram" {
		t.Errorf("%+v", page)
	}
}

// What belongs to no workspace is dropped, but whoever has had enough has had
// enough of everybody.
func TestInboundOfSeveralWorkspaces(t *testing.T) {
	th := startHub(t, t.TempDir(), nil)
	w, err := th.store.PutWorkspace(message.Workspace{Name: "other", PerMinute: 60})
	if err != nil {
		t.Fatal(err)
	}
	b := newInbox(th.store, th.config.Inbound, th.Hub.log.Logger)
	if err := b.Receive([]message.Inbound{{Channel: "sms", Test: true, Sender: "sandbox", ProviderID: "SM1", From: "+15558675310", Text: "Stop"}}); err != nil {
		t.Fatal(err)
	}
	for _, ws := range []message.WorkspaceID{1, w.ID} {
		owner := message.Owner{Workspace: ws, Test: true}
		c, err := th.store.ChangeContact(message.ContactPut{Owner: owner, At: now(), Change: message.ContactChange{
			Identities: []message.Identity{{Channel: "sms", Address: "+15558675310"}},
		}})
		if err != nil || !slices.Equal(c.OptOut, []string{"sms"}) {
			t.Errorf("workspace %d: %v, %v", ws, c.OptOut, err)
		}
		if page, _, err := th.store.Inbounds(owner, 0, 10); err != nil || len(page) > 0 {
			t.Errorf("workspace %d got %+v, %v", ws, page, err)
		}
	}
	b.to.Workspace = "other"
	if err := b.Receive([]message.Inbound{{Channel: "sms", Test: true, Sender: "sandbox", ProviderID: "SM2", From: "+15558675310", Text: "hello"}}); err != nil {
		t.Fatal(err)
	}
	if page, _, err := th.store.Inbounds(message.Owner{Workspace: w.ID, Test: true}, 0, 10); err != nil || len(page) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
}
