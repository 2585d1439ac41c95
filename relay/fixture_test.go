package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"messagehub/store/message"
)

// fakeLog is a log in memory: what was accepted, in order, encoded at once as
// a log must.
type fakeLog struct {
	mu       sync.Mutex
	accepted []accepted
	keys     map[string]accepted
	fail     error
	hold     chan struct{} // if not nil, Await waits for it
	entered  chan struct{} // if not nil, told when Await waits
	panics   bool
	// submitted counts the ids that were given.
	submitted int
}

type accepted struct {
	id   message.ID
	o    *message.Outbound
	body [32]byte
}

// entry is a message on its way: encoded when Enter returned.
type entry struct {
	o   *message.Outbound
	key message.Idempotency
}

func (l *fakeLog) Enter(o *message.Outbound, key message.Idempotency) (message.Ticket, error) {
	if l.panics {
		panic("log is broken")
	}
	key.Route, key.Key = strings.Clone(key.Route), strings.Clone(key.Key)
	return entry{cloneOutbound(o), key}, nil
}

func (l *fakeLog) Await(t message.Ticket) (message.Acceptance, error) {
	l.mu.Lock()
	l.submitted++
	id := message.NewID(message.At(uint64(l.submitted), 0), t.(entry).o.Salt)
	l.mu.Unlock()
	return l.await(t, id)
}

func (l *fakeLog) await(t message.Ticket, id message.ID) (message.Acceptance, error) {
	if l.hold != nil {
		l.entered <- struct{}{}
		<-l.hold
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		return message.Acceptance{}, l.fail
	}
	o, key := t.(entry).o, t.(entry).key
	name := fmt.Sprint(o.Workspace, key.Route, key.Key)
	if old, ok := l.keys[name]; ok && key.Key != "" {
		if old.body != key.Body {
			return message.Acceptance{}, message.ErrKeyReused
		}
		return message.Acceptance{ID: old.id, Replayed: true, Status: message.Queued}, nil
	}
	a := accepted{id, o, key.Body}
	l.accepted = append(l.accepted, a)
	if key.Key != "" {
		l.keys[name] = a
	}
	status := message.Queued
	if o.ScheduledAt > o.CreatedAt {
		status = message.Scheduled
	}
	return message.Acceptance{ID: a.id, Status: status}, nil
}

// Submit says at once what becomes of the message, and completes it as Await
// would return.
func (l *fakeLog) Submit(o *message.Outbound, key message.Idempotency, c message.Completion) (message.Acceptance, error) {
	t, err := l.Enter(o, key)
	if err != nil {
		return message.Acceptance{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.submitted++
	status := message.Queued
	if o.ScheduledAt > o.CreatedAt {
		status = message.Scheduled
	}
	id := message.NewID(message.At(uint64(l.submitted), 0), o.Salt)
	go func() {
		a, err := l.await(t, id)
		c.Complete(a, err)
	}()
	return message.Acceptance{ID: id, Status: status}, nil
}

// Replay answers as the store does: from the keys alone.
func (l *fakeLog) Replay(ws message.WorkspaceID, key message.Idempotency) (message.Acceptance, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	old, ok := l.keys[fmt.Sprint(ws, key.Route, key.Key)]
	if !ok || old.body != key.Body {
		return message.Acceptance{}, false, nil
	}
	return message.Acceptance{ID: old.id, Replayed: true, Status: message.Queued}, true, nil
}

func (l *fakeLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.accepted)
}

func (l *fakeLog) last() *message.Outbound {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accepted[len(l.accepted)-1].o
}

// cloneOutbound copies a message and all that it borrows.
func cloneOutbound(o *message.Outbound) *message.Outbound {
	c := *o
	c.Steps = make([]message.Step, len(o.Steps))
	for i := range o.Steps {
		s := o.Steps[i]
		for _, text := range []*string{
			&s.Channel, &s.To, &s.From, &s.Content, &s.TemplateID, &s.TemplateLanguage, &s.MediaURL, &s.MediaType,
			&s.Filename, &s.Unroutable,
		} {
			*text = strings.Clone(*text)
		}
		s.Params = nil
		for _, p := range o.Steps[i].Params {
			s.Params = append(s.Params, message.Param{Name: strings.Clone(p.Name), Value: strings.Clone(p.Value)})
		}
		c.Steps[i] = s
	}
	for _, text := range []*string{&c.Reference, &c.Metadata, &c.TraceParent, &c.ClientRequestID} {
		*text = strings.Clone(*text)
	}
	return &c
}

// fakeClock is a clock that only a test moves.
type fakeClock struct{ at atomic.Int64 }

func (f *fakeClock) now() message.Time    { return message.Time(f.at.Load()) }
func (f *fakeClock) add(d time.Duration)  { f.at.Add(d.Milliseconds()) }
func (f *fakeClock) set(at message.Time)  { f.at.Store(int64(at)) }
func newClock(at message.Time) *fakeClock { f := &fakeClock{}; f.set(at); return f }

// fakeAudit collects audit entries.
type fakeAudit struct {
	mu      sync.Mutex
	entries []message.AuditEntry
}

func (a *fakeAudit) Audit(e message.AuditEntry) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.entries = append(a.entries, e)
	return nil
}

func (a *fakeAudit) all() []message.AuditEntry {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]message.AuditEntry(nil), a.entries...)
}

// lanePending is a Backlog that a test sets.
type lanePending struct{ n atomic.Int64 }

func (p *lanePending) Pending(message.Lane) int64 { return p.n.Load() }

// testChannels are channels as the front door sees them, with rules of their
// own: whatever the adapters say, these stay.
func testChannels() []Channel {
	all := []message.ContentType{message.Text, message.Template, message.Media}
	return []Channel{
		{
			Name: "whatsapp", Contents: all, Best: message.Read, Phone: true, CheckRecipient: checkTestPhone, Configured: true,
			Senders: []string{"main", "brand"}, TestSenders: []string{"sandbox"},
		},
		{
			Name: "telegram", Contents: []message.ContentType{message.Text, message.Media}, Best: message.Sent,
			CheckRecipient: func(to string) error {
				if strings.Trim(to, "-0123456789") != "" {
					return errors.New("must be a chat id")
				}
				return nil
			},
			Configured: true, Senders: []string{"bot", "brand"}, TestSenders: []string{"sandbox"},
		},
		{
			Name: "sms", Contents: []message.ContentType{message.Text}, Best: message.Delivered, Phone: true,
			CheckRecipient: checkTestPhone, Configured: true, Senders: []string{"main"}, TestSenders: []string{"sandbox"},
			Segments: func(_ string, _ bool, text string) (int, string) { return 1 + len(text)/160, "GSM-7" },
			CheckContent: func(s *message.Step) *Fault {
				if len(s.Content) > 1600 {
					return &Fault{"content", ContentTooLong, "content is longer than 1,600 characters."}
				}
				return nil
			},
		},
		{
			Name: "kakao", Contents: []message.ContentType{message.Template, message.BrandMessage}, Best: message.Sent, Phone: true,
			Idempotent: true, CheckRecipient: checkTestPhone, TestSenders: []string{"sandbox"},
			CheckContent: func(s *message.Step) *Fault {
				if s.TemplateID == "refused" {
					return &Fault{"templateId", "kakao_only", "templateId is one that Kakao refuses."}
				}
				return nil
			},
		},
	}
}

func checkTestPhone(to string) error {
	if len(to) < 8 || len(to) > 16 || to[0] != '+' || strings.Trim(to[1:], "0123456789") != "" {
		return errors.New("must be a phone number in E.164, such as +14155550100")
	}
	return nil
}

func testReserved() []string {
	return []string{"delivered", "failed", "not_on_channel", "slow"}
}

// desk is a server under test, with everything around it.
type desk struct {
	t       testing.TB
	server  *Server
	log     *fakeLog
	clock   *fakeClock
	audit   *fakeAudit
	backlog *lanePending
	keys    *Keyring
	addr    string
	live    string // tokens
	test    string
	fenced  string // a key with an allowlist, where a test wants one
}

// newDesk makes a server that does not listen yet. edit may change its
// options.
func newDesk(t testing.TB, edit func(*Options)) *desk {
	t.Helper()
	d := &desk{
		t: t, log: &fakeLog{keys: make(map[string]accepted)}, clock: newClock(day), audit: &fakeAudit{},
		backlog: &lanePending{}, keys: NewKeyring(),
	}
	d.keys.PutWorkspace(message.Workspace{ID: 7, Name: "shop", PerMinute: 1_000_000})
	d.live = d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeAll})
	d.test = d.addKey(message.Key{Workspace: 7, Test: true, Scopes: message.ScopeAll})
	o := Options{
		Log: d.log, Replays: d.log, Backlog: d.backlog, Keys: d.keys, Audit: d.audit, Channels: testChannels(),
		Reserved: testReserved(), Now: d.clock.now, Limits: Limits{FailuresPerMinute: 1_000_000, NoBackPressure: true},
	}
	if edit != nil {
		edit(&o)
	}
	var err error
	if d.server, err = New(o); err != nil {
		t.Fatal(err)
	}
	return d
}

// addKey puts a new key on the ring and returns its token.
func (d *desk) addKey(key message.Key) string {
	token, made := message.NewKey(key.Test)
	key.ID, key.Hash, key.Last4 = made.ID, made.Hash, made.Last4
	d.keys.Put(key)
	return token
}

// open makes the server listen on a free port of loopback until the test
// ends.
func (d *desk) open() *desk {
	d.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	d.addr = ln.Addr().String()
	done := make(chan error, 1)
	go func() { done <- d.server.Serve(ln) }()
	d.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := d.server.Shutdown(ctx); err != nil {
			d.t.Errorf("shut down: %v", err)
		}
		if err := <-done; err != nil {
			d.t.Errorf("serve: %v", err)
		}
	})
	return d
}
