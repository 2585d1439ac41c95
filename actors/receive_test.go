package actors

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// signed is an adapter whose callbacks are signed with its secret, and whose
// handshakes name it.
type signed struct {
	header, secret string
}

func (signed) Send(context.Context, *channel.Request) (channel.Acceptance, error) {
	return channel.Acceptance{}, nil
}

func (s signed) Receipts(cb *message.Callback) ([]message.Receipt, message.Reply, error) {
	if cb.Method == http.MethodGet {
		if !strings.Contains(cb.Query, s.secret) {
			return nil, message.Reply{}, message.ErrUnsigned
		}
		return nil, message.Reply{Body: []byte("welcome " + s.secret)}, nil
	}
	if cb.Header(s.header) != s.secret {
		return nil, message.Reply{}, fmt.Errorf("check signature: %w", message.ErrUnsigned)
	}
	switch string(cb.Body) {
	case "bad":
		return nil, message.Reply{}, fmt.Errorf("read body: %w", message.ErrBadCallback)
	case "panic":
		panic("over " + string(cb.Body))
	}
	return []message.Receipt{{ProviderID: s.secret, Status: message.Delivered}}, message.Reply{}, nil
}

// receiving is a System with four signing senders, and one that has no receipts.
func receiving(t *testing.T, listener Listener) *System {
	t.Helper()
	signing := func(name string) channel.Spec {
		s := spec(name, nil)
		s.New = func(from channel.Sender) (channel.Adapter, error) {
			return signed{s.SignatureHeader, fmt.Sprint(name, "-", from.Name, "-", from.Test)}, nil
		}
		return s
	}
	specs := []channel.Spec{signing("whatsapp"), signing("line"), spec("sms", stub(accepting))}
	o := Options{Specs: specs, Senders: senders(specs...), Shards: 1, Listener: listener}
	o.Senders = append(o.Senders, Sender{Channel: "whatsapp", Sender: channel.Sender{Name: "second", HTTP: &channel.Client{}}})
	o.Log, o.Backlog = newMemory(newJournal(1)), newMemory(newJournal(1))
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func callback(method, body string, header ...string) *message.Callback {
	return &message.Callback{
		Method: method, Body: []byte(body),
		Header: func(name string) string {
			if len(header) == 2 && header[0] == name {
				return header[1]
			}
			return ""
		},
	}
}

func TestReceiveFindsTheSenderByItsSignature(t *testing.T) {
	s := receiving(t, Listener{})
	for _, c := range []struct {
		header, secret, channel string
		test                    bool
	}{
		{"X-whatsapp-Signature", "whatsapp-main-false", "whatsapp", false},
		{"X-whatsapp-Signature", "whatsapp-second-false", "whatsapp", false},
		{"X-whatsapp-Signature", "whatsapp-main-true", "whatsapp", true},
		{"X-line-Signature", "line-main-true", "line", true},
	} {
		got, _, err := s.Receive(callback(http.MethodPost, "", c.header, c.secret))
		if err != nil || len(got) != 1 || got[0].ProviderID != c.secret || got[0].Channel != c.channel || got[0].Test != c.test {
			t.Errorf("%s: %+v, %v", c.secret, got, err)
		}
	}
}

func TestReceiveRefusals(t *testing.T) {
	s := receiving(t, Listener{})
	named := func(channel, sender string, header ...string) *message.Callback {
		cb := callback(http.MethodPost, "", header...)
		cb.Channel, cb.Sender = channel, sender
		return cb
	}
	const header = "X-whatsapp-Signature"
	for _, c := range []struct {
		name string
		cb   *message.Callback
		want error
	}{
		{"no signature", callback(http.MethodPost, ""), message.ErrUnsigned},
		{"wrong signature", callback(http.MethodPost, "", header, "forged"), message.ErrUnsigned},
		{"another channel's secret", callback(http.MethodPost, "", header, "line-main-false"), message.ErrUnsigned},
		{"another channel's header", callback(http.MethodPost, "", "X-line-Signature", "whatsapp-main-false"), message.ErrUnsigned},
		{"unknown handshake", callback(http.MethodGet, ""), message.ErrUnsigned},
		{"unknown channel", named("pigeon", "main"), message.ErrUnknownSender},
		{"unknown sender", named("whatsapp", "third", header, "whatsapp-main-false"), message.ErrUnknownSender},
		{"sender without receipts", named("sms", "main"), message.ErrUnknownSender},
		{"no sender", named("", "main", header, "whatsapp-main-false"), message.ErrUnknownSender},
		{"the refusing sender", named("whatsapp", ""), message.ErrUnsigned},
		{"named, not signed", named("whatsapp", "main"), message.ErrUnsigned},
		{"named, signed by another", named("whatsapp", "main", header, "whatsapp-second-false"), message.ErrUnsigned},
		{"bad form", callback(http.MethodPost, "bad", header, "whatsapp-main-false"), message.ErrBadCallback},
	} {
		if got, _, err := s.Receive(c.cb); !errors.Is(err, c.want) || got != nil {
			t.Errorf("%s: %v, %v, want %v", c.name, got, err, c.want)
		}
	}
	got, _, err := s.Receive(named("whatsapp", "second", header, "whatsapp-second-false"))
	if err != nil || len(got) != 1 {
		t.Errorf("named and signed: %v, %v", got, err)
	}
}

func TestReceiveAnswersHandshakes(t *testing.T) {
	s := receiving(t, Listener{})
	cb := callback(http.MethodGet, "")
	cb.Query = "hub.verify_token=line-main-false"
	_, reply, err := s.Receive(cb)
	if err != nil || string(reply.Body) != "welcome line-main-false" {
		t.Errorf("%q, %v", reply.Body, err)
	}
}

func TestReceiveSurvivesAPanic(t *testing.T) {
	var told []Panic
	s := receiving(t, Listener{OnQuarantine: func(_ message.Lane, _ string, p Panic) { told = append(told, p) }})
	got, _, err := s.Receive(callback(http.MethodPost, "panic", "X-line-Signature", "line-main-false"))
	if !errors.Is(err, message.ErrBadCallback) || got != nil {
		t.Errorf("%v, %v", got, err)
	}
	if len(told) != 1 || told[0].Place == "" || !told[0].Message.IsZero() || strings.Contains(fmt.Sprint(told, err), "over") {
		t.Errorf("told %+v", told)
	}
}

// writing is a signed adapter whose provider brings what recipients write.
type writing struct{ signed }

func (writing) Inbound(cb *message.Callback) []message.Inbound {
	if string(cb.Body) == "odd" {
		panic("over a message")
	}
	return []message.Inbound{{ProviderID: "m1", From: "kim", Text: string(cb.Body), Channel: "forged"}}
}

// letters is an Inbox in memory.
type letters struct {
	got  []message.Inbound
	fail error
}

func (l *letters) Receive(all []message.Inbound) error {
	l.got = append(l.got, all...)
	return l.fail
}

func TestReceiveHandsOnWhatRecipientsWrite(t *testing.T) {
	inbox := &letters{}
	sp := spec("line", nil)
	sp.New = func(channel.Sender) (channel.Adapter, error) {
		return writing{signed{sp.SignatureHeader, "secret"}}, nil
	}
	quarantined := 0
	o := Options{
		Specs: []channel.Spec{sp}, Senders: senders(sp)[:1], Shards: 1, Inbox: inbox,
		Listener: Listener{OnQuarantine: func(message.Lane, string, Panic) { quarantined++ }},
	}
	o.Log, o.Backlog = newMemory(newJournal(1)), newMemory(newJournal(1))
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	receipts, _, err := s.Receive(callback("POST", "STOP", sp.SignatureHeader, "secret"))
	want := message.Inbound{ProviderID: "m1", From: "kim", Text: "STOP", Channel: "line", Sender: "main"}
	if err != nil || len(receipts) != 1 || len(inbox.got) != 1 || !reflect.DeepEqual(inbox.got[0], want) {
		t.Errorf("%+v, %+v, %v", receipts, inbox.got, err)
	}
	if _, _, err := s.Receive(callback("POST", "STOP", sp.SignatureHeader, "forged")); !errors.Is(err, message.ErrUnsigned) || len(inbox.got) != 1 {
		t.Errorf("an unsigned message was taken: %v", err)
	}
	if receipts, _, err := s.Receive(callback("POST", "odd", sp.SignatureHeader, "secret")); err != nil || len(receipts) != 1 || quarantined != 1 {
		t.Errorf("over odd bytes: %v, %v, %d panics", receipts, err, quarantined)
	}
	inbox.fail = message.ErrUnavailable
	if _, _, err := s.Receive(callback("POST", "STOP", sp.SignatureHeader, "secret")); !errors.Is(err, message.ErrUnavailable) {
		t.Errorf("a message that could not be kept: %v", err)
	}
}
