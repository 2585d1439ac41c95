package actors

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// world is everything but goroutines: a journal, lanes of one shard each with
// their gates, and one clock. It does what the actor does, one thing at a
// time, and writes down what can be seen.
type world struct {
	*journal
	now     moment
	policy  policy
	lanes   map[message.Lane]*worldLane
	order   []*worldLane
	flights []*flight
	names   map[string]message.ID
	called  map[message.ID]string
	stopped bool
	random  func() float64
	out     strings.Builder
	// seen is told each send before it is noted as in flight.
	seen func(*flight)
	// chose is told when jobs may change their sender in a lane; known: only
	// those that name none.
	chose func(l *worldLane, known bool)
	// first says which source of jobs a turn tries first.
	first func() int
}

type worldLane struct {
	lane    message.Lane
	limits  limits
	senders []worldSender
	ring    int
	gates   []gate
	stands  []standing // as the shard was told last
	shard   *shard
	mailbox *mailbox
	events  []event
}

type worldSender struct {
	candidate
	pace     pace
	inFlight int
}

// flight is a send that awaits its outcome.
type flight struct {
	lane *worldLane
	do   action
	try  try
}

const worldStart = message.Time(1_000_000)

func newWorld() *world {
	w := &world{
		journal: newJournal(1), now: moment{wall: worldStart}, policy: policy{channel.Rules()},
		lanes: map[message.Lane]*worldLane{}, names: map[string]message.ID{}, called: map[message.ID]string{},
		random: func() float64 { return 0.5 }, seen: func(*flight) {},
		chose: func(*worldLane, bool) {}, first: func() int { return 0 },
	}
	w.journal.feed = func(lane message.Lane, _ int, job message.Job) { w.lanes[lane].mailbox.offer(job) }
	w.journal.observe = w.note
	return w
}

func (w *world) addLane(l *worldLane) {
	l.lane = message.Lane{Channel: l.lane.Channel}
	w.lanes[l.lane] = l
	w.order = append(w.order, l)
	w.boot(l)
}

// boot makes the lane's shard, gates and mailbox anew.
func (w *world) boot(l *worldLane) {
	l.gates, l.stands, l.events = nil, nil, nil
	l.open()
	l.shard = newShard(l.limits, l.choose())
	l.mailbox = newMailbox(l.ring)
}

// drain tells the shards to start nothing any more.
func (w *world) drain() {
	w.stopped = true
	for _, l := range w.order {
		w.step(l, event{kind: drained})
	}
	w.settleDown()
}

// restart kills the process and starts another on the same journal.
func (w *world) restart() {
	w.flights, w.stopped = nil, false
	for _, l := range w.order {
		w.boot(l)
	}
	w.settleDown()
}

// settleDown does all that can be done without time passing.
func (w *world) settleDown() {
	for w.fire(w.now.wall) || w.turnAll() {
	}
}

func (w *world) turnAll() bool {
	worked := false
	for _, l := range w.order {
		worked = w.turn(l) || worked
	}
	return worked
}

// turn is actor.turn.
func (w *world) turn(l *worldLane) bool {
	for i := range l.gates {
		w.passPermits(l, i)
	}
	if len(l.events) > 0 {
		e := l.events[0]
		l.events = l.events[1:]
		w.step(l, e)
		return true
	}
	if w.stopped {
		return false
	}
	sources := [...]func(*worldLane) bool{w.take, w.catchUp, w.sweep}
	first := w.first()
	for i := range sources {
		if sources[(first+i)%len(sources)](l) {
			return true
		}
	}
	return false
}

func (w *world) passPermits(l *worldLane, i int) {
	for _, g := range l.gates[i].grant(w.now.mono, nil) {
		l.events = append(l.events, event{kind: granted, sender: i, n: g.n, generation: g.generation})
	}
	if st := l.gates[i].standing(w.now.mono); st != l.stands[i] {
		l.stands[i] = st
		l.events = append(l.events, event{kind: stood, sender: i, standing: st})
	}
}

const worldBatch = 3

func (w *world) take(l *worldLane) bool {
	jobs := l.mailbox.take(make([]message.Job, 0, worldBatch))
	if len(jobs) > 0 {
		w.step(l, event{kind: delivered, jobs: jobs})
	}
	return len(jobs) > 0
}

func (w *world) catchUp(l *worldLane) bool {
	r, ok := l.mailbox.beginRead()
	if !ok {
		return false
	}
	jobs := w.backlog(place{l.lane, 0}, r.after, make([]message.Job, 0, worldBatch))
	l.mailbox.endRead(r, jobs, len(jobs) < worldBatch)
	w.step(l, event{kind: delivered, jobs: jobs})
	w.inspect(l)
	return true
}

func (w *world) sweep(l *worldLane) bool {
	after, ok := l.shard.wants()
	if !ok {
		return false
	}
	jobs := w.backlog(place{l.lane, 0}, after, make([]message.Job, 0, worldBatch))
	w.step(l, event{kind: swept, jobs: jobs, end: len(jobs) < worldBatch})
	w.inspect(l)
	return true
}

func (w *world) inspect(l *worldLane) {
	for _, i := range l.shard.fresh {
		job := &l.shard.at(i).job
		if l.mailbox.inherited(job.Position) && begun(&w.records[job.ID].state, job) {
			state := w.records[job.ID].state
			_, _ = w.fold(job.ID, w.policy.interrupted(try{state: &state, attempt: job.Attempt, now: w.now.wall}))
		}
	}
}

func (w *world) step(l *worldLane, e event) {
	if e.kind == stood || e.kind == chosen {
		w.chose(l, e.kind == stood)
	}
	for _, do := range slices.Clone(l.shard.step(w.now, e)) {
		switch do.kind {
		case send:
			w.send(l, do)
		case expire:
			_, _ = w.fold(do.job.ID, message.Fact{Kind: message.Overdue, Attempt: do.job.Attempt, At: w.now.wall})
			l.events = append(l.events, event{kind: settled, slot: do.slot})
		case divert:
			refusal := w.policy.failure(&channel.Error{Code: channel.BadCredentials})
			_, _ = w.fold(do.job.ID, message.Fact{
				Kind: message.Diverted, Attempt: do.job.Attempt, Position: do.job.Position, Failure: refusal, At: w.now.wall,
			})
			l.events = append(l.events, event{kind: settled, slot: do.slot})
		case ask:
			l.gates[do.sender].ask(0, do.n)
		case giveBack:
			for range do.n {
				l.gates[do.sender].settle(w.now.mono, report{generation: do.generation})
			}
		}
	}
}

func (w *world) send(l *worldLane, do action) {
	folded, _ := w.fold(do.job.ID, message.Fact{
		Kind: message.Started, Attempt: do.job.Attempt, Position: do.job.Position, Sender: l.senders[do.sender].name, At: w.now.wall,
	})
	if folded.Refused {
		l.gates[do.sender].settle(w.now.mono, report{generation: do.generation})
		l.events = append(l.events, event{kind: settled, slot: do.slot})
		return
	}
	f := &flight{l, do, try{outbound: folded.Outbound, state: folded.State, attempt: do.job.Attempt}}
	w.seen(f)
	w.flights = append(w.flights, f)
	if name := w.called[do.job.ID]; name != "" {
		fmt.Fprintf(&w.out, "send %s %s/%s\n", name, l.lane, l.senders[do.sender].name)
	}
}

// answer gives a send in flight its outcome.
func (w *world) answer(f *flight, r result) {
	w.flights = slices.DeleteFunc(w.flights, func(o *flight) bool { return o == f })
	r = w.policy.normal(r)
	f.try.now, f.try.random = w.now.wall, w.random()
	if w.policy.verdict(r) == verdictStopped {
		can := func(i int) bool { return i != f.do.sender && f.lane.gates[i].standing(w.now.mono) == up }
		to := f.lane.choose().pick(&f.do.job, can)
		f.try.elsewhere = to != nobodyIndex && can(to)
	}
	fact := w.policy.fact(f.try, r)
	back := report{generation: f.do.generation, verdict: w.policy.verdict(r), random: w.random()}
	done := event{kind: settled, slot: f.do.slot}
	if r.err != nil {
		back.retryAfter = r.err.RetryAfter
		if w.policy.rules[r.err.Code].Action == channel.SlowRecipient {
			done.hold = fact.RetryAt.Sub(w.now.wall)
		}
	}
	g := &f.lane.gates[f.do.sender]
	before := g.breaker.state
	g.settle(w.now.mono, back)
	_, _ = w.fold(f.do.job.ID, fact)
	if g.breaker.state != before && len(w.called) > 0 {
		fmt.Fprintf(&w.out, "breaker %s/%s %s\n", f.lane.lane, f.lane.senders[f.do.sender].name, g.breaker.state)
	}
	f.lane.events = append(f.lane.events, done)
	w.settleDown()
}

// advance lets time pass, event by event.
func (w *world) advance(d time.Duration) {
	end := w.now.mono + d
	for {
		w.settleDown()
		step := min(end-w.now.mono, w.sleep())
		if step <= 0 && w.now.mono >= end {
			return
		}
		step = max(step, time.Millisecond)
		w.now.mono += step
		w.now.wall = w.now.wall.Add(step)
		for _, l := range w.order {
			w.step(l, event{kind: ticked})
		}
	}
}

// sleep returns how long nothing happens by time alone, in whole milliseconds
// like the wall clock.
func (w *world) sleep() time.Duration {
	d := maxSleep
	if at, ok := w.nextTimer(); ok {
		d = min(d, at.Sub(w.now.wall))
	}
	for _, l := range w.order {
		d = min(d, l.shard.alarm(w.now))
		for i := range l.gates {
			g := &l.gates[i]
			if g.asked > 0 && g.earliest() != never {
				d = min(d, g.earliest()-w.now.mono)
			}
			if g.breaker.state == BreakerOpen && g.breaker.until > w.now.mono {
				d = min(d, g.breaker.until-w.now.mono)
			}
		}
	}
	if part := d % time.Millisecond; part > 0 {
		d += time.Millisecond - part
	}
	return d
}

// note writes down a fact of a message that has a name.
func (w *world) note(id message.ID, fact message.Fact, e message.Effects) {
	name := w.called[id]
	if name == "" || fact.Kind == message.Due {
		return
	}
	s := &w.records[id].state
	if e.Refused {
		if fact.Kind == message.Started {
			fmt.Fprintf(&w.out, "drop %s\n", name)
		}
		return
	}
	if fact.Kind != message.Started {
		fmt.Fprintf(&w.out, "record %s %s\n", name, describe(fact))
	}
	if i := s.Current(); e.Dispatch && i > 0 && i != fact.Attempt {
		fmt.Fprintf(&w.out, "queue %s %s\n", name, w.records[id].outbound.Lane(s.Attempts[i].Step))
	}
}

func describe(f message.Fact) string {
	text := factNames[f.Kind]
	if f.Failure != nil {
		text += " " + f.Failure.Code
	}
	if f.Kind == message.Deferred {
		text += fmt.Sprintf(" for %s", f.RetryAt.Sub(f.At))
	}
	if f.Uncounted {
		text += " uncounted"
	}
	return text
}

var factNames = map[message.FactKind]string{
	message.Accepted: "accepted", message.Rejected: "rejected", message.Deferred: "deferred", message.Lost: "lost",
	message.Diverted: "diverted", message.Overdue: "overdue", message.TimedOut: "timed out", message.Cancel: "canceled",
}

// flightOf returns the send in flight of the named message.
func (w *world) flightOf(name string) *flight {
	for _, f := range w.flights {
		if f.do.job.ID == w.names[name] {
			return f
		}
	}
	return nil
}

// statuses lists the attempts of a message: "whatsapp failed, sms sent".
func (w *world) statuses(id message.ID) string {
	r := w.records[id]
	var parts []string
	for _, a := range r.state.Attempts {
		parts = append(parts, fmt.Sprintf("%s %s tries=%d", r.outbound.Lane(a.Step), a.Status, a.Tries))
	}
	return cmp.Or(strings.Join(parts, ", "), "nothing")
}
