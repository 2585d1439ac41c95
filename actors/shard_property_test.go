package actors

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// watched is a world whose promises are checked at each step.
type watched struct {
	*world
	t       *rapid.T
	started map[message.Position]bool
	live    map[message.ID]bool // sends in flight of this process
	// last is the newest first try started, for each order that is promised.
	last   map[order]message.Position
	orders []message.ID
}

// order is what messages keep their order within. Those that name their sender
// keep theirs even when others change.
type order struct {
	lane      message.Lane
	sender    string
	named     bool
	workspace message.WorkspaceID
	class     int
	recipient uint64
}

func watch(t *rapid.T) *watched {
	w := &watched{
		world: newWorld(), t: t, started: map[message.Position]bool{}, live: map[message.ID]bool{}, last: map[order]message.Position{},
	}
	w.seen = w.checkSend
	w.journal.observe = w.checkFact
	w.chose = func(l *worldLane, known bool) {
		maps.DeleteFunc(w.last, func(o order, _ message.Position) bool { return o.lane == l.lane && !(known && o.named) })
	}
	return w
}

// checkSend is told each send: none twice, none late, none out of order, and
// never two to one recipient.
func (w *watched) checkSend(f *flight) {
	job := &f.do.job
	if w.started[job.Position] {
		w.t.Fatalf("job %d is sent twice", job.Position)
	}
	w.started[job.Position] = true
	if job.Deadline <= w.now.wall {
		w.t.Fatalf("job %d is sent %v late", job.Position, w.now.wall.Sub(job.Deadline))
	}
	counts := make([]int, len(f.lane.senders))
	counts[f.do.sender]++
	for _, other := range w.flights {
		if other.lane != f.lane {
			continue
		}
		counts[other.do.sender]++
		if other.do.sender == f.do.sender && other.do.job.Recipient == job.Recipient {
			w.t.Fatalf("two sends to one recipient are in flight")
		}
	}
	for i, n := range counts {
		if n > f.lane.senders[i].inFlight {
			w.t.Fatalf("%d sends of %s are in flight", n, f.lane.senders[i].name)
		}
	}
	w.live[job.ID] = true
	if job.Position != job.ID.Position() {
		return // a retry, or a fallback
	}
	w.checkOrder(job, order{f.lane.lane, f.lane.senders[f.do.sender].name, false, job.Workspace, classOf[job.Priority], job.Recipient})
	if job.From != "" {
		w.checkOrder(job, order{f.lane.lane, job.From, true, job.Workspace, classOf[job.Priority], job.Recipient})
	}
}

func (w *watched) checkOrder(job *message.Job, o order) {
	if job.Position < w.last[o] {
		w.t.Fatalf("message of position %d is started after that of %d", job.Position, w.last[o])
	}
	w.last[o] = job.Position
}

func (w *watched) checkFact(id message.ID, fact message.Fact, e message.Effects) {
	if fact.Kind == message.Lost && fact.Failure.Code == string(channel.Interrupted) {
		if w.live[id] {
			w.t.Fatalf("a live send is declared interrupted")
		}
		if e.Refused {
			w.t.Fatalf("an interrupted send is told twice")
		}
	}
}

// check looks into the shards: what they say they hold is what they hold.
func (w *watched) check() {
	for _, l := range w.order {
		s := l.shard
		if s.sending != len(w.flightsOf(l)) {
			w.t.Fatalf("the shard counts %d sends of %d", s.sending, len(w.flightsOf(l)))
		}
		held, readies := make([]int, len(s.queues)), make([]int, len(s.queues))
		flows := map[*flow]int{}
		for i := range s.slots {
			if t := &s.slots[i]; t.state != free {
				held[t.queue.sender]++
				flows[t.flow]++
				if t.state == ready {
					readies[t.queue.sender]++
				}
			}
		}
		for i, q := range s.queues {
			if q.held != held[i] || q.ready != readies[i] || q.held > s.limits.window {
				w.t.Fatalf("queue %d says held %d ready %d, has %d and %d", i, q.held, q.ready, held[i], readies[i])
			}
			if asked := l.gates[i].asked; q.asked != asked {
				w.t.Fatalf("queue %d says it asked for %d permits, the gate %d", i, q.asked, asked)
			}
			w.checkQueue(q, flows)
		}
	}
}

func (w *watched) checkQueue(q *queue, flows map[*flow]int) {
	for _, f := range q.flows {
		if f.held != flows[f] {
			w.t.Fatalf("a flow says it holds %d, has %d", f.held, flows[f])
		}
		if f.active != (f.ready.n > 0) {
			w.t.Fatalf("a flow with %d ready jobs has active %v", f.ready.n, f.active)
		}
		if f.held == 0 && !f.lag.behind {
			w.t.Fatalf("a flow with nothing to do is kept")
		}
	}
	for _, r := range q.recipients {
		if _, waits := r.waiting(); waits && r.free(w.now.mono) && r.resumed == 0 {
			w.t.Fatalf("a free recipient has parked jobs, and none is resumed")
		}
	}
}

func (w *watched) flightsOf(l *worldLane) []*flight {
	return slices.DeleteFunc(slices.Clone(w.flights), func(f *flight) bool { return f.lane != l })
}

func (w *watched) randomLane(name string) *worldLane {
	pick := func(label string, low, high int) int { return rapid.IntRange(low, high).Draw(w.t, label) }
	window := pick("window", 1, 12)
	l := &worldLane{
		lane: message.Lane{Channel: name}, ring: pick("ring", 1, 6),
		limits: limits{window: window, share: pick("share", 1, window), asks: pick("asks", 1, 4), expiry: pick("expiry", 1, 2)},
	}
	l.senders = append(l.senders, worldSender{inFlight: 4}) // nobody
	l.senders = append(l.senders, w.randomSenders(1, 3)...)
	return l
}

func (w *watched) randomSenders(least, most int) []worldSender {
	pick := func(label string, low, high int) int { return rapid.IntRange(low, high).Draw(w.t, label) }
	var all []worldSender
	for i := range pick("senders", least, most) {
		rate := rapid.SampledFrom([]float64{0, 0, 5, 50}).Draw(w.t, "rate")
		share := Share{Weight: pick("weight", 0, 2)}
		share.Standby = share.Weight == 0 && rapid.Bool().Draw(w.t, "standby")
		if share.given() && rapid.Bool().Draw(w.t, "prefixed") {
			share.Prefixes = []uint64{uint64(pick("prefix", 1, 2))}
		}
		c := candidate{name: fmt.Sprintf("s%d", i), share: share}
		all = append(all, worldSender{c, newPace(rate, pick("burst", 1, 3)), pick("inflight", 1, 4)})
	}
	return all
}

func (w *watched) randomMessage() {
	to := rapid.SampledFrom([]string{"a", "b", "c", "+11", "+12", "+21"}).Draw(w.t, "to")
	from := rapid.SampledFrom([]string{"", "", "s0", "s1"}).Draw(w.t, "from")
	o := &message.Outbound{
		Workspace: message.WorkspaceID(rapid.IntRange(1, 3).Draw(w.t, "workspace")), On: message.OnAll, CreatedAt: w.now.wall,
		Priority:  message.Priority(rapid.IntRange(0, 2).Draw(w.t, "priority")),
		ExpiresIn: rapid.SampledFrom([]time.Duration{message.DefaultExpiresIn, 5 * time.Second, time.Minute}).Draw(w.t, "expires"),
		OnUnknown: message.UnknownPolicy(rapid.IntRange(0, 2).Draw(w.t, "unknown")),
	}
	for i := range rapid.IntRange(1, 2).Draw(w.t, "steps") {
		o.Steps = append(o.Steps, message.Step{Channel: []string{"x", "y"}[i], To: to, From: from, Success: message.Sent})
	}
	w.orders = append(w.orders, w.accept(o))
	if rapid.Bool().Draw(w.t, "settle") {
		w.settleDown()
	}
}

func (w *watched) randomAnswer() {
	if len(w.flights) == 0 {
		return
	}
	f := w.flights[rapid.IntRange(0, len(w.flights)-1).Draw(w.t, "flight")]
	code := rapid.SampledFrom([]channel.Code{
		"", "", "", channel.NotOnChannel, channel.ProviderError, channel.MediaUnavailable, channel.RateLimited,
		channel.RecipientRateLimited, channel.BadCredentials, channel.OutcomeUnknown, channel.Quarantined,
	}).Draw(w.t, "code")
	delete(w.live, f.do.job.ID)
	switch code {
	case "":
		w.answer(f, result{acceptance: channel.Acceptance{ProviderID: "x"}})
	case channel.Quarantined:
		w.answer(f, result{panicked: true})
	default:
		after := time.Duration(rapid.IntRange(0, 3).Draw(w.t, "after")) * time.Second
		w.answer(f, result{err: &channel.Error{Code: code, RetryAfter: after}})
	}
}

// randomReload changes the senders of a lane; they keep their bounds.
func (w *watched) randomReload() {
	l := w.order[rapid.IntRange(0, 1).Draw(w.t, "lane")]
	w.reload(l, w.randomSenders(0, 3))
	w.settleDown()
}

func (w *watched) randomPause() {
	l := w.order[rapid.IntRange(0, 1).Draw(w.t, "lane")]
	g := &l.gates[rapid.IntRange(1, len(l.gates)-1).Draw(w.t, "sender")]
	g.paused = !g.paused
	w.settleDown()
}

func (w *watched) reboot() {
	clear(w.live)
	w.restart()
}

// TestShardKeepsItsPromises plays random traffic, outcomes, cancels, time and
// restarts against small windows; at the end every message has come to an end,
// and no job is left behind.
func TestShardKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := watch(t)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		w.first = func() int { return rng.IntN(3) }
		w.addLane(w.randomLane("x"))
		w.addLane(w.randomLane("y"))
		w.settleDown()
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			switch rapid.IntRange(0, 12).Draw(t, "step") {
			case 0, 1, 2, 3, 4:
				w.randomMessage()
			case 5, 6, 7, 8:
				w.randomAnswer()
			case 9, 10:
				w.advance(time.Duration(rapid.IntRange(1, 3000).Draw(t, "pass")) * time.Millisecond)
			case 11:
				if len(w.orders) > 0 {
					id := rapid.SampledFrom(w.orders).Draw(t, "cancel")
					_, _ = w.fold(id, message.Fact{Kind: message.Cancel, At: w.now.wall})
				}
			case 12:
				switch rapid.IntRange(0, 12).Draw(t, "end") {
				case 2, 3:
					w.randomReload()
				case 4, 5:
					w.randomPause()
				case 0:
					w.reboot()
				case 1:
					w.drain()
					started := len(w.started)
					for range rapid.IntRange(0, 3).Draw(t, "answers") {
						w.randomAnswer()
						w.randomMessage()
					}
					if len(w.started) != started {
						t.Fatalf("a send was started in a drain")
					}
					w.reboot()
				}
			}
			w.check()
		}
		w.finish()
	})
}

// finish lets the provider work and time pass until nothing is left.
func (w *watched) finish() {
	for _, l := range w.order {
		for i := range l.gates {
			l.gates[i].paused = false
		}
	}
	w.settleDown()
	for range 10_000 {
		if len(w.flights) == 0 && w.waiting() == 0 && len(w.timers) == 0 {
			break
		}
		for len(w.flights) > 0 {
			delete(w.live, w.flights[0].do.job.ID)
			w.answer(w.flights[0], result{})
		}
		w.check()
		w.advance(time.Second)
	}
	if n := w.waiting(); n > 0 {
		w.t.Fatalf("%d jobs are left in the log", n)
	}
	for _, id := range w.orders {
		s := &w.records[id].state
		if last := s.Attempts[s.Current()].Status; last == message.Queued || last == message.Sending {
			w.t.Fatalf("a message is left: %s", w.statuses(id))
		}
	}
}
