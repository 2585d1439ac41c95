package relay

import (
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"messagehub/store/message"
	"messagehub/store/message/mutate"
)

func TestPreferredWait(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":                          0,
		"wait=5":                    5 * time.Second,
		"WAIT = 5":                  5 * time.Second,
		`wait="7"`:                  7 * time.Second,
		"respond-async, wait=10":    10 * time.Second,
		"wait=10; foo=bar, wait=20": 10 * time.Second,
		"wait=30":                   30 * time.Second,
		"wait=31":                   maxWait,
		"wait=65535":                maxWait,
		"wait=0":                    0,
		"wait=-1":                   0,
		"wait=99999999999999999999": 0,
		"wait=1.5":                  0,
		"wait":                      0,
		"wait=":                     0,
		"waiting=5":                 0,
		"return=minimal":            0,
		",,;=,":                     0,
	} {
		if got := preferredWait(header); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

func FuzzPreferredWait(f *testing.F) {
	mutate.Strings(f, []string{"wait=5", "respond-async, wait=\"10\"; x", "wait=30,wait=1"}, func(t testing.TB, header string) {
		if d := preferredWait(header); d < 0 || d > maxWait || d%time.Second != 0 {
			t.Errorf("%q: %v", header, d)
		}
	})
}

// waitLog is a log of one message. look runs after each look at it, when the
// one who looked has the state in his hands.
type waitLog struct {
	mu     sync.Mutex
	status message.Status
	look   func(n int)
	looks  int
}

func (l *waitLog) set(s message.Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = s
}

func (l *waitLog) Message(message.WorkspaceID, message.ID) (*message.Outbound, *message.State, error) {
	l.mu.Lock()
	s := &message.State{Status: l.status, Attempts: []message.Attempt{{Status: l.status}}}
	l.looks++
	n := l.looks
	l.mu.Unlock()
	if l.look != nil {
		l.look(n)
	}
	return plain(), s, nil
}

func (l *waitLog) List(message.WorkspaceID, message.Query) (message.Page, error) {
	return message.Page{}, nil
}

// awaiting runs await for ten seconds at most and returns how long it took
// and what it saw.
func awaiting(l *waitLog, during func(*Server)) (time.Duration, message.Status) {
	s := &Server{waiters: newWaiters()}
	s.o.Messages = l
	s.waiters.enter()
	defer s.waiters.leave()
	if during != nil {
		go during(s)
	}
	start := time.Now()
	_, state, _ := s.watch(&call{server: s, key: &Key{}}, testID(1), 10*time.Second)
	return time.Since(start), state.Status
}

func TestAwaitReturnsAtOnceWhenSettled(t *testing.T) {
	for _, status := range []message.Status{message.Sent, message.Delivered, message.Failed, message.Unknown, message.Expired} {
		synctest.Test(t, func(t *testing.T) {
			if took, got := awaiting(&waitLog{status: status}, nil); took != 0 || got != status {
				t.Errorf("%s: took %v, saw %s", status, took, got)
			}
		})
	}
}

func TestAwaitReturnsWithTheEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &waitLog{status: message.Queued}
		took, got := awaiting(l, func(s *Server) {
			time.Sleep(2 * time.Second)
			l.set(message.Sending)
			s.Observe(message.Event{Message: testID(1)})
			time.Sleep(time.Second)
			s.Observe(message.Event{Message: testID(2)}) // somebody else's
			time.Sleep(time.Second)
			l.set(message.Sent)
			s.Observe(message.Event{Message: testID(1)})
		})
		if took != 4*time.Second || got != message.Sent {
			t.Errorf("took %v, saw %s", took, got)
		}
		if l.looks != 3 {
			t.Errorf("%d looks, want 3: at first, and at each event of its own", l.looks)
		}
	})
}

func TestAwaitGivesUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		if took, got := awaiting(&waitLog{status: message.Sending}, nil); took != 10*time.Second || got != message.Sending {
			t.Errorf("took %v, saw %s", took, got)
		}
	})
}

func TestAwaitEndsWhenTheServerDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, _ := awaiting(&waitLog{status: message.Queued}, func(s *Server) {
			time.Sleep(time.Second)
			s.waiters.close()
			s.waiters.close() // twice does no harm
		})
		if took != time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// The event comes in the very moment between the look at the state and the
// wait. It must not be missed.
func TestAwaitMissesNoEventAfterItsLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &waitLog{status: message.Queued}
		s := &Server{waiters: newWaiters()}
		s.o.Messages = l
		l.look = func(n int) {
			if n == 1 {
				l.set(message.Sent)
				s.Observe(message.Event{Message: testID(1)})
			}
		}
		s.waiters.enter()
		defer s.waiters.leave()
		start := time.Now()
		_, state, err := s.watch(&call{server: s, key: &Key{}}, testID(1), 10*time.Second)
		if err != nil || state.Status != message.Sent || time.Since(start) != 0 {
			t.Errorf("%v, saw %s after %v", err, state.Status, time.Since(start))
		}
	})
}

// Waiters of one message must not wake or lose one another, and leave
// nothing behind.
func TestWaitersOfOneMessage(t *testing.T) {
	w := newWaiters()
	w.enter()
	first, second := w.register(waited{message: testID(1)}), w.register(waited{message: testID(1)})
	w.unregister(waited{message: testID(1)}, first)
	w.notify(waited{message: testID(1)})
	select {
	case <-second:
	default:
		t.Error("the second waiter was not woken")
	}
	select {
	case <-first:
		t.Error("the first waiter was woken after it had gone")
	default:
	}
	w.unregister(waited{message: testID(1)}, second)
	w.leave()
	if len(w.mu.byWhat) != 0 || w.count.Load() != 0 {
		t.Errorf("left behind: %d messages, %d places", len(w.mu.byWhat), w.count.Load())
	}
}

func TestWaitersAreBounded(t *testing.T) {
	w := newWaiters()
	for i := range maxWaiting {
		if !w.enter() {
			t.Fatalf("place %d was refused", i)
		}
	}
	if w.enter() {
		t.Error("one too many")
	}
	w.leave()
	if !w.enter() {
		t.Error("a place given back was refused")
	}
}

func TestHeldKeys(t *testing.T) {
	w := newWaiters()
	w.enter()
	none, k := message.Idempotency{}, message.Idempotency{Route: sendRoute, Key: "k"}
	if !w.hold(ours, k) || w.hold(ours, k) || !w.held(ours, k) {
		t.Error("a key can be held twice")
	}
	if !w.hold(ours, message.Idempotency{Route: resendRoute, Key: "k"}) {
		t.Error("another route's key is in the way")
	}
	if !w.hold(theirs, k) {
		t.Error("another workspace's key is in the way")
	}
	if w.held(ours, none) || !w.hold(ours, none) || !w.hold(ours, none) {
		t.Error("no key at all is treated as one")
	}
	w.release(ours, k)
	if w.held(ours, k) || !w.held(theirs, k) {
		t.Error("release let the wrong key go")
	}
}

func TestObserveWithoutWaitersDoesNotAllocate(t *testing.T) {
	s := &Server{waiters: newWaiters()}
	e := message.Event{Message: testID(1)}
	if n := testing.AllocsPerRun(100, func() { s.Observe(e) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkObserveWithoutWaiters(b *testing.B) {
	s := &Server{waiters: newWaiters()}
	e := message.Event{Message: testID(1)}
	for b.Loop() {
		s.Observe(e)
	}
}

type sendResult struct {
	Data struct {
		MessageID, Status, Channel string
		Error                      *struct{ Code string }
	}
}

const sendBody = `{"to":"+14155550100","channel":"sms","content":"hi"}`

// onlyMessage waits, by the log's own lock and no clock, for the one message
// to be accepted and its waiter to be there.
func (d *door) onlyMessage() message.ID {
	for {
		d.server.waiters.mu.Lock()
		for what := range d.server.waiters.mu.byWhat {
			d.server.waiters.mu.Unlock()
			return what.message
		}
		d.server.waiters.mu.Unlock()
		time.Sleep(time.Millisecond)
	}
}

func TestSendWaitsForTheFirstAttempt(t *testing.T) {
	started := message.Fact{Kind: message.Started, Sender: "main"}
	for _, test := range []struct {
		name  string
		facts []message.Fact
		want  string
		code  string
	}{
		{"sent", []message.Fact{started, {Kind: message.Accepted, ProviderID: "SM1"}}, "sent", ""},
		{"failed", []message.Fact{started, {Kind: message.Rejected, Failure: notOnChannel()}}, "failed", "not_on_channel"},
		{"unknown", []message.Fact{started, {Kind: message.Lost, Failure: &message.Failure{Code: "outcome_unknown", Class: message.Provider}}}, "sending", "outcome_unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := openDoor(t, nil)
			done := make(chan answer, 1)
			go func() { done <- d.ask("POST", sendPath, d.live, sendBody, "Prefer: wait=30") }()
			id := d.onlyMessage()
			d.log.fold(ours, id, test.facts...)
			d.server.Settled(id) // of an unknown outcome there is no event
			a := <-done
			var got sendResult
			if err := json.Unmarshal([]byte(a.body), &got); err != nil {
				t.Fatal(err)
			}
			if a.status != 200 || got.Data.Status != test.want || a.header.Get("Preference-Applied") != "wait=30" {
				t.Errorf("%d %s, applied %q", a.status, a.body, a.header.Get("Preference-Applied"))
			}
			if e := got.Data.Error; (e == nil) != (test.code == "") || e != nil && e.Code != test.code {
				t.Errorf("error in %s, want %q", a.body, test.code)
			}
		})
	}
}

func TestSendDoesNotWaitForAScheduledMessage(t *testing.T) {
	d := openDoor(t, nil)
	at := day.Add(time.Hour).Std().Format(time.RFC3339)
	a := d.ask("POST", sendPath, d.live, `{"to":"+14155550100","channel":"sms","content":"hi","scheduledAt":"`+at+`"}`, "Prefer: wait=30")
	if a.status != 202 || a.header.Get("Preference-Applied") != "" {
		t.Errorf("%d, applied %q: %s", a.status, a.header.Get("Preference-Applied"), a.body)
	}
}

// While the first request with a key is held, a second one is told to come
// again; afterwards the key is free for the store to decide.
func TestHeldIdempotencyKeyIsInProgress(t *testing.T) {
	d := openDoor(t, nil)
	key := "Idempotency-Key: order-1"
	done := make(chan answer, 1)
	go func() { done <- d.ask("POST", sendPath, d.live, sendBody, key, "Prefer: wait=30") }()
	id := d.onlyMessage()
	for _, prefer := range []string{"Prefer: wait=5", "X-None: 1"} {
		a := d.ask("POST", sendPath, d.live, sendBody, key, prefer)
		d.wants(a, 409, InProgress)
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if a := d.ask("POST", sendPath, d.other, sendBody, key); a.status != 202 {
		t.Errorf("another workspace with the same key: %d %s", a.status, a.body)
	}
	d.log.fold(ours, id, message.Fact{Kind: message.Started, Sender: "main"}, message.Fact{Kind: message.Accepted, ProviderID: "SM1"})
	if a := <-done; a.status != 200 {
		t.Errorf("first: %d %s", a.status, a.body)
	}
	if a := d.ask("POST", sendPath, d.live, sendBody, key); a.status != 202 {
		t.Errorf("after the first: %d %s", a.status, a.body)
	}
}

// F38: requests that wait do not hold up a shutdown.
func TestShutdownAnswersThoseWhoWait(t *testing.T) {
	d := openDoor(t, nil)
	done := make(chan answer, 1)
	go func() { done <- d.ask("POST", sendPath, d.live, sendBody, "Prefer: wait=30") }()
	d.onlyMessage()
	d.server.Drain()
	if a := <-done; a.status != 202 || a.header.Get("Preference-Applied") == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
}
