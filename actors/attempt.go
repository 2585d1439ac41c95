package actors

import (
	"context"
	"errors"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// attempt sends the job once: the start is durable before the first byte is
// written, and the outcome is recorded whatever it is.
func (a *actor) attempt(do *action, w *hand) {
	defer a.work.Done()
	out := a.lane.at(do.sender)
	hold := time.Duration(0)
	if t, ok := a.begin(do, out, &w.state); ok {
		hold = a.carryOut(do, out, t, w)
	} else {
		out.gate.settle(report{generation: do.generation})
	}
	a.inbox.put(event{kind: settled, slot: do.slot, hold: hold})
}

// begin records the start, unless the job is not to be sent any more. The try's
// state is in s.
func (a *actor) begin(do *action, out *sender, s *message.State) (try, bool) {
	if a.run.Err() != nil {
		return try{}, false
	}
	folded, ok := a.fold(&do.job, message.Fact{
		Kind: message.Started, Attempt: do.job.Attempt, Position: do.job.Position, Sender: out.name, At: a.now().wall,
	}, s)
	if !ok || folded.Refused {
		return try{}, false
	}
	return try{outbound: folded.Outbound, state: s, attempt: do.job.Attempt}, true
}

// carryOut sends what has been started, settles the permit and records the
// outcome. It returns how long the recipient must be left alone.
func (a *actor) carryOut(do *action, out *sender, t try, w *hand) (hold time.Duration) {
	p := a.system.policy
	start := a.now()
	begun := start.mono
	adapter := out.engine.Load().adapter
	t.now, t.random, t.repeat = start.wall, a.system.options.Random(), repeatOf(adapter, t.step())
	if p.tooLate(t) {
		out.gate.settle(report{generation: do.generation})
		a.fold(&do.job, p.fact(t, result{err: &channel.Error{Code: channel.OutcomeUnknown}}), nil)
		return 0
	}
	r := p.normal(a.send(out, adapter, t, w))
	now := a.now()
	t.now = now.wall
	back := report{generation: do.generation, verdict: p.verdict(r), random: a.system.options.Random()}
	if r.err != nil {
		back.retryAfter = r.err.RetryAfter
	}
	t.elsewhere = back.verdict == verdictStopped && a.lane.elsewhere(&do.job, do.sender)
	out.note(p, r, now.wall)
	out.gate.settle(back)
	fact := p.fact(t, r)
	a.fold(&do.job, fact, nil)
	a.system.options.Listener.OnSend(a.lane.name, out.name, outcomeOf(&do.job, fact), now.mono-begun)
	if r.err != nil && p.rules[r.err.Code].Action == channel.SlowRecipient {
		return min(fact.RetryAt.Sub(now.wall), pauseObeyed)
	}
	return 0
}

func outcomeOf(job *message.Job, fact message.Fact) Outcome {
	o := Outcome{Message: job.ID, Attempt: job.Attempt, Kind: fact.Kind}
	if fact.Failure != nil {
		o.Code, o.Class = fact.Failure.Code, fact.Failure.Class
	}
	return o
}

// request is what an adapter gets for one send.
type request struct {
	allowance
	channel.Request
}

// send calls the adapter, within the sender's time for one send.
func (a *actor) send(out *sender, adapter channel.Adapter, t try, w *hand) result {
	if w.send == nil {
		w.send = new(request)
	}
	of := w.send
	*of = request{Request: channel.Request{
		Ref: message.AttemptRef(t.outbound.Workspace, t.outbound.ID, t.attempt), Test: t.outbound.Test,
		Step: t.step(), Expires: t.state.Attempts[t.attempt].Deadline,
	}}
	of.begin(a.sends, out.made.Load().Pace.Timeout)
	defer func() {
		if of.end() {
			w.send = nil
		}
	}()
	r, p := call(&of.allowance, adapter, &of.Request)
	if p != nil {
		p.Message, p.Attempt = t.outbound.ID, t.attempt
		a.system.options.Listener.OnQuarantine(a.lane.name, out.name, *p)
	}
	return r
}

// call is the one place where an adapter's panic in a send is caught: no call
// of the log is inside.
func call(ctx context.Context, adapter channel.Adapter, request *channel.Request) (r result, p *Panic) {
	defer func() {
		if v := recover(); v != nil {
			r, p = result{panicked: true}, panicOf(v)
		}
	}()
	acceptance, err := adapter.Send(ctx, request)
	if err == nil {
		return result{acceptance: acceptance}, nil
	}
	var known *channel.Error
	if !errors.As(err, &known) {
		known = &channel.Error{Code: channel.OutcomeUnknown}
	}
	return result{err: known}, nil
}

// finish records that the job waited for a provider longer than it may, or
// that it moves on since its sender is refused.
func (a *actor) finish(do *action) {
	defer a.work.Done()
	fact := message.Fact{Kind: message.Overdue, Attempt: do.job.Attempt, At: a.now().wall}
	if do.kind == divert {
		fact.Kind, fact.Position = message.Diverted, do.job.Position
		fact.Failure = a.lane.at(do.sender).refusal(a.system.policy)
	}
	a.fold(&do.job, fact, nil)
	a.inbox.put(event{kind: settled, slot: do.slot})
}

// fold records a fact about the job; s, if not nil, gets the state. ok is false
// if the log did not take it.
func (a *actor) fold(job *message.Job, fact message.Fact, s *message.State) (folded message.Folded, ok bool) {
	folded, err := a.system.options.Log.FoldInto(job.Workspace, job.ID, fact, s)
	if err != nil {
		a.system.check(err)
		return folded, false
	}
	return folded, true
}
