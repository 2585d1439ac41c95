package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"messagehub/actors"
	"messagehub/actors/channel"
	"messagehub/store/message"
)

// A pause holds messages, is in the audit log and outlives the process.
func TestPausedSenderOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	which := whichSenders{Channel: "sms", Sandbox: true}
	if got := mustAdminister[[]senderView](t, dir, "channels.pause", which); len(got) != 1 || got[0].State != "paused" || got[0].Sender != sandboxSender || !got[0].Sandbox {
		t.Errorf("paused %+v", got)
	}
	id := th.send(`{"to": "+14155550100", "channel": "sms", "content": "Hello"}`)
	th.await(th.send(`{"to": "+14155550100", "channel": "whatsapp", "content": "Hello"}`), "message.delivered")
	th.stop()
	th = startHub(t, dir, nil)
	for _, v := range mustAdminister[[]senderView](t, dir, "channels.list", whichSenders{Sandbox: true}) {
		want, pending := "ok", int64(0)
		if v.Channel == "sms" {
			want, pending = "paused", 1
		}
		if v.State != want || v.Pending != pending {
			t.Errorf("after the restart: %+v", v)
		}
	}
	mustAdminister[[]senderView](t, dir, "channels.resume", which)
	th.await(id, "message.delivered")
	th.stop()
	if log := th.log.String(); !strings.Contains(log, "sender is paused") {
		t.Errorf("the log does not say that a sender is paused:\n%s", log)
	}
	var did []string
	for _, l := range mustAdminister[[]auditView](t, dir, "audit.list", auditRange{Limit: 100}) {
		if strings.HasPrefix(l.Action, "channels.") {
			did = append(did, l.Action+" "+l.Object)
		}
	}
	if got := strings.Join(did, ", "); got != "channels.pause sms/test, channels.resume sms/test" {
		t.Errorf("audit log: %s", got)
	}
	if _, err := administer[[]senderView](dir, "channels.list", whichSenders{}); exitCode(err) != exitUnavailable {
		t.Errorf("without a server: %v", err)
	}
}

func TestChannelsTest(t *testing.T) {
	dir := t.TempDir()
	startHub(t, dir, nil)
	for _, v := range mustAdminister[[]senderView](t, dir, "channels.test", whichSenders{Sandbox: true}) {
		if v.Error != "" || (v.Account == "" && v.Untested == "") {
			t.Errorf("%+v", v)
		}
	}
	for args, want := range map[string]struct {
		code int
		text string
	}{
		"list":                       {exitOK, "no senders"},
		"list sms --sandbox":         {exitOK, "sms"},
		"test sms/sandbox":           {exitFailure, "there is no sender of sms, sender sandbox"},
		"test sms/sandbox --sandbox": {exitOK, "ok"},
		"pause":                      {exitUsage, "accepts 1 arg"},
		"pause /sandbox":             {exitUsage, "name a channel"},
		"pause pigeon --sandbox":     {exitFailure, "there is no sender of pigeon/test"},
	} {
		code, out, errText := run(append(append([]string{"channels"}, strings.Fields(args)...), "--data", dir)...)
		if code != want.code || !strings.Contains(out+errText, want.text) {
			t.Errorf("channels %s: exit %d, %s%s", args, code, out, errText)
		}
	}
}

// probing is a delivery of three senders that says of each what it is told to.
type probing struct {
	senders []actors.SenderState
	said    map[string]error
	mu      sync.Mutex
	paused  map[string]bool
}

func (p *probing) Senders() []actors.SenderState {
	return append([]actors.SenderState(nil), p.senders...)
}

func (p *probing) Pause(_ message.Lane, name string, paused bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused[name] = paused
	return nil
}

func (p *probing) Probe(_ context.Context, _ message.Lane, name string) (string, error) {
	return "Acme", p.said[name]
}

func officeOf(t *testing.T, d delivery) *office {
	s := vaultStore(t)
	return &office{store: s, now: now, delivery: d, pauses: &pauses{vault: mustOpenVault(t, s, 1)}}
}

func TestSenderViews(t *testing.T) {
	lane := message.Lane{Channel: "sms"}
	p := &probing{said: map[string]error{
		"refused": &channel.Error{Code: channel.BadCredentials, ProviderCode: "20003", ProviderMessage: "Authenticate\nnow"},
		"mute":    actors.ErrNoProbe, "odd": errors.New("odd"),
	}, senders: []actors.SenderState{
		{Lane: lane, Name: "fine", PerSecond: unbound, Limit: 4},
		{Lane: lane, Name: "refused", Breaker: actors.BreakerOpen, Trouble: &actors.Trouble{Code: channel.BadCredentials, Since: 1000}},
		{Lane: lane, Name: "mute", Breaker: actors.BreakerHalfOpen},
		{Lane: lane, Name: "odd", Waits: 1, PerSecond: 5, Paused: true},
	}}
	o := officeOf(t, p)
	got, err := o.testSenders("", whichSenders{Channel: "sms"})
	if err != nil || len(got) != 4 {
		t.Fatalf("%+v, %v", got, err)
	}
	want := []string{
		"fine ok   Acme||",
		"refused stopped bad_credentials 1970-01-01T00:00:01Z |bad_credentials: the provider refused the sender's credentials (20003 Authenticate now)|",
		"mute probing   ||the channel can't be asked without sending",
		"odd paused   |odd|",
	}
	for i, v := range got {
		if line := fmt.Sprintf("%s %s %s %s %s|%s|%s", v.Sender, v.State, v.Reason, v.Since, v.Account, v.Error, v.Untested); line != want[i] {
			t.Errorf("got  %s\nwant %s", line, want[i])
		}
	}
	if got[0].PerSecond != 0 || got[3].PerSecond != 5 {
		t.Errorf("paces %v and %v", got[0].PerSecond, got[3].PerSecond)
	}
	if err := failedSenders(got); exitCode(err) != exitFailure || !strings.HasPrefix(err.Error(), "2 of 4") {
		t.Errorf("%v", err)
	}
}

// Pauses at the same moment do not undo each other.
func TestPausesAtOnce(t *testing.T) {
	p := &probing{paused: map[string]bool{}}
	const n = 20
	for i := range n {
		p.senders = append(p.senders, actors.SenderState{Lane: message.Lane{Channel: "sms"}, Name: fmt.Sprint("s", i)})
	}
	o := officeOf(t, p)
	var work sync.WaitGroup
	for i := range n {
		work.Go(func() {
			if _, err := o.pauseSenders("", whichSenders{Channel: "sms", Sender: fmt.Sprint("s", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	if names, err := o.pauses.all(); err != nil || len(names) != n || len(p.paused) != n {
		t.Errorf("%d on disk, %d at work, %v", len(names), len(p.paused), err)
	}
}
