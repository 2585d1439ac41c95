package actors

import (
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// tryOf is the first attempt of a message of two steps, started the given
// number of times.
func tryOf(tries int, on message.Causes) try {
	o := &message.Outbound{
		Steps: []message.Step{{Channel: "sms", To: "a"}, {Channel: "viber", To: "a"}}, On: on,
		CreatedAt: 1, ExpiresIn: message.DefaultExpiresIn,
	}
	state, _ := message.Begin(o, 1)
	state.Attempts[0].Status, state.Attempts[0].Tries = message.Sending, tries
	return try{outbound: o, state: &state, now: 1000, random: 0.25}
}

// TestEveryCodeHasItsFact goes through the whole table of send errors.
func TestEveryCodeHasItsFact(t *testing.T) {
	p := policy{channel.Rules()}
	want := map[channel.Action]message.Fact{
		channel.Fail:          {Kind: message.Rejected},
		channel.Again:         {Kind: message.Deferred},
		channel.SlowRecipient: {Kind: message.Deferred, Uncounted: true},
		channel.SlowSender:    {Kind: message.Deferred, Uncounted: true},
		channel.StopSender:    {Kind: message.Deferred, Uncounted: true},
		channel.Ask:           {Kind: message.Lost},
	}
	for code, rule := range p.rules {
		r := p.normal(result{err: &channel.Error{Code: code, ProviderCode: "7", ProviderMessage: "no\n"}})
		got := p.fact(tryOf(1, 0), r)
		if w := want[rule.Action]; got.Kind != w.Kind || got.Uncounted != w.Uncounted {
			t.Errorf("%s: kind %d uncounted %v, want kind %d uncounted %v", code, got.Kind, got.Uncounted, w.Kind, w.Uncounted)
		}
		f := got.Failure
		if f.Code != string(code) || f.Class != rule.Class || f.ProviderCode != "7" || f.ProviderMessage != "no " {
			t.Errorf("%s: failure %+v", code, f)
		}
		if got.Kind == message.Rejected && f.Permanent != rule.Permanent {
			t.Errorf("%s: permanent %v", code, f.Permanent)
		}
	}
}

// TestEveryCodeHasItsVerdict: what is the provider's fault counts against it,
// what is the message's shows that the provider works.
func TestEveryCodeHasItsVerdict(t *testing.T) {
	p := policy{channel.Rules()}
	for code, rule := range p.rules {
		want := verdictAlive
		switch {
		case rule.Action == channel.StopSender:
			want = verdictStopped
		case rule.Action == channel.SlowSender:
			want = verdictThrottled
		case rule.Class == message.Provider:
			want = verdictFailing
		}
		if got := p.verdict(p.normal(result{err: &channel.Error{Code: code}})); got != want {
			t.Errorf("%s: verdict %d, want %d", code, got, want)
		}
	}
	if got := p.verdict(p.normal(result{})); got != verdictAlive {
		t.Errorf("an acceptance: verdict %d", got)
	}
	if got := p.verdict(p.normal(result{panicked: true})); got != verdictNone {
		t.Errorf("a panic: verdict %d", got)
	}
}

func TestRetryBacksOffWithFullJitter(t *testing.T) {
	p := policy{channel.Rules()}
	for tries, span := range []time.Duration{1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 8 * time.Second, 5: 16 * time.Second} {
		if tries == 0 {
			continue
		}
		for _, random := range []float64{0, 0.25, 0.999} {
			in := tryOf(tries, message.OnAll)
			in.random = random
			got := p.fact(in, result{err: &channel.Error{Code: channel.ProviderError}})
			if want := in.now.Add(time.Duration(random * float64(span))); got.Kind != message.Deferred || got.RetryAt != want {
				t.Errorf("try %d, random %v: kind %d at %d, want %d", tries, random, got.Kind, got.RetryAt, want)
			}
		}
	}
	got := p.fact(tryOf(retryTries, message.OnAll), result{err: &channel.Error{Code: channel.ProviderError}})
	if got.Kind != message.Rejected {
		t.Errorf("the last try gives kind %d", got.Kind)
	}
	if most := doubled(retryFirst, retryMost, 100); most != retryMost {
		t.Errorf("the span grows to %v", most)
	}
}

func TestRetryObeysTheLongerOfRetryAfterAndBackoff(t *testing.T) {
	p := policy{channel.Rules()}
	for _, code := range []channel.Code{channel.RateLimited, channel.RecipientRateLimited, channel.ProviderUnavailable} {
		long := p.fact(tryOf(3, 0), result{err: &channel.Error{Code: code, RetryAfter: time.Minute}})
		if long.RetryAt.Sub(1000) != time.Minute {
			t.Errorf("%s: retry after %v", code, long.RetryAt.Sub(1000))
		}
		short := p.fact(tryOf(3, 0), result{err: &channel.Error{Code: code, RetryAfter: time.Millisecond}})
		if short.RetryAt.Sub(1000) != time.Second {
			t.Errorf("%s: retry after %v", code, short.RetryAt.Sub(1000))
		}
	}
}

func TestStoppedSenderLetsTheMessageMoveOn(t *testing.T) {
	p := policy{channel.Rules()}
	refused := result{err: &channel.Error{Code: channel.BadCredentials}}
	if got := p.fact(tryOf(1, message.OnFailed), refused); got.Kind != message.Rejected {
		t.Errorf("with a next step: kind %d", got.Kind)
	}
	if got := p.fact(tryOf(1, message.OnExpired), refused); got.Kind != message.Deferred || !got.Uncounted {
		t.Errorf("a failure does not move it on: kind %d", got.Kind)
	}
	in := tryOf(1, message.OnFailed|message.OnUnroutable)
	in.outbound.Steps[1].Unroutable = "unroutable"
	if got := p.fact(in, refused); got.Kind != message.Deferred {
		t.Errorf("with no step that has an address: kind %d", got.Kind)
	}
}

// TestStoppedSenderBesideOthers: another sender comes before another step, but
// a message that may have reached the provider goes to neither.
func TestStoppedSenderBesideOthers(t *testing.T) {
	p := policy{channel.Rules()}
	refused := result{err: &channel.Error{Code: channel.BadCredentials}}
	in := tryOf(1, message.OnAll)
	in.elsewhere = true
	if got := p.fact(in, refused); got.Kind != message.Deferred || got.RetryAt.Sub(in.now) > retryFirst || !got.Uncounted {
		t.Errorf("kind %d at %v", got.Kind, got.RetryAt.Sub(in.now))
	}
	in.state.Attempts[0].Bound = true
	for _, code := range []channel.Code{channel.BadCredentials, channel.NoSender} {
		if got := p.fact(in, result{err: &channel.Error{Code: code}}); got.Kind != message.Lost || got.Failure.Code != string(code) {
			t.Errorf("a bound attempt, %s: kind %d %+v", code, got.Kind, got.Failure)
		}
	}
}

// TestOnwardAgreesWithTheLog: what Onward expects of a failure is what
// the transitions make of it.
func TestOnwardAgreesWithTheLog(t *testing.T) {
	for on := message.Causes(0); on <= message.OnAll; on++ {
		for mask := range 8 {
			o := &message.Outbound{On: on, CreatedAt: 1, ExpiresIn: message.DefaultExpiresIn, Steps: make([]message.Step, 4)}
			for i := range o.Steps {
				o.Steps[i] = message.Step{Channel: "sms", To: "a", Success: message.Sent}
				if i > 0 && mask&(1<<(i-1)) != 0 {
					o.Steps[i].Unroutable = "unroutable"
				}
			}
			s, _ := message.Begin(o, 1)
			s.Apply(o, message.Fact{Kind: message.Started, At: 1, Position: 1}, 2)
			want := o.Onward(0)
			e := s.Apply(o, message.Fact{Kind: message.Rejected, At: 1, Failure: &message.Failure{Code: "x"}}, 3)
			if e.Dispatch != want {
				t.Errorf("on %b, unroutable %b: moves on %v, expected %v", on, mask, e.Dispatch, want)
			}
		}
	}
}

func TestForeignErrorsAreUnknownOutcomes(t *testing.T) {
	p := policy{channel.Rules()}
	r := p.normal(result{err: &channel.Error{Code: "made_up", ProviderMessage: "x"}})
	if got := p.fact(tryOf(1, 0), r); got.Kind != message.Lost || got.Failure.Code != string(channel.OutcomeUnknown) {
		t.Errorf("kind %d, code %s", got.Kind, got.Failure.Code)
	}
}
