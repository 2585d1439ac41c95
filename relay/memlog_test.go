package relay

import (
	"slices"
	"sync"
	"testing"

	"messagehub/store/message"
)

// memLog is a log in memory, with the real rules of what a fact does.
type memLog struct {
	t *testing.T
	// observe is called after each change, as the store does.
	observe func(message.Event)

	mu       sync.Mutex
	err      error // answers everything
	seq      uint64
	messages map[message.ID]*logged
	queries  []message.Query
	reports  []message.Receipt
	audits   []message.AuditEntry
}

type logged struct {
	o *message.Outbound
	s message.State
}

func newMemLog(t *testing.T) *memLog {
	return &memLog{t: t, messages: make(map[message.ID]*logged), observe: func(message.Event) {}}
}

func (l *memLog) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *memLog) Enter(o *message.Outbound, _ message.Idempotency) (message.Ticket, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	l.seq++
	p := message.At(l.seq, 0)
	own := cloneOutbound(o)
	own.ID = message.NewID(p, o.Salt)
	s, _ := message.Begin(own, p)
	l.messages[own.ID] = &logged{own, s}
	return message.Acceptance{ID: own.ID, Status: s.Status}, nil
}

func (l *memLog) Await(t message.Ticket) (message.Acceptance, error) {
	return t.(message.Acceptance), nil
}

func (l *memLog) Submit(o *message.Outbound, _ message.Idempotency, c message.Completion) (message.Acceptance, error) {
	t, err := l.Enter(o, message.Idempotency{})
	if err != nil {
		return message.Acceptance{}, err
	}
	go c.Complete(t.(message.Acceptance), nil)
	return l.Await(t)
}

// put accepts a message for the workspace and returns its id.
func (l *memLog) put(ws message.WorkspaceID, o *message.Outbound) message.ID {
	o.Workspace = ws
	t, err := l.Enter(o, message.Idempotency{})
	if err != nil {
		l.t.Fatal(err)
	}
	a, _ := l.Await(t)
	return a.ID
}

func (l *memLog) find(ws message.WorkspaceID, id message.ID) (*logged, error) {
	if l.err != nil {
		return nil, l.err
	}
	m := l.messages[id]
	if m == nil || m.o.Workspace != ws {
		return nil, message.ErrNotFound
	}
	return m, nil
}

func (l *memLog) Message(ws message.WorkspaceID, id message.ID) (*message.Outbound, *message.State, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.find(ws, id)
	if err != nil {
		return nil, nil, err
	}
	return m.o, m.copy(), nil
}

func (m *logged) copy() *message.State {
	s := m.s
	s.Attempts, s.Timeline = slices.Clone(s.Attempts), slices.Clone(s.Timeline)
	return &s
}

func (l *memLog) Fold(ws message.WorkspaceID, id message.ID, f message.Fact) (message.Folded, error) {
	l.mu.Lock()
	m, err := l.find(ws, id)
	if err != nil {
		l.mu.Unlock()
		return message.Folded{}, err
	}
	if f.Kind == message.Started {
		f.Position = m.s.Waiting
	}
	l.seq++
	effects := m.s.Apply(m.o, f, message.At(l.seq, 0))
	folded := message.Folded{Outbound: m.o, State: m.copy(), Refused: effects.Refused}
	l.mu.Unlock()
	for _, e := range effects.Entries {
		l.observe(message.Event{Workspace: ws, Message: id, Status: folded.State.Status, Entry: e})
	}
	return folded, nil
}

// fold folds facts, none of which may be refused.
func (l *memLog) fold(ws message.WorkspaceID, id message.ID, facts ...message.Fact) {
	l.t.Helper()
	for _, f := range facts {
		if f.At == 0 {
			f.At = day + 1000
		}
		if folded, err := l.Fold(ws, id, f); err != nil || folded.Refused {
			l.t.Errorf("fold %+v: refused %v, %v", f, folded.Refused, err)
		}
	}
}

func (l *memLog) List(ws message.WorkspaceID, q message.Query) (message.Page, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queries = append(l.queries, q)
	if l.err != nil {
		return message.Page{}, l.err
	}
	var page message.Page
	for _, m := range l.newest() {
		p := m.o.ID.Position()
		if m.o.Workspace != ws || m.o.Test != q.Test || (q.After != 0 && p >= q.After) {
			continue
		}
		if len(page.Messages) == q.Limit {
			page.Next = page.Messages[q.Limit-1].Outbound.ID.Position()
			break
		}
		page.Messages = append(page.Messages, message.Folded{Outbound: m.o, State: m.copy()})
	}
	return page, nil
}

func (l *memLog) newest() []*logged {
	all := make([]*logged, 0, len(l.messages))
	for _, m := range l.messages {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *logged) int { return int(b.o.ID.Position().Sequence()) - int(a.o.ID.Position().Sequence()) })
	return all
}

func (l *memLog) SubmitReport(r *message.Receipt, at message.Time, c message.Completion) error {
	rs := []message.Receipt{*r}
	go func() { c.Complete(message.Acceptance{}, l.Report(rs, at)) }()
	return nil
}

func (l *memLog) Report(rs []message.Receipt, _ message.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	l.reports = append(l.reports, rs...)
	return nil
}

func (l *memLog) Audit(e message.AuditEntry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.audits = append(l.audits, e)
	return nil
}

func (l *memLog) lastQuery() message.Query {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queries[len(l.queries)-1]
}
