package actors

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// memory is a journal that many goroutines may use: what a System needs of a
// log, with the timers fired by a goroutine of its own.
type memory struct {
	mu      sync.Mutex
	journal *journal
	failed  error
	looks   int // at messages
	changed chan struct{}
}

func newMemory(j *journal) *memory { return &memory{journal: j, changed: make(chan struct{}, 1)} }

// FoldInto implements Log.
func (m *memory) FoldInto(_ message.WorkspaceID, id message.ID, f message.Fact, s *message.State) (message.Folded, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failed != nil {
		return message.Folded{}, m.failed
	}
	defer m.nudge()
	folded, err := m.journal.fold(id, f)
	if s != nil && err == nil {
		*s = *folded.State
	}
	return folded, err
}

// Message implements Log.
func (m *memory) Message(_ message.WorkspaceID, id message.ID) (*message.Outbound, *message.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looks++
	r := m.journal.records[id]
	if r == nil {
		return nil, nil, message.ErrNotFound
	}
	return r.outbound, r.copy(), m.failed
}

// Backlog implements Backlog.
func (m *memory) Backlog(lane message.Lane, shard int, after message.Position, dst []message.Job) ([]message.Job, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.journal.backlog(place{lane, shard}, after, dst), m.failed
}

func (m *memory) accept(o *message.Outbound) message.ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.nudge()
	return m.journal.accept(o)
}

// fail makes the log take nothing any more.
func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failed = err
}

func (m *memory) state(id message.ID) *message.State {
	_, s, _ := m.Message(0, id)
	return s
}

// last returns the status of the message's current attempt.
func (m *memory) last(id message.ID) message.Status {
	s := m.state(id)
	return s.Attempts[s.Current()].Status
}

func (m *memory) statuses(id message.ID) []message.Status {
	var out []message.Status
	for _, a := range m.state(id).Attempts {
		out = append(out, a.Status)
	}
	return out
}

func (m *memory) nudge() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// keepTime fires the timers until ctx ends.
func (m *memory) keepTime(ctx context.Context) {
	for {
		m.mu.Lock()
		m.journal.fire(message.TimeOf(time.Now()))
		sleep := time.Hour
		if at, ok := m.journal.nextTimer(); ok {
			sleep = time.Until(at.Std())
		}
		m.mu.Unlock()
		timer := time.NewTimer(sleep)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-m.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// stub is an adapter that does what a test says.
type stub func(ctx context.Context, r *channel.Request) (channel.Acceptance, error)

// Send implements channel.Adapter.
func (s stub) Send(ctx context.Context, r *channel.Request) (channel.Acceptance, error) {
	return s(ctx, r)
}

func accepting(context.Context, *channel.Request) (channel.Acceptance, error) {
	return channel.Acceptance{ProviderID: "id"}, nil
}

func refusing(code channel.Code) stub {
	return func(context.Context, *channel.Request) (channel.Acceptance, error) {
		return channel.Acceptance{}, &channel.Error{Code: code}
	}
}

// hub is a System on a memory, running.
type hub struct {
	*memory
	system *System
	stop   context.CancelFunc
	ended  chan error
}

// spec is a channel whose senders all are the given adapter.
func spec(name string, a channel.Adapter) channel.Spec {
	return channel.Spec{
		Name: name, SignatureHeader: "X-" + name + "-Signature", Pace: channel.Pace{InFlight: 8, Timeout: 10 * time.Second},
		New: func(channel.Sender) (channel.Adapter, error) { return a, nil },
	}
}

// senders is a live and a test sender, "main", of each spec.
func senders(specs ...channel.Spec) []Sender {
	var out []Sender
	for _, s := range specs {
		for _, test := range []bool{false, true} {
			out = append(out, Sender{Channel: s.Name, Sender: channel.Sender{Name: "main", Test: test, HTTP: &channel.Client{}}})
		}
	}
	return out
}

func start(t *testing.T, m *memory, o Options) *hub {
	t.Helper()
	o.Log, o.Backlog = m, m
	if o.Shards == 0 {
		o.Shards = m.journal.shards
	}
	if o.Senders == nil {
		o.Senders = senders(o.Specs...)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	m.journal.feed = s.Offer
	m.mu.Unlock()
	ctx, stop := context.WithCancel(t.Context())
	h := &hub{memory: m, system: s, stop: stop, ended: make(chan error, 1)}
	var timekeeper sync.WaitGroup
	timekeeper.Go(func() { m.keepTime(ctx) })
	go func() {
		err := s.Run(ctx)
		stop()
		timekeeper.Wait()
		h.ended <- err
	}()
	return h
}

// end stops the hub and returns what Run did.
func (h *hub) end() error {
	h.stop()
	return <-h.ended
}

// text is a message over the given channels to one address.
func text(to string, channels ...string) *message.Outbound {
	o := &message.Outbound{
		Workspace: 1, On: message.OnAll, CreatedAt: message.TimeOf(time.Now()), ExpiresIn: message.DefaultExpiresIn,
	}
	for _, c := range channels {
		o.Steps = append(o.Steps, message.Step{Channel: c, To: to, ContentType: message.Text, Content: "secret words", Success: message.Sent})
	}
	return o
}

// lone is the choice of a lane that has nobody.
func lone() *choice { return newChoice(make([]candidate, 1)) }

func wantStatuses(t *testing.T, m *memory, id message.ID, want ...message.Status) {
	t.Helper()
	if got := m.statuses(id); !slices.Equal(got, want) {
		t.Errorf("attempts are %v, want %v", got, want)
	}
}
