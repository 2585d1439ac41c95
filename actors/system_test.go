package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

func TestSystemSendsEachMessageOnceWithItsRef(t *testing.T) {
	var mu sync.Mutex
	refs := map[string]int{}
	sms := spec("sms", stub(func(_ context.Context, r *channel.Request) (channel.Acceptance, error) {
		mu.Lock()
		defer mu.Unlock()
		refs[r.Ref]++
		if r.Step.Content != "secret words" || r.Expires == 0 {
			t.Errorf("request %+v", r)
		}
		return channel.Acceptance{ProviderID: "p-" + r.Ref, Segments: 2}, nil
	}))
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(4)), Options{Specs: []channel.Spec{sms}})
		var ids []message.ID
		for i := range 500 {
			ids = append(ids, h.accept(text(fmt.Sprintf("to-%d", i%97), "sms")))
		}
		synctest.Wait()
		for _, id := range ids {
			a := h.state(id).Attempts[0]
			if a.Status != message.Sent || a.ProviderID != "p-"+message.AttemptRef(1, id, 0) || a.Segments != 2 || a.Sender != "main" {
				t.Fatalf("attempt %+v", a)
			}
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
	if len(refs) != 500 {
		t.Errorf("%d refs of 500", len(refs))
	}
	for ref, n := range refs {
		if n != 1 {
			t.Errorf("%s was sent %d times", ref, n)
		}
	}
}

func TestSystemFallsBackAlongTheChain(t *testing.T) {
	specs := []channel.Spec{
		spec("whatsapp", refusing(channel.NotOnChannel)), spec("telegram", refusing(channel.Blocked)), spec("sms", stub(accepting)),
	}
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(2)), Options{Specs: specs})
		live := h.accept(text("a", "whatsapp", "telegram", "sms"))
		sandboxed := text("a", "whatsapp", "sms")
		sandboxed.Test = true
		test := h.accept(sandboxed)
		synctest.Wait()
		wantStatuses(t, h.memory, live, message.Failed, message.Failed, message.Sent)
		wantStatuses(t, h.memory, test, message.Failed, message.Sent)
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSystemRetriesAndCountsTries(t *testing.T) {
	var tries atomic.Int32
	sms := spec("sms", stub(func(context.Context, *channel.Request) (channel.Acceptance, error) {
		if tries.Add(1) < 4 {
			return channel.Acceptance{}, &channel.Error{Code: channel.ProviderError}
		}
		return channel.Acceptance{}, nil
	}))
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{sms}, Random: func() float64 { return 0.5 }})
		begun := time.Now()
		id := h.accept(text("a", "sms"))
		time.Sleep(3499 * time.Millisecond) // 0.5 + 1 + 2 s
		synctest.Wait()
		wantStatuses(t, h.memory, id, message.Queued)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		a := h.state(id).Attempts[0]
		if a.Status != message.Sent || a.Tries != 4 || a.SentAt.Sub(message.TimeOf(begun)) != 3500*time.Millisecond {
			t.Errorf("attempt %+v", a)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSystemLeavesUnknownOutcomesToTheMessage(t *testing.T) {
	specs := []channel.Spec{spec("sms", refusing(channel.OutcomeUnknown)), spec("viber", stub(accepting))}
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(2)), Options{Specs: specs})
		var ids []message.ID
		for i, policy := range []message.UnknownPolicy{message.Hold, message.Advance, message.Retry} {
			o := text(fmt.Sprint(i), "sms", "viber")
			o.OnUnknown = policy
			ids = append(ids, h.accept(o))
		}
		synctest.Wait()
		wantStatuses(t, h.memory, ids[0], message.Unknown)
		wantStatuses(t, h.memory, ids[1], message.Unknown, message.Sent)
		wantStatuses(t, h.memory, ids[2], message.Unknown, message.Unknown, message.Unknown)
		time.Sleep(message.UnknownHold)
		synctest.Wait()
		wantStatuses(t, h.memory, ids[0], message.Unknown, message.Sent)
		wantStatuses(t, h.memory, ids[2], message.Unknown, message.Unknown, message.Unknown, message.Sent)
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestRestartFindsInterruptedSends: the first process dies with sends in
// flight; the second says that they are lost, sends what never started, and
// nothing twice.
func TestRestartFindsInterruptedSends(t *testing.T) {
	var sent sync.Map
	held := spec("sms", stub(func(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
		sent.Store(r.Ref, true)
		<-ctx.Done()
		return channel.Acceptance{}, nil
	}))
	again := spec("sms", stub(func(_ context.Context, r *channel.Request) (channel.Acceptance, error) {
		if _, twice := sent.LoadOrStore(r.Ref, true); twice {
			t.Errorf("%s is sent twice", r.Ref)
		}
		return channel.Acceptance{}, nil
	}))
	synctest.Test(t, func(t *testing.T) {
		journal := newJournal(2)
		h := start(t, newMemory(journal), Options{Specs: []channel.Spec{held}})
		var ids []message.ID
		for i := range 40 {
			ids = append(ids, h.accept(text(fmt.Sprint(i), "sms")))
		}
		synctest.Wait()
		early := slices.IndexFunc(ids, func(id message.ID) bool { return h.state(id).Attempts[0].Status == message.Sending })
		receipt := message.Fact{Kind: message.Reported, Status: message.Delivered, At: h.state(ids[early]).UpdatedAt}
		if _, err := h.FoldInto(1, ids[early], receipt, nil); err != nil { // it comes before the send's own answer
			t.Fatal(err)
		}
		h.fail(message.ErrUnavailable) // the process is gone: nothing is recorded
		if err := h.end(); !errors.Is(err, message.ErrUnavailable) {
			t.Fatalf("ended with %v", err)
		}
		h = start(t, newMemory(journal), Options{Specs: []channel.Spec{again}})
		synctest.Wait()
		counts := map[message.Status]int{}
		for _, id := range ids {
			s := h.state(id)
			if s.Waiting != 0 {
				t.Errorf("%s is %s and still in the backlog", id, s.Status)
			}
			counts[s.Attempts[0].Status]++
			if a := s.Attempts[0]; a.Status == message.Unknown && a.Error.Code != string(channel.Interrupted) {
				t.Errorf("lost as %s", a.Error.Code)
			}
		}
		if counts[message.Unknown] != 7 || counts[message.Sent] != 32 || counts[message.Delivered] != 1 {
			t.Errorf("statuses %v, want 7 unknown, 32 sent and 1 delivered", counts)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestLiveSendIsNeverDeclaredLost runs slow sends through mailboxes and
// windows that overflow all the time, so that jobs in flight are read from the
// log again and again, while others are accepted.
func TestLiveSendIsNeverDeclaredLost(t *testing.T) {
	sms := spec("sms", stub(func(_ context.Context, r *channel.Request) (channel.Acceptance, error) {
		time.Sleep(50 * time.Microsecond)
		return channel.Acceptance{}, nil
	}))
	var interrupted, accepted atomic.Int32
	journal := newJournal(2)
	journal.observe = func(_ message.ID, f message.Fact, e message.Effects) {
		switch {
		case f.Kind == message.Lost:
			interrupted.Add(1)
		case f.Kind == message.Accepted && !e.Refused:
			accepted.Add(1)
		}
	}
	const total, writers = 3000, 3
	m := newMemory(journal)
	for i := range total / 4 { // of an earlier process
		m.accept(text(fmt.Sprint(i%50), "sms"))
	}
	behind := make(chan bool, 1<<16)
	listener := Listener{OnBehind: func(_ message.Lane, _ int, b bool) { behind <- b }}
	h := start(t, m, Options{Specs: []channel.Spec{sms}, Mailbox: 4, Window: 16, Listener: listener})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range total / 4 {
				o := text(fmt.Sprint(i%50), "sms")
				o.Workspace = message.WorkspaceID(w)
				m.accept(o)
			}
		})
	}
	wg.Wait()
	for accepted.Load() < total {
		time.Sleep(time.Millisecond)
	}
	if err := h.end(); err != nil {
		t.Fatal(err)
	}
	if n := interrupted.Load(); n > 0 {
		t.Errorf("%d live sends were declared lost", n)
	}
	if most := total/4 + batch; m.looks > most {
		t.Errorf("%d messages were looked at, to find out about the %d of an earlier process", m.looks, total/4)
	}
	if len(behind) < 2 {
		t.Errorf("the mailboxes fell behind %d times: the test shows nothing", len(behind))
	}
}

func TestDrainLetsSendsFinishAndStartsNone(t *testing.T) {
	slow := spec("sms", stub(func(ctx context.Context, _ *channel.Request) (channel.Acceptance, error) {
		select {
		case <-time.After(3 * time.Second):
			return channel.Acceptance{}, nil
		case <-ctx.Done():
			return channel.Acceptance{}, &channel.Error{Code: channel.OutcomeUnknown}
		}
	}))
	for _, c := range []struct {
		budget time.Duration
		want   message.Status
	}{{5 * time.Second, message.Sent}, {time.Second, message.Unknown}} {
		synctest.Test(t, func(t *testing.T) {
			h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{slow}, Drain: c.budget})
			var ids []message.ID
			for i := range 10 {
				ids = append(ids, h.accept(text(fmt.Sprint(i), "sms")))
			}
			synctest.Wait()
			begun := time.Now()
			if err := h.end(); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took != min(c.budget, 3*time.Second) {
				t.Errorf("drained in %v", took)
			}
			for i, id := range ids {
				want := c.want
				if i >= 8 {
					want = message.Queued
				}
				wantStatuses(t, h.memory, id, want)
			}
			if n := h.journal.waiting(); n != 2 {
				t.Errorf("%d jobs wait in the log, want 2", n)
			}
			h.accept(text("late", "sms")) // the feed may go on: it never blocks
		})
	}
}

func TestDrainReportsSendsThatDoNotEnd(t *testing.T) {
	release := make(chan struct{})
	deaf := spec("sms", stub(func(context.Context, *channel.Request) (channel.Acceptance, error) {
		<-release
		return channel.Acceptance{}, nil
	}))
	h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{deaf}, Drain: time.Millisecond, grace: time.Millisecond})
	id := h.accept(text("a", "sms"))
	for h.last(id) != message.Sending {
		time.Sleep(time.Millisecond)
	}
	err := h.end()
	if err == nil || !strings.Contains(err.Error(), "did not end") {
		t.Errorf("ended with %v", err)
	}
	close(release)
}

func TestLogFailureStopsSending(t *testing.T) {
	var sends atomic.Int32
	sms := spec("sms", stub(func(context.Context, *channel.Request) (channel.Acceptance, error) {
		sends.Add(1)
		return channel.Acceptance{}, nil
	}))
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{sms}})
		h.accept(text("a", "sms"))
		synctest.Wait()
		poisoned := errors.New("disk is gone")
		h.fail(poisoned)
		for i := range 100 {
			h.accept(text(fmt.Sprint(i), "sms"))
		}
		if err := <-h.ended; !errors.Is(err, poisoned) {
			t.Errorf("ended with %v", err)
		}
		if n := sends.Load(); n != 1 {
			t.Errorf("%d sends, want the one before the failure", n)
		}
	})
}

func TestMessageThatIsNoMoreIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(newJournal(1))
		gone := m.accept(text("a", "sms"))
		delete(m.journal.records, gone)
		h := start(t, m, Options{Specs: []channel.Spec{spec("sms", stub(accepting))}})
		id := h.accept(text("a", "sms"))
		synctest.Wait()
		wantStatuses(t, m, id, message.Sent)
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPanickingAdapterHarmsNobodyElse(t *testing.T) {
	var told []Panic
	var mu sync.Mutex
	sms := spec("sms", stub(func(_ context.Context, r *channel.Request) (channel.Acceptance, error) {
		if r.Step.To == "bad" {
			panic("over " + r.Step.Content)
		}
		return channel.Acceptance{}, nil
	}))
	listener := Listener{OnQuarantine: func(_ message.Lane, _ string, p Panic) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, p)
	}}
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{sms}, Listener: listener})
		o := text("bad", "sms")
		o.OnUnknown = message.Retry
		bad := h.accept(o)
		good := h.accept(text("good", "sms"))
		synctest.Wait()
		wantStatuses(t, h.memory, bad, message.Unknown, message.Unknown, message.Failed)
		wantStatuses(t, h.memory, good, message.Sent)
		if a := h.state(bad).Attempts[2]; a.Error.Code != string(channel.Quarantined) || !a.Error.Permanent {
			t.Errorf("the last attempt failed with %+v", a.Error)
		}
		if a := h.state(bad).Attempts[0]; a.Error.Permanent {
			t.Errorf("an unknown outcome is permanent: %+v", a.Error)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
	if len(told) != maxPanics {
		t.Fatalf("told %d panics", len(told))
	}
	for _, p := range told {
		if p.Hash != told[0].Hash || p.Type != "string" || !strings.HasPrefix(p.Place, "actors.TestPanicking") || strings.Contains(fmt.Sprint(p), "secret") {
			t.Errorf("panic %+v", p)
		}
	}
}

func TestSendHasItsTime(t *testing.T) {
	hanging := spec("sms", stub(func(ctx context.Context, _ *channel.Request) (channel.Acceptance, error) {
		<-ctx.Done()
		return channel.Acceptance{}, &channel.Error{Code: channel.OutcomeUnknown}
	}))
	synctest.Test(t, func(t *testing.T) {
		var took time.Duration
		listener := Listener{OnSend: func(_ message.Lane, _ string, o Outcome, d time.Duration) {
			if o.Kind != message.Lost || o.Class != message.Provider {
				t.Errorf("outcome %+v", o)
			}
			took = d
		}}
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{hanging}, Listener: listener})
		h.accept(text("a", "sms"))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if took != 10*time.Second {
			t.Errorf("the send took %v", took)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestMessageWithoutASenderIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sms, viber := spec("sms", stub(accepting)), spec("viber", stub(accepting))
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{sms, viber}, Senders: senders(sms)})
		o := text("a", "sms")
		o.Steps[0].From = "gone"
		unknown, none := h.accept(o), h.accept(text("a", "viber"))
		o = text("a", "sms")
		o.Steps[0].From = "main"
		known := h.accept(o)
		synctest.Wait()
		for _, id := range []message.ID{unknown, none} {
			if a := h.state(id).Attempts[0]; a.Status != message.Failed || a.Error.Code != string(channel.NoSender) {
				t.Errorf("attempt %+v", a)
			}
		}
		wantStatuses(t, h.memory, known, message.Sent)
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSystemExpiresWhatWaitsTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(2)), Options{Specs: []channel.Spec{spec("sms", refusing(channel.BadCredentials))}})
		var ids []message.ID
		for i := range 200 {
			ids = append(ids, h.accept(text(fmt.Sprint(i), "sms")))
		}
		time.Sleep(message.DefaultExpiresIn + maxSleep)
		synctest.Wait()
		for _, id := range ids {
			wantStatuses(t, h.memory, id, message.Expired)
		}
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
}

// paced sends messages through four shards and returns when each was sent,
// and the most that were in flight at once.
func paced(t *testing.T, pace channel.Pace, n int, send stub) (at []time.Duration, most int32) {
	var mu sync.Mutex
	var now atomic.Int32
	sms := spec("sms", stub(func(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
		mu.Lock()
		most = max(most, now.Add(1))
		at = append(at, time.Duration(time.Now().UnixNano()))
		mu.Unlock()
		defer now.Add(-1)
		return send(ctx, r)
	}))
	synctest.Test(t, func(t *testing.T) {
		begun := time.Duration(time.Now().UnixNano())
		from := senders(sms)
		from[0].Pace = pace
		h := start(t, newMemory(newJournal(4)), Options{Specs: []channel.Spec{sms}, Senders: from})
		for i := range n {
			h.accept(text(fmt.Sprint(i), "sms"))
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
		for i := range at {
			at[i] -= begun
		}
	})
	slices.Sort(at)
	return at, most
}

func TestShardsShareTheSendersPace(t *testing.T) {
	at, _ := paced(t, channel.Pace{PerSecond: 10, Burst: 5}, 105, accepting)
	if len(at) != 105 {
		t.Fatalf("%d sends", len(at))
	}
	for i, got := range at {
		if want := time.Duration(max(0, i-4)) * 100 * time.Millisecond; got != want {
			t.Fatalf("send %d at %v, want %v", i, got, want)
		}
	}
}

func TestShardsShareTheSendersFlight(t *testing.T) {
	at, most := paced(t, channel.Pace{InFlight: 3}, 60, func(context.Context, *channel.Request) (channel.Acceptance, error) {
		time.Sleep(time.Second)
		return channel.Acceptance{}, nil
	})
	if len(at) != 60 || most != 3 {
		t.Errorf("%d sends, %d at once", len(at), most)
	}
	if last := at[len(at)-1]; last != 19*time.Second {
		t.Errorf("the last at %v: a place was left free", last)
	}
}

func TestRetryAfterPausesTheSender(t *testing.T) {
	first := true
	at, _ := paced(t, channel.Pace{InFlight: 1}, 50, func(context.Context, *channel.Request) (channel.Acceptance, error) {
		if first {
			first = false
			return channel.Acceptance{}, &channel.Error{Code: channel.RateLimited, RetryAfter: 7 * time.Second}
		}
		return channel.Acceptance{}, nil
	})
	if len(at) != 51 || at[1] != 7*time.Second {
		t.Errorf("%d sends, the second at %v", len(at), at[1])
	}
}

func TestSlowRecipientIsSparedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var mu sync.Mutex
		sends := map[string][]time.Duration{}
		sms := spec("sms", stub(func(_ context.Context, r *channel.Request) (channel.Acceptance, error) {
			mu.Lock()
			defer mu.Unlock()
			to := r.Step.To
			sends[to] = append(sends[to], time.Since(begun))
			if to == "slow" && len(sends[to]) == 1 {
				return channel.Acceptance{}, &channel.Error{Code: channel.RecipientRateLimited, RetryAfter: 5 * time.Second}
			}
			return channel.Acceptance{}, nil
		}))
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{sms}})
		for range 3 {
			h.accept(text("slow", "sms"))
			h.accept(text("quick", "sms"))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
		if slow := sends["slow"]; len(slow) != 4 || slow[1] != 5*time.Second {
			t.Errorf("the slow recipient was sent to at %v", slow)
		}
		if quick := sends["quick"]; len(quick) != 3 || quick[2] != 0 {
			t.Errorf("the other one at %v", quick)
		}
	})
}

func TestBreakerSparesADeadProvider(t *testing.T) {
	at, _ := paced(t, channel.Pace{InFlight: 1}, 50, refusing(channel.ConnectionFailed))
	// Five in a row, then single probes: at most two in any second, and at
	// most one every half a minute in the end.
	for i := 5; i < len(at)-1; i++ {
		if gap, least := at[i+1]-at[i], min(time.Duration(1)<<(i-5), 32)*time.Second/2; gap < least {
			t.Fatalf("probe %d came %v after the one before", i, gap)
		}
	}
	if len(at) < 50 || len(at) > 140 {
		t.Errorf("%d sends in an hour", len(at))
	}
}

func TestListenerHearsTheBreaker(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	var broken atomic.Bool
	broken.Store(true)
	sms := spec("sms", stub(func(context.Context, *channel.Request) (channel.Acceptance, error) {
		if broken.Load() {
			return channel.Acceptance{}, &channel.Error{Code: channel.ProviderUnavailable}
		}
		return channel.Acceptance{}, nil
	}))
	listener := Listener{OnBreaker: func(lane message.Lane, sender string, s BreakerState) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, fmt.Sprint(lane, " ", sender, " ", s))
	}}
	synctest.Test(t, func(t *testing.T) {
		h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{sms}, Listener: listener})
		for i := range breakerFailures {
			h.accept(text(fmt.Sprint(i), "sms"))
		}
		synctest.Wait()
		broken.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		if err := h.end(); err != nil {
			t.Fatal(err)
		}
	})
	want := []string{"sms main open", "sms main half-open", "sms main closed"}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

// TestNothingStartsAfterTheEnd: a job that the shard has released just before
// the end stays in the log.
func TestNothingStartsAfterTheEnd(t *testing.T) {
	m := newMemory(newJournal(1))
	s, err := New(Options{Specs: []channel.Spec{spec("sms", nil)}, Log: m, Backlog: m, Shards: 1})
	if err != nil {
		t.Fatal(err)
	}
	id := m.accept(text("a", "sms"))
	lane := s.lanes[message.Lane{Channel: "sms"}]
	a := lane.actors[0]
	ended, end := context.WithCancel(t.Context())
	end()
	a.run, a.sends = ended, ended
	job := m.journal.backlog(place{lane.name, 0}, 0, make([]message.Job, 0, 1))[0]
	if _, ok := a.begin(&action{job: job}, lane.at(nobodyIndex), new(message.State)); ok || m.last(id) != message.Queued {
		t.Errorf("begun %v, the message is %v", ok, m.last(id))
	}
}

func TestBegunIsTheJobsOwnAttempt(t *testing.T) {
	for _, c := range []struct {
		attempt int
		waiting message.Position
		status  message.Status
		want    bool
	}{
		{1, 7, message.Sending, true},
		{1, 7, message.Queued, false},
		{1, 7, message.Delivered, true}, // by a receipt that came first
		{0, 7, message.Sending, false},
		{1, 8, message.Sending, false},
		{1, 0, message.Sending, false},
	} {
		s := message.State{Waiting: c.waiting, Attempts: []message.Attempt{{Status: message.Sending}, {Status: c.status}}}
		if got := begun(&s, &message.Job{Attempt: c.attempt, Position: 7}); got != c.want {
			t.Errorf("%+v: begun %v", c, got)
		}
	}
}

func TestRunIsCalledOnce(t *testing.T) {
	h := start(t, newMemory(newJournal(1)), Options{Specs: []channel.Spec{spec("sms", stub(accepting))}})
	if err := h.end(); err != nil {
		t.Fatal(err)
	}
	if err := h.system.Run(t.Context()); err == nil {
		t.Error("it ran a second time")
	}
}
