package actors

import (
	"errors"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

func TestOptionsReportEveryFault(t *testing.T) {
	sms := spec("sms", stub(accepting))
	o := Options{
		Specs: []channel.Spec{sms, sms}, Mailbox: -1, Window: -1, Drain: -1,
		Senders: append(senders(sms, sms, spec("pigeon", nil)), Sender{Channel: "sms"}),
	}
	_, err := New(o)
	if err == nil {
		t.Fatal("it was made")
	}
	for _, want := range []string{
		"log is missing", "backlog is missing", "shards must", "mailbox must", "window must", "drain must",
		"channel sms is listed twice", "sender main of sms is listed twice", "sender main of sms/test is listed twice",
		"no channel pigeon", "a sender of sms has no name",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %q in %v", want, err)
		}
	}
}

func TestNewReportsASenderThatCannotBeMade(t *testing.T) {
	sms := spec("sms", nil)
	refused := errors.New("no account")
	sms.New = func(channel.Sender) (channel.Adapter, error) { return nil, refused }
	m := newMemory(newJournal(1))
	_, err := New(Options{Specs: []channel.Spec{sms}, Senders: senders(sms), Log: m, Backlog: m, Shards: 1})
	if !errors.Is(err, refused) || !strings.Contains(err.Error(), "make sender main of sms") {
		t.Errorf("got %v", err)
	}
}

func TestSendersPaceIsItsOwnWhereSet(t *testing.T) {
	of := channel.Pace{PerSecond: 80, Burst: 10, InFlight: 4, Timeout: time.Minute}
	own := Sender{Pace: channel.Pace{PerSecond: 5, Timeout: time.Second}}
	if got, want := own.paced(of), (channel.Pace{PerSecond: 5, Burst: 10, InFlight: 4, Timeout: time.Second}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := (&Sender{}).paced(channel.Pace{}); got.InFlight <= 0 || got.Timeout <= 0 {
		t.Errorf("without any pace sends are unbounded: %+v", got)
	}
}

func TestNewMakesTheClientsThatAreMissing(t *testing.T) {
	sms := spec("sms", nil)
	var given *channel.Client
	sms.New = func(s channel.Sender) (channel.Adapter, error) { given = s.HTTP; return stub(accepting), nil }
	m := newMemory(newJournal(1))
	s, err := New(Options{
		Specs: []channel.Spec{sms}, Senders: []Sender{{Channel: "sms", Sender: channel.Sender{Name: "main"}}},
		Log: m, Backlog: m, Shards: 1,
	})
	if err != nil || given == nil || s.lanes[message.Lane{Channel: "sms"}].at(1).engine.Load().client != given {
		t.Errorf("client %v, %v", given, err)
	}
}

func TestOfferToAnUnknownLaneIsLeftInTheLog(t *testing.T) {
	m := newMemory(newJournal(1))
	s, err := New(Options{Log: m, Backlog: m, Shards: 1})
	if err != nil {
		t.Fatal(err)
	}
	s.Offer(message.Lane{Channel: "pigeon"}, 0, message.Job{Position: 1})
}
