package webhook

import (
	"cmp"
	"slices"
	"time"

	"messagehub/store/message"
)

const (
	// maxWindow is how many deliveries to one endpoint are under way at most.
	maxWindow = 16
	// maxRedeliveries bounds the events of an endpoint that wait to be tried
	// again. While there are as many, it gets no further ones.
	maxRedeliveries = 1000
	// downAfter is how many failures in a row, of more than one event, mean
	// that the endpoint is down.
	downAfter = 5
	// quietPages is how many pages without a delivery may pass before the cursor is
	// written down.
	quietPages = 64
)

// outbox decides what is delivered to one endpoint, and when. It is pure: no
// clock, no goroutine, no I/O, no randomness.
//
// Ownership: its courier's.
type outbox struct {
	state message.Outbox
	types typeSet
	test  bool
	// disableAfter is how long an endpoint may be down.
	disableAfter time.Duration
	disabled     bool

	window       int
	live, replay stretch
	bounds       message.Replay // of the replay
	later        []message.Redelivery
	flights      map[message.EventName]flight
	// messages that have an event under way.
	messages map[message.ID]int

	changes message.Settlement // since the last take
	changed bool
	quiet   int // pages since then
}

// flight is a delivery under way.
type flight struct {
	event message.Event // of a redelivery: its name alone
	// known: event is whole.
	known   bool
	attempt int
	probe   bool
	again   bool // it is of a replay
}

func newOutbox(state message.Outbox, later []message.Redelivery, replay message.Replay) *outbox {
	o := &outbox{
		state: state, later: later, window: 1, bounds: replay,
		flights: map[message.EventName]flight{}, messages: map[message.ID]int{},
	}
	o.live.read = state.Cursor
	o.replay.read, o.replay.ended = before(replay.Next), !replay.Has()
	return o
}

func before(p message.Position) message.Position { return max(p, 1) - 1 }

// configure puts an endpoint's settings in force. One that is enabled again is
// taken to be in order.
func (o *outbox) configure(e *message.Endpoint) {
	o.types, o.test = setOf(e.Types), e.Test
	enabled := e.Disabled == message.NotDisabled
	if o.disabled && enabled {
		o.changed, o.state.Health = true, message.EndpointHealth{}
		o.live.ended = false // nobody has told it of what came meanwhile
	}
	o.disabled = !enabled
}

// down reports whether the endpoint itself is the trouble, not an event.
func (o *outbox) down() bool {
	return o.state.Health.Failures >= downAfter && o.state.Health.Several
}

// next returns what is to be delivered now. Redeliveries come first, then the
// feed, then a replay. To an endpoint that is down goes one probe at a time:
// the oldest event that waits.
func (o *outbox) next(now message.Time) (f flight, ok bool) {
	down := o.down()
	if o.disabled || now < o.state.Health.NotBefore || len(o.flights) >= o.room(down) {
		return f, false
	}
	f, ok = o.nextLater(now, down)
	if !ok {
		f, ok = o.nextOf(&o.live)
	}
	if !ok {
		f, ok = o.nextOf(&o.replay)
		f.again = true
	}
	if ok {
		f.probe = down
		o.flights[f.event.Name()] = f
		o.live.mark(f.event.Name(), flying)
		o.replay.mark(f.event.Name(), flying)
	}
	return f, ok
}

func (o *outbox) room(down bool) int {
	if down {
		return 1
	}
	return o.window
}

func (o *outbox) nextLater(now message.Time, down bool) (flight, bool) {
	for i := range o.later {
		r := &o.later[i]
		if _, busy := o.flights[r.Event]; !busy && (down || r.Due <= now) {
			e := message.Event{Position: r.Event.Position, Ordinal: r.Event.Ordinal}
			return flight{event: e, attempt: r.Attempts + 1}, true
		}
	}
	return flight{}, false
}

func (o *outbox) nextOf(s *stretch) (flight, bool) {
	e := s.first(func(e *message.Event) bool {
		_, busy := o.flights[e.Name()]
		return busy || (!e.Message.IsZero() && o.messages[e.Message] > 0)
	})
	if e == nil {
		return flight{}, false
	}
	if !e.Message.IsZero() {
		o.messages[e.Message]++
	}
	return flight{event: e.Event, known: true, attempt: 1}, true
}

// wake returns when there may be something to do that nobody will tell of; 0:
// never.
func (o *outbox) wake(now message.Time) message.Time {
	idle := len(o.later) == 0 && len(o.live.events) == 0 && len(o.replay.events) == 0
	switch {
	case o.disabled || idle:
		return 0
	case now < o.state.Health.NotBefore:
		return o.state.Health.NotBefore
	case len(o.flights) >= o.room(o.down()):
		return 0 // what lands will tell
	case o.down():
		return now
	}
	var first message.Time
	for i := range o.later {
		r := &o.later[i]
		if _, busy := o.flights[r.Event]; !busy && (first == 0 || r.Due < first) {
			first = r.Due
		}
	}
	return first
}

// read returns the stretch that should be read on, and from where; nil: none.
func (o *outbox) read() (s *stretch, after message.Position) {
	switch {
	case o.disabled:
	case o.live.hungry():
		return &o.live, o.live.read
	case o.replay.hungry() && o.bounds.Has():
		return &o.replay, o.replay.read
	}
	return nil, 0
}

// add takes in what was read of a stretch. full: there may be more.
func (o *outbox) add(s *stretch, events []message.Event, full bool) {
	wanted := o.wants
	if s == &o.replay {
		wanted = o.wantsAgain
		if n := len(events); n > 0 && events[n-1].Position >= o.bounds.End {
			full = false
		}
	}
	s.add(events, wanted)
	s.ended = !full
	if o.quiet++; o.quiet >= quietPages {
		o.changed = true
	}
	o.endReplay()
}

// wants reports whether an event is for the endpoint, and not tried again
// already.
func (o *outbox) wants(e *message.Event) bool {
	_, tried := o.find(e.Name())
	return e.Test == o.test && o.types.has(e.Entry.Type) && !tried
}

func (o *outbox) wantsAgain(e *message.Event) bool {
	at := learnt(e)
	return o.wants(e) && e.Position < o.bounds.End && at >= o.bounds.Since && (o.bounds.Until == 0 || at < o.bounds.Until)
}

// learnt returns when the relay learnt of an event.
func learnt(e *message.Event) message.Time { return max(e.Entry.ReceivedAt, e.Entry.At) }

// rerun begins a replay.
func (o *outbox) rerun(r message.Replay) {
	o.bounds, o.replay = r, stretch{read: before(r.Next)}
	o.changed, o.changes.Replay = true, &message.Replay{}
}

// endReplay notes that the replay is over, when it is.
func (o *outbox) endReplay() {
	if o.bounds.Has() && o.replay.ended && len(o.replay.events) == 0 {
		o.bounds, o.replay = message.Replay{}, stretch{ended: true}
		o.changed, o.changes.Replay = true, &message.Replay{}
	}
}

// again makes an event due, whatever became of it. It reports whether there is
// room.
func (o *outbox) again(name message.EventName, now message.Time) bool {
	if len(o.later) >= 2*maxRedeliveries {
		return false
	}
	o.postpone(message.Redelivery{Event: name, Due: now})
	o.live.mark(name, settled)
	o.replay.mark(name, settled)
	return true
}

// postpone adds or changes a redelivery.
func (o *outbox) postpone(r message.Redelivery) {
	if i, found := o.find(r.Event); found {
		o.later[i] = r
	} else {
		o.later = slices.Insert(o.later, i, r)
	}
	o.changed = true
	o.changes.Done = slices.DeleteFunc(o.changes.Done, func(n message.EventName) bool { return n == r.Event })
	o.changes.Later = append(o.changes.Later, r)
}

func (o *outbox) find(name message.EventName) (int, bool) {
	return slices.BinarySearchFunc(o.later, name, func(r message.Redelivery, n message.EventName) int {
		return compareNames(r.Event, n)
	})
}

func compareNames(a, b message.EventName) int {
	return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Ordinal, b.Ordinal))
}

// oldest returns when the relay learnt of the oldest event of the feed that
// waits; 0: none does.
func (o *outbox) oldest() message.Time {
	if len(o.live.events) == 0 || o.disabled {
		return 0
	}
	return learnt(&o.live.events[0].Event)
}

// take returns what has changed since the last take, to be written down. ok is
// false if that can wait.
func (o *outbox) take() (s message.Settlement, ok bool) {
	if !o.changed {
		return s, false
	}
	s, o.changes, o.changed, o.quiet = o.changes, message.Settlement{}, false, 0
	o.state.Cursor = o.live.passed()
	s.Outbox = o.state
	if o.bounds.Has() {
		now := o.bounds
		now.Next = min(o.replay.passed()+1, now.End-1)
		s.Replay = &now
	}
	return s, true
}
