package actors

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"messagehub/store/message"
)

// batch is how many jobs an actor takes or reads at a time.
const batch = 256

// actor is the goroutine of one shard: it alone touches the shard, and does
// what it says. Attempts run beside it, on the crew.
type actor struct {
	system  *System
	lane    *lane
	index   int
	mailbox *mailbox
	inbox   *inbox
	shard   *shard
	jobs    []message.Job
	behind  bool        // as the listener was told last
	caught  atomic.Bool // it has read, once, all that waited at the start
	work    sync.WaitGroup
	// run ends when no more work is to be taken, sends when sends in flight
	// are to be abandoned. Both are set before the goroutine starts.
	run, sends context.Context
}

func newActor(s *System, l *lane, index int) *actor {
	window := s.options.Window
	limits := limits{window: window, share: max(1, window/4), asks: maxAsks, expiry: maxExpiring}
	return &actor{
		system: s, lane: l, index: index,
		mailbox: newMailbox(s.options.Mailbox), inbox: newInbox(),
		shard: newShard(limits, l.choice.Load()),
		jobs:  make([]message.Job, 0, batch),
	}
}

// offer takes a job from the log's feed.
func (a *actor) offer(job message.Job) {
	a.mailbox.offer(job)
	a.inbox.nudge()
}

// loop runs the shard until run ends and everything under way is settled.
func (a *actor) loop() {
	timer := time.NewTimer(maxSleep)
	defer timer.Stop()
	stop := a.run.Done()
	a.look(0, len(a.shard.stands))
	for {
		for a.turn() {
		}
		if stop == nil && !a.shard.busy() {
			return
		}
		timer.Reset(a.shard.alarm(a.now()))
		select {
		case <-a.inbox.wake:
		case <-timer.C:
			a.step(event{kind: ticked})
		case <-stop:
			stop = nil
			a.step(event{kind: drained})
		}
	}
}

// turn does what there is to do, and reports whether there was anything.
func (a *actor) turn() bool {
	events := a.inbox.take()
	for i := range events {
		switch e := &events[i]; e.kind {
		case stood:
			a.look(e.sender, e.sender+1)
		case chosen:
			known := len(a.shard.stands)
			a.step(*e)
			a.look(known, len(a.shard.stands))
		default:
			a.step(*e)
		}
	}
	worked := len(events) > 0
	if a.run.Err() != nil {
		return worked
	}
	worked = a.take() || worked
	worked = a.catchUp() || worked
	worked = a.sweep() || worked
	a.tellBehind()
	return worked
}

// look tells the shard how senders stand: as they do now, so that it does not
// matter in which order it was told to look. Those that it does not know yet
// are looked at when it does.
func (a *actor) look(from, to int) {
	for i := from; i < min(to, len(a.shard.stands)); i++ {
		a.step(event{kind: stood, sender: i, standing: a.lane.at(i).gate.standing()})
	}
}

// take moves jobs from the mailbox's ring into the shard.
func (a *actor) take() bool {
	a.jobs = a.mailbox.take(a.jobs[:0])
	if len(a.jobs) == 0 {
		return false
	}
	a.step(event{kind: delivered, jobs: a.jobs})
	return true
}

// catchUp reads on from the mailbox's cursor, if the mailbox is behind.
func (a *actor) catchUp() bool {
	r, ok := a.mailbox.beginRead()
	if !ok {
		return false
	}
	end, ok := a.read(r.after)
	if !ok {
		return false
	}
	a.mailbox.endRead(r, a.jobs, end)
	a.step(event{kind: delivered, jobs: a.jobs})
	a.inspect()
	return true
}

// sweep reads on for the flows that have left jobs in the log.
func (a *actor) sweep() bool {
	after, ok := a.shard.wants()
	if !ok {
		return false
	}
	end, ok := a.read(after)
	if !ok {
		return false
	}
	a.step(event{kind: swept, jobs: a.jobs, end: end})
	a.inspect()
	return true
}

// read reads a batch of jobs from the log.
func (a *actor) read(after message.Position) (end, ok bool) {
	jobs, err := a.system.options.Backlog.Backlog(a.lane.name, a.index, after, a.jobs[:0:batch])
	if err != nil {
		a.system.stop(fmt.Errorf("read backlog of %s: %w", a.lane.name, err))
		return false, false
	}
	a.jobs = jobs
	return len(jobs) < batch, true
}

// inspect finds, among the jobs just read and admitted, those that an earlier
// process had begun to send when it stopped, and records that their outcome is
// unknown. The shard sends a job at a later step than it admits it, and admits
// each job once: so what is found begun was not begun by this System.
func (a *actor) inspect() {
	for _, i := range a.shard.fresh {
		job := &a.shard.at(i).job
		if !a.mailbox.inherited(job.Position) {
			continue
		}
		if outbound, state, err := a.system.options.Log.Message(job.Workspace, job.ID); err != nil {
			a.system.check(err)
		} else if begun(state, job) {
			t := try{outbound: outbound, state: state, attempt: job.Attempt, now: a.now().wall, random: a.system.options.Random()}
			t.repeat = a.lane.repeatOf(state.Attempts[job.Attempt].Sender, t.step())
			_, err := a.system.options.Log.FoldInto(job.Workspace, job.ID, a.system.policy.interrupted(t), nil)
			a.system.check(err)
		}
	}
}

// begun reports whether the job's attempt has been started, and its outcome was
// never recorded. A receipt may have lifted it since.
func begun(s *message.State, job *message.Job) bool {
	return job.Attempt == s.Current() && s.Waiting == job.Position && s.Attempts[job.Attempt].Status != message.Queued
}

// step passes the event to the shard and does what it says.
func (a *actor) step(e event) {
	for _, do := range a.shard.step(a.now(), e) {
		switch do.kind {
		case send, expire, divert:
			a.work.Add(1)
			a.system.crew.begin(task{a, do})
		case ask:
			a.lane.at(do.sender).gate.ask(a.index, do.n)
		case giveBack:
			for range do.n {
				a.lane.at(do.sender).gate.settle(report{generation: do.generation})
			}
		}
	}
}

// tellBehind tells the listener when the mailbox has fallen behind or caught
// up.
func (a *actor) tellBehind() {
	behind := a.mailbox.isBehind()
	if !behind && !a.caught.Load() {
		a.caught.Store(true)
	}
	if behind != a.behind {
		a.behind = behind
		a.system.options.Listener.OnBehind(a.lane.name, a.index, behind)
	}
}

func (a *actor) now() moment { return a.system.clock.read() }
