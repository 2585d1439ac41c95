package actors

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// probed is an adapter that can be asked.
type probed struct {
	stub
	probe func(context.Context) (string, error)
}

// Probe implements channel.Prober.
func (p probed) Probe(ctx context.Context) (string, error) { return p.probe(ctx) }

func TestPauseHoldsAndOutlivesItsSends(t *testing.T) {
	slow := stub(func(context.Context, *channel.Request) (channel.Acceptance, error) {
		time.Sleep(time.Second)
		return channel.Acceptance{ProviderID: "id"}, nil
	})
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(2)), Options{Specs: []channel.Spec{spec("sms", slow)}})
		first := h.accept(text("a", "sms"))
		synctest.Wait()
		lane := message.Lane{Channel: "sms"}
		if err := h.system.Pause(lane, "main", true); err != nil {
			t.Fatal(err)
		}
		later := h.accept(text("b", "sms"))
		time.Sleep(time.Hour)
		synctest.Wait()
		wantStatuses(t, h.memory, first, message.Sent)
		wantStatuses(t, h.memory, later, message.Queued)
		if s := h.system.Senders(); len(s) != 2 || !s[0].Paused || s[1].Paused || s[0].Lane != lane || !s[1].Lane.Test {
			t.Errorf("senders %+v", s)
		}
		if err := h.system.Pause(lane, "main", false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		wantStatuses(t, h.memory, later, message.Sent)
		for _, name := range []string{"", "other"} {
			if err := h.system.Pause(lane, name, true); !errors.Is(err, ErrNoSender) {
				t.Errorf("pause %q: %v", name, err)
			}
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestTroubleLastsUntilASendSucceeds: a refusal of a recipient says nothing
// about the sender; the first of a row of like faults counts.
func TestTroubleLastsUntilASendSucceeds(t *testing.T) {
	o, p := &sender{}, policy{channel.Rules()}
	for i, row := range []struct {
		code channel.Code
		want *Trouble
	}{
		{channel.NotOnChannel, nil},
		{channel.ProviderError, &Trouble{channel.ProviderError, 2}},
		{channel.ProviderError, &Trouble{channel.ProviderError, 2}},
		{channel.NotOnChannel, &Trouble{channel.ProviderError, 2}},
		{channel.BadCredentials, &Trouble{channel.BadCredentials, 5}},
		{"", nil},
		{channel.RateLimited, &Trouble{channel.RateLimited, 7}},
	} {
		r := result{}
		if row.code != "" {
			r.err = &channel.Error{Code: row.code}
		}
		o.note(p, r, message.Time(i+1))
		if got := o.trouble.Load(); (got == nil) != (row.want == nil) || (got != nil && *got != *row.want) {
			t.Errorf("after %d %s: %+v, want %+v", i, row.code, got, row.want)
		}
	}
}

func TestProbe(t *testing.T) {
	refused := &channel.Error{Code: channel.BadCredentials}
	for _, row := range []struct {
		name    string
		adapter channel.Adapter
		sender  string
		account string
		err     error
	}{
		{"in order", probed{probe: func(context.Context) (string, error) { return "Acme", nil }}, "main", "Acme", nil},
		{"not in order", probed{probe: func(context.Context) (string, error) { return "", refused }}, "main", "", refused},
		{"can't be asked", stub(accepting), "main", "", ErrNoProbe},
		{"no such sender", stub(accepting), "other", "", ErrNoSender},
	} {
		m := newMemory(newJournal(1))
		sms := spec("sms", row.adapter)
		s, err := New(Options{Specs: []channel.Spec{sms}, Senders: senders(sms), Log: m, Backlog: m, Shards: 1})
		if err != nil {
			t.Fatal(err)
		}
		if account, err := s.Probe(t.Context(), message.Lane{Channel: "sms"}, row.sender); account != row.account || !errors.Is(err, row.err) {
			t.Errorf("%s: %q, %v", row.name, account, err)
		}
	}
}

func TestProbeThatPanicsIsQuarantined(t *testing.T) {
	m, told := newMemory(newJournal(1)), 0
	sms := spec("sms", probed{probe: func(context.Context) (string, error) { panic("foreign bytes") }})
	s, err := New(Options{
		Specs: []channel.Spec{sms}, Senders: senders(sms), Log: m, Backlog: m, Shards: 1,
		Listener: Listener{OnQuarantine: func(message.Lane, string, Panic) { told++ }},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Probe(t.Context(), message.Lane{Channel: "sms"}, "main")
	var known *channel.Error
	if !errors.As(err, &known) || known.Code != channel.Quarantined || told != 1 {
		t.Errorf("%v, told %d times", err, told)
	}
}

// TestPausedFromTheStart: the other sender takes over from the first message
// on. Until it has run, no shard has caught up.
func TestPausedFromTheStart(t *testing.T) {
	both := senders(spec("sms", nil))[:1]
	both = append(both, both[0])
	both[0].Paused, both[1].Name, both[1].Share.Standby = true, "other", true
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(newJournal(2))
		early := m.accept(text("a", "sms"))
		h := start(t, m, Options{Specs: []channel.Spec{spec("sms", stub(accepting))}, Senders: both})
		later := h.accept(text("b", "sms"))
		synctest.Wait()
		for _, id := range []message.ID{early, later} {
			if a := h.state(id).Attempts[0]; a.Status != message.Sent || a.Sender != "other" {
				t.Errorf("attempt %+v", a)
			}
		}
		if n, of := h.system.CatchingUp(); n != 0 || of != 4 {
			t.Errorf("%d of %d shards catch up", n, of)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
	s, err := New(Options{Log: newMemory(newJournal(1)), Backlog: newMemory(newJournal(1)), Shards: 3, Specs: []channel.Spec{spec("sms", nil)}})
	if err != nil {
		t.Fatal(err)
	}
	if n, of := s.CatchingUp(); n != 6 || of != 6 {
		t.Errorf("before Run: %d of %d shards catch up", n, of)
	}
}
