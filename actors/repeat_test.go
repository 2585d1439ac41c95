package actors

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// repeatable is an adapter whose provider knows an attempt for an hour.
type repeatable struct{ stub }

// RepeatFor implements channel.Repeater.
func (repeatable) RepeatFor(*message.Step) time.Duration { return time.Hour }

// TestUnknownOutcomeIsRepeated: where the provider drops what came twice, the
// same attempt is sent again, with the same Ref, until its outcome is known.
func TestUnknownOutcomeIsRepeated(t *testing.T) {
	var refs []string
	line := spec("line", repeatable{func(_ context.Context, r *channel.Request) (channel.Acceptance, error) {
		if refs = append(refs, r.Ref); len(refs) < 4 {
			return channel.Acceptance{}, &channel.Error{Code: channel.OutcomeUnknown}
		}
		return channel.Acceptance{ProviderID: "id"}, nil
	}})
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{line}})
		id := h.accept(text("a", "line"))
		time.Sleep(time.Minute)
		synctest.Wait()
		wantStatuses(t, h.memory, id, message.Sent)
		if len(refs) != 4 || refs[0] != refs[3] {
			t.Errorf("refs %v", refs)
		}
		if e := h.memory.state(id).Attempts[0].Error; e != nil {
			t.Errorf("an attempt that was accepted has the error %v", e)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestRepeatsEnd: after the last try the outcome is unknown, and the message's
// own policy decides.
func TestRepeatsEnd(t *testing.T) {
	var sends atomic.Int32
	line := spec("line", repeatable{func(context.Context, *channel.Request) (channel.Acceptance, error) {
		sends.Add(1)
		return channel.Acceptance{}, &channel.Error{Code: channel.OutcomeUnknown}
	}})
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{line, spec("sms", stub(accepting))}})
		o := text("a", "line", "sms")
		o.OnUnknown = message.Advance
		id := h.accept(o)
		time.Sleep(time.Hour)
		synctest.Wait()
		wantStatuses(t, h.memory, id, message.Unknown, message.Sent)
		if n := sends.Load(); n != retryTries {
			t.Errorf("%d sends, want %d", n, retryTries)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestRepeatWindow: nothing is sent again that the provider may have forgotten,
// nor after the message's own end.
func TestRepeatWindow(t *testing.T) {
	p := policy{channel.Rules()}
	unknown := result{err: &channel.Error{Code: channel.OutcomeUnknown}}
	rows := []struct {
		name    string
		started message.Time
		repeat  time.Duration
		expires time.Duration
		tries   int
		want    message.FactKind
	}{
		{"in time", 900, time.Hour, time.Hour, 1, message.Deferred},
		{"not at all", 900, 0, time.Hour, 1, message.Lost},
		{"window over", 1000 - message.Time(time.Hour.Milliseconds()), time.Hour, time.Hour, 2, message.Lost},
		{"window over before the next try", 1000 - message.Time(time.Hour.Milliseconds()) + 10, time.Hour, time.Hour, 2, message.Lost},
		{"message over before the next try", 900, time.Hour, 1010 * time.Millisecond, 1, message.Lost},
		{"last try", 900, time.Hour, time.Hour, retryTries, message.Lost},
	}
	for _, row := range rows {
		u := tryOf(row.tries, 0)
		u.repeat = row.repeat
		u.state.Attempts[0].Deadline = message.Time(row.expires.Milliseconds())
		u.state.Timeline = append(u.state.Timeline, message.Entry{Type: message.AttemptStarted, ReceivedAt: row.started})
		if got := p.fact(u, unknown); got.Kind != row.want {
			t.Errorf("%s: kind %d, want %d", row.name, got.Kind, row.want)
		}
		if got := p.interrupted(u); got.Kind != row.want || got.Failure.Code != string(channel.Interrupted) {
			t.Errorf("%s, interrupted: kind %d, want %d", row.name, got.Kind, row.want)
		}
	}
	if got := p.fact(tryOf(1, 0), result{panicked: true, err: &channel.Error{Code: channel.Quarantined}}); got.Kind != message.Lost {
		t.Errorf("a panic: kind %d", got.Kind)
	}
}

// TestInterruptedSendIsRepeated: a crash with the send in flight does not leave
// the outcome unknown where it can be asked again.
func TestInterruptedSendIsRepeated(t *testing.T) {
	var refs []string
	held := spec("line", repeatable{func(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
		refs = append(refs, r.Ref)
		<-ctx.Done()
		return channel.Acceptance{}, nil
	}})
	again := spec("line", repeatable{func(_ context.Context, r *channel.Request) (channel.Acceptance, error) {
		refs = append(refs, r.Ref)
		return channel.Acceptance{ProviderID: "id"}, nil
	}})
	synctest.Test(t, func(t *testing.T) {
		journal := newJournal(1)
		h := start(t, newMemory(journal), Options{Specs: []channel.Spec{held}})
		id := h.accept(text("a", "line"))
		synctest.Wait()
		h.fail(message.ErrUnavailable) // the process is gone: nothing is recorded
		_ = h.end()
		h = start(t, newMemory(journal), Options{Specs: []channel.Spec{again}})
		time.Sleep(time.Minute)
		synctest.Wait()
		wantStatuses(t, h.memory, id, message.Sent)
		if len(refs) != 2 || refs[0] != refs[1] {
			t.Errorf("refs %v", refs)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestLateRepeatIsNotSent: a repeat that waited for a restart longer than the
// provider knows the attempt could be a second message.
func TestLateRepeatIsNotSent(t *testing.T) {
	var sends atomic.Int32
	line := spec("line", repeatable{func(context.Context, *channel.Request) (channel.Acceptance, error) {
		sends.Add(1)
		return channel.Acceptance{}, &channel.Error{Code: channel.OutcomeUnknown}
	}})
	synctest.Test(t, func(t *testing.T) {
		journal := newJournal(1)
		h := start(t, newMemory(journal), Options{Specs: []channel.Spec{line}, Random: func() float64 { return 0.9 }})
		id := h.accept(text("a", "line"))
		synctest.Wait()
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		h = start(t, newMemory(journal), Options{Specs: []channel.Spec{line}})
		time.Sleep(time.Minute)
		synctest.Wait()
		wantStatuses(t, h.memory, id, message.Unknown)
		if n := sends.Load(); n != 1 {
			t.Errorf("%d sends, want one", n)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestRepeatStaysWithItsSender: no other sender takes over a send that its
// provider may have; without its sender it is of unknown outcome.
func TestRepeatStaysWithItsSender(t *testing.T) {
	var by []string
	line := spec("line", nil)
	line.New = func(o channel.Sender) (channel.Adapter, error) {
		return repeatable{func(context.Context, *channel.Request) (channel.Acceptance, error) {
			by = append(by, o.Name)
			return channel.Acceptance{}, &channel.Error{Code: channel.OutcomeUnknown}
		}}, nil
	}
	one := Sender{Channel: "line", Sender: channel.Sender{Name: "one", HTTP: &channel.Client{}}}
	two := Sender{Channel: "line", Sender: channel.Sender{Name: "two", HTTP: &channel.Client{}}, Share: Share{Standby: true}}
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{line}, Senders: []Sender{one, two}})
		id := h.accept(text("a", "line"))
		synctest.Wait()
		if err := h.system.Pause(message.Lane{Channel: "line"}, "one", true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		wantStatuses(t, h.memory, id, message.Queued)
		if err := h.system.Reload([]Sender{two}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		wantStatuses(t, h.memory, id, message.Unknown)
		if len(by) != 1 || by[0] != "one" {
			t.Errorf("sent by %v", by)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}
