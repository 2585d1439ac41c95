package actors

import (
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// How a refused attempt is tried again: after a random part (full jitter) of a
// span that starts at retryFirst and doubles up to retryMost, at most
// retryTries times in all. The tries are counted in the log, so a restart
// starts no new count. A sender that its provider refuses is not asked again
// for its messages before stopFirst.
const (
	retryFirst = time.Second
	retryMost  = 5 * time.Minute
	retryTries = 6
)

// maxPanics is how often the adapter may panic over one step of a message
// before the step is given up. A panic leaves the outcome unknown, so it is
// the chain's onUnknown that decides whether there is a second.
const maxPanics = 3

// result is what a send came to: an acceptance, an error or a panic.
type result struct {
	acceptance channel.Acceptance
	err        *channel.Error
	panicked   bool
}

// policy turns results into facts. It is pure.
type policy struct {
	rules map[channel.Code]channel.Rule
}

// try is a started attempt: all that the policy looks at beside the result.
type try struct {
	outbound *message.Outbound
	state    *message.State
	attempt  int
	now      message.Time
	random   float64 // in [0,1), for jitter
	// repeat is how long the provider knows the attempt, see channel.Repeater;
	// 0: not at all.
	repeat time.Duration
	// elsewhere: another sender of the lane can take it at once.
	elsewhere bool
}

// step is what the attempt sends.
func (t try) step() *message.Step { return &t.outbound.Steps[t.state.Attempts[t.attempt].Step] }

// bound reports whether an earlier try may have reached the provider.
func (t try) bound() bool { return t.state.Attempts[t.attempt].Bound }

// repeatUntil is until when the attempt can be sent again without a second
// message, if it is one of unknown outcome: its first start is what the
// provider counts from.
func (t try) repeatUntil() message.Time {
	for i := range t.state.Timeline {
		if e := &t.state.Timeline[i]; t.repeat > 0 && e.Type == message.AttemptStarted && e.Attempt == t.attempt {
			return min(e.ReceivedAt.Add(t.repeat), t.state.Attempts[t.attempt].Deadline)
		}
	}
	return 0
}

// normal maps what an adapter must not return to what it then means: the
// request may have reached the provider.
func (p policy) normal(r result) result {
	if r.panicked {
		r.err = &channel.Error{Code: channel.Quarantined}
	} else if r.err != nil {
		if _, known := p.rules[r.err.Code]; !known {
			r.err = &channel.Error{Code: channel.OutcomeUnknown}
		}
	}
	return r
}

// verdict says what a normal result means for the sender.
func (p policy) verdict(r result) verdict {
	if r.err == nil {
		return verdictAlive
	}
	if r.panicked {
		return verdictNone
	}
	rule := p.rules[r.err.Code]
	switch {
	case rule.Action == channel.StopSender:
		return verdictStopped
	case rule.Action == channel.SlowSender:
		return verdictThrottled
	case rule.Class == message.Provider:
		return verdictFailing
	}
	return verdictAlive
}

// fact says what a normal result means for the message.
func (p policy) fact(t try, r result) message.Fact {
	if r.err == nil {
		return message.Fact{
			Kind: message.Accepted, Attempt: t.attempt, At: t.now,
			ProviderID: r.acceptance.ProviderID, Segments: r.acceptance.Segments,
		}
	}
	fact := message.Fact{Kind: message.Rejected, Attempt: t.attempt, At: t.now, Failure: p.failure(r.err)}
	switch p.action(t, r) {
	case channel.Ask:
		fact.Kind, fact.Failure.Permanent = message.Lost, false
	case channel.Again:
		p.postpone(&fact, t, r.err)
		fact.Repeat = p.rules[r.err.Code].Action == channel.Ask
		if fact.Repeat && fact.RetryAt >= t.repeatUntil() {
			fact.Kind, fact.RetryAt, fact.Repeat = message.Lost, 0, false
		}
	case channel.SlowRecipient, channel.SlowSender, channel.StopSender:
		p.postpone(&fact, t, r.err)
		fact.Uncounted = true
	}
	return fact
}

// action is the table's, unless the message leaves no choice.
func (p policy) action(t try, r result) channel.Action {
	action := p.rules[r.err.Code].Action
	switch {
	case r.panicked && panics(t) < maxPanics:
		return channel.Ask
	case action == channel.Ask && t.repeatUntil() > t.now && t.state.Attempts[t.attempt].Tries < retryTries:
		return channel.Again
	case action == channel.Again && t.state.Attempts[t.attempt].Tries >= retryTries:
		return channel.Fail
	case t.bound() && (action == channel.StopSender || r.err.Code == channel.NoSender):
		return channel.Ask
	case action == channel.StopSender && !t.elsewhere && t.outbound.Onward(t.state.Attempts[t.attempt].Step):
		return channel.Fail
	}
	return action
}

// tooLate reports whether the attempt repeats one of unknown outcome that the
// provider may have forgotten by now: it waited for a pause or a restart.
func (p policy) tooLate(t try) bool {
	last := t.state.Attempts[t.attempt].Error
	return last != nil && p.rules[channel.Code(last.Code)].Action == channel.Ask && t.now >= t.repeatUntil()
}

// postpone makes fact a retry, not before the provider wants it.
func (p policy) postpone(fact *message.Fact, t try, err *channel.Error) {
	span := doubled(retryFirst, retryMost, t.state.Attempts[t.attempt].Tries-1)
	if p.rules[err.Code].Action == channel.StopSender && !t.elsewhere {
		span = stopFirst
	}
	delay := time.Duration(t.random * float64(span))
	fact.Kind, fact.RetryAt = message.Deferred, t.now.Add(max(delay, err.RetryAfter))
}

// panics counts the panics over the attempt's step, the one at hand included.
func panics(t try) int {
	n := 1
	step := t.state.Attempts[t.attempt].Step
	for _, a := range t.state.Attempts[:t.attempt] {
		if a.Step == step && a.Error != nil && a.Error.Code == string(channel.Quarantined) {
			n++
		}
	}
	return n
}

// failure returns err in the log's terms.
func (p policy) failure(err *channel.Error) *message.Failure {
	rule := p.rules[err.Code]
	return &message.Failure{
		Code: string(err.Code), Class: rule.Class, Permanent: rule.Permanent,
		ProviderCode: channel.Clean(err.ProviderCode), ProviderMessage: channel.Clean(err.ProviderMessage),
	}
}

// interrupted is the fact about an attempt that an earlier process started.
func (p policy) interrupted(t try) message.Fact {
	return p.fact(t, result{err: &channel.Error{Code: channel.Interrupted}})
}
