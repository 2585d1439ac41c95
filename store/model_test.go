package store

import (
	"cmp"
	"maps"
	"slices"

	"messagehub/store/message"
)

// model is what the store should be: maps in memory, folded by the same
// message.State, in the plainest way. Its positions are its own, in the same
// order as the store's.
type model struct {
	now       message.Time
	position  message.Position
	messages  map[message.ID]*modelMessage
	order     []message.ID
	pending   []message.Job
	since     map[message.Position]message.Time
	timers    map[modelTimer]bool
	providers map[modelProvider]target
	early     map[modelProvider]*orphans
	promises  map[modelPromise]promise
	events    map[message.WorkspaceID][]message.Event
}

type modelMessage struct {
	outbound *message.Outbound
	state    message.State
}

type modelProvider struct {
	lane message.Lane
	id   string
}

type modelPromise struct {
	workspace  message.WorkspaceID
	route, key string
}

type modelTimer struct {
	at       message.Time
	kind     message.TimerKind
	target   target
	provider modelProvider // of early receipts
}

func newModel(now message.Time) *model {
	return &model{
		now: now, messages: map[message.ID]*modelMessage{}, since: map[message.Position]message.Time{},
		timers: map[modelTimer]bool{}, providers: map[modelProvider]target{}, early: map[modelProvider]*orphans{},
		promises: map[modelPromise]promise{}, events: map[message.WorkspaceID][]message.Event{},
	}
}

// promised returns what an idempotency key says about a request.
func (m *model) promised(ws message.WorkspaceID, key message.Idempotency) (p promise, err error) {
	p, ok := m.promises[modelPromise{ws, key.Route, key.Key}]
	switch {
	case key.Key == "" || !ok || p.expires <= key.At:
		return promise{}, nil
	case p.body != key.Body:
		return promise{}, message.ErrKeyReused
	}
	return p, nil
}

// accept adds a message that the store has given its id.
func (m *model) accept(o *message.Outbound, key message.Idempotency) {
	m.position++
	state, effects := message.Begin(o, m.position)
	m.messages[o.ID] = &modelMessage{o, state}
	m.order = append(m.order, o.ID)
	m.carry(m.messages[o.ID], &effects)
	if key.Key != "" {
		m.promises[modelPromise{o.Workspace, key.Route, key.Key}] = promise{o.ID, state.Status, key.Body, key.At.Add(IdempotencyFor)}
	}
}

// fold folds fact into a message, and returns whether it was refused.
func (m *model) fold(id message.ID, fact message.Fact) (refused bool) {
	m.position++
	return m.foldHere(id, fact)
}

func (m *model) foldHere(id message.ID, fact message.Fact) bool {
	mm := m.messages[id]
	effects := mm.state.Apply(mm.outbound, fact, m.position)
	if effects.Refused {
		return true
	}
	m.carry(mm, &effects)
	if effects.Index {
		m.learn(mm, effects.IndexAttempt)
	}
	return false
}

func (m *model) carry(mm *modelMessage, effects *message.Effects) {
	o, s := mm.outbound, &mm.state
	if effects.Drop != 0 {
		m.pending = slices.DeleteFunc(m.pending, func(j message.Job) bool { return j.ID == o.ID && j.Position == effects.Drop })
	}
	if effects.Dispatch {
		a := &s.Attempts[s.Current()]
		j := o.Job(a.Step, s.Current())
		j.Bind(a)
		j.Position, j.Deadline = m.position, a.Deadline
		m.pending = append(m.pending, j)
		m.since[m.position] = s.UpdatedAt
	}
	for _, t := range effects.Disarm {
		delete(m.timers, modelTimer{at: t.At, kind: t.Kind, target: target{o.Workspace, o.ID, t.Attempt}})
	}
	for _, t := range effects.Arm {
		m.timers[modelTimer{at: t.At, kind: t.Kind, target: target{o.Workspace, o.ID, t.Attempt}}] = true
	}
	for _, e := range effects.Entries {
		if e.Type.Public() {
			m.events[o.Workspace] = append(m.events[o.Workspace], message.Event{
				Workspace: o.Workspace, Message: o.ID, Test: o.Test, Status: s.Status, CreatedAt: o.CreatedAt, Entry: e,
				Channel: o.Steps[s.Attempts[e.Attempt].Step].Channel,
			})
		}
	}
}

// learn makes an attempt known by its provider id.
func (m *model) learn(mm *modelMessage, i int) {
	o, a := mm.outbound, &mm.state.Attempts[i]
	p := modelProvider{o.Lane(a.Step), a.ProviderID}
	m.providers[p] = target{o.Workspace, o.ID, i}
	early := m.early[p]
	if early == nil {
		return
	}
	delete(m.early, p)
	delete(m.timers, modelTimer{at: early.expires, provider: p})
	for _, r := range early.receipts {
		fact := factOf(&r.receipt, i, m.now)
		fact.ReportedAt = cmp.Or(r.receipt.At, r.at)
		m.foldHere(o.ID, fact)
	}
}

// report folds a receipt.
func (m *model) report(r message.Receipt) {
	m.position++
	p := modelProvider{message.Lane{Channel: r.Channel, Test: r.Test}, r.ProviderID}
	t, found := target{}, false
	if ws, id, attempt, ok := message.ParseAttemptRef(r.Ref); ok {
		t, found = target{ws, id, attempt}, m.messages[id] != nil && m.messages[id].outbound.Workspace == ws
	}
	if !found {
		t, found = m.providers[p]
	}
	switch {
	case found && m.came(t, p.lane):
		m.foldHere(t.id, factOf(&r, t.attempt, m.now))
	case !found && r.ProviderID != "":
		m.shelve(p, r)
	}
}

// came reports whether an attempt went through the lane.
func (m *model) came(t target, lane message.Lane) bool {
	mm := m.messages[t.id]
	return t.attempt < len(mm.state.Attempts) && mm.outbound.Lane(mm.state.Attempts[t.attempt].Step) == lane
}

func (m *model) shelve(p modelProvider, r message.Receipt) {
	early := m.early[p]
	if early == nil {
		early = &orphans{expires: m.now.Add(OrphanFor)}
		m.early[p] = early
		m.timers[modelTimer{at: early.expires, provider: p}] = true
	}
	if len(early.receipts) < maxOrphans {
		early.receipts = append(early.receipts, orphan{m.now, r})
	}
}

// fire folds the timers that are due.
func (m *model) fire() {
	for {
		due := slices.SortedFunc(maps.Keys(m.timers), func(a, b modelTimer) int { return cmp.Compare(a.key(), b.key()) })
		due = slices.DeleteFunc(due, func(t modelTimer) bool { return t.at > m.now })
		if len(due) == 0 {
			return
		}
		for _, t := range due {
			delete(m.timers, t)
			if t.kind == message.NoTimer {
				delete(m.early, t.provider)
				continue
			}
			m.fold(t.target.id, t.kind.Fact(t.target.attempt, m.now))
		}
	}
}

// key sorts timers that fall due together as the store does.
func (t modelTimer) key() string {
	if t.kind == message.NoTimer {
		return string(appendOrphansTimer(nil, t.at, t.provider.lane, t.provider.id))
	}
	return string(appendTimerKey(nil, message.Timer{At: t.at, Kind: t.kind, Attempt: t.target.attempt}, t.target.workspace, t.target.id))
}
