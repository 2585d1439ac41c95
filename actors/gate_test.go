package actors

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestPaceNeverBursts is the invariant of pace, over random takes and refunds.
func TestPaceNeverBursts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate, burst := rapid.Float64Range(0.1, 1000).Draw(t, "rate"), rapid.IntRange(0, 20).Draw(t, "burst")
		p := newPace(rate, burst)
		var now time.Duration
		var taken []time.Duration
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now += time.Duration(rapid.Int64Range(0, int64(2*time.Second/time.Duration(1+rate))).Draw(t, "pass"))
			for p.earliest() <= now {
				p.take(now)
				if rapid.IntRange(0, 9).Draw(t, "unused") == 0 {
					p.refund()
					break
				}
				taken = append(taken, now)
			}
		}
		for i := range taken {
			for j := i; j < len(taken); j++ {
				most := float64(max(burst, 1)) + float64(taken[j]-taken[i])/float64(p.interval)
				if got := j - i + 1; float64(got) > most+1e-6 {
					t.Fatalf("%d permits in %v, at most %.2f are allowed", got, taken[j]-taken[i], most)
				}
			}
		}
	})
}

func TestPaceWithoutARateHasNoBound(t *testing.T) {
	p := newPace(0, 0)
	for range 1000 {
		if p.earliest() > 0 {
			t.Fatal("an unbounded pace makes wait")
		}
		p.take(0)
	}
}

func openBreaker(t *testing.T, b *breaker, now time.Duration) {
	t.Helper()
	for range breakerFailures {
		if b.state != BreakerClosed {
			t.Fatalf("the breaker is %v too early", b.state)
		}
		b.record(now, b.generation, verdictFailing, 0)
	}
	if b.state != BreakerOpen {
		t.Fatalf("the breaker is %v after %d failures", b.state, breakerFailures)
	}
}

func TestBreakerGrowsUpToItsMost(t *testing.T) {
	var b breaker
	openBreaker(t, &b, 0)
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		start := b.until - want*time.Second
		if b.earliest() != start+want*time.Second {
			t.Fatalf("open until %v, want %vs after %v", b.until, int(want), start)
		}
		now := b.until
		b.pass()
		if b.state != BreakerHalfOpen || b.earliest() != never {
			t.Fatalf("a probe is out, and the breaker is %v until %v", b.state, b.earliest())
		}
		b.record(now, b.generation, verdictFailing, 0)
		if next := min(2*want, 60) * time.Second; b.until-now != next {
			t.Fatalf("opened for %v after %vs, want %v", b.until-now, int(want), next)
		}
	}
}

func TestBreakerJitterTakesAtMostHalf(t *testing.T) {
	var b breaker
	for range breakerFailures {
		b.record(0, 0, verdictFailing, 0.999)
	}
	if b.until <= openFirst/2 || b.until >= openFirst {
		t.Errorf("open for %v, want between half and all of %v", b.until, openFirst)
	}
}

func TestBreakerIgnoresPermitsFromBeforeItsOpening(t *testing.T) {
	var b breaker
	openBreaker(t, &b, 0)
	for _, v := range []verdict{verdictAlive, verdictFailing, verdictStopped, verdictThrottled} {
		b.record(0, 0, v, 0)
	}
	if b.state != BreakerOpen || b.until != openFirst {
		t.Errorf("old news made it %v until %v", b.state, b.until)
	}
}

func TestBreakerProbeThatWasNotUsedLetsAnotherPass(t *testing.T) {
	for _, v := range []verdict{verdictUnused, verdictNone} {
		var b breaker
		openBreaker(t, &b, 0)
		b.pass()
		b.record(b.until, b.generation, v, 0)
		if b.state != BreakerHalfOpen || b.earliest() != 0 {
			t.Errorf("after verdict %d it is %v until %v", v, b.state, b.earliest())
		}
	}
}

func TestBreakerCountsFailuresInARowOnly(t *testing.T) {
	var b breaker
	for range 10 {
		for range breakerFailures - 1 {
			b.record(0, 0, verdictFailing, 0)
		}
		b.record(0, 0, verdictAlive, 0)
	}
	if b.state != BreakerClosed {
		t.Errorf("the breaker is %v", b.state)
	}
}

func TestBreakerForgetsItsOpeningsWithASuccess(t *testing.T) {
	var b breaker
	for range 3 {
		openBreaker(t, &b, 0)
		if b.until != openFirst {
			t.Fatalf("open until %v, want %v", b.until, openFirst)
		}
		b.pass()
		b.record(b.until, b.generation, verdictAlive, 0)
	}
}

func TestBreakerStopsForLonger(t *testing.T) {
	var b breaker
	b.record(0, 0, verdictStopped, 0)
	if b.state != BreakerOpen || b.until != stopFirst {
		t.Errorf("a stopped sender is %v until %v, want open until %v", b.state, b.until, stopFirst)
	}
}

func TestGateServesShardsInTurn(t *testing.T) {
	g := newGate(pace{}, 6, 3)
	g.ask(0, 100)
	g.ask(2, 2)
	got := map[int]int{}
	for _, grant := range g.grant(0, nil) {
		got[grant.shard] += grant.n
	}
	if got[0] != 4 || got[1] != 0 || got[2] != 2 {
		t.Errorf("granted %v", got)
	}
	if g.earliest() != never {
		t.Error("a full gate waits for time")
	}
}

func TestGatePausesAreObeyedUpToADay(t *testing.T) {
	g := newGate(pace{}, 1, 1)
	g.inFlight = 1
	g.settle(0, report{verdict: verdictThrottled, retryAfter: 1000 * time.Hour})
	if g.earliest() != pauseObeyed {
		t.Errorf("paused until %v", g.earliest())
	}
}

func TestGateThrottlesOfOneMomentAreOneThrottle(t *testing.T) {
	g := newGate(pace{}, 3, 1)
	g.ask(0, 3)
	g.grant(0, nil)
	for range 3 {
		g.settle(0, report{verdict: verdictThrottled})
	}
	if g.throttles != 1 || g.resume > 2*pauseFirst {
		t.Errorf("%d throttles, paused until %v", g.throttles, g.resume)
	}
}

// TestGateBounds: in flight never more than the limit, one probe at a time,
// nothing inside a pause, and no ask is forgotten.
func TestGateBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit, shards := rapid.IntRange(1, 5).Draw(t, "limit"), rapid.IntRange(1, 4).Draw(t, "shards")
		g := newGate(newPace(rapid.Float64Range(0, 50).Draw(t, "rate"), 3), limit, shards)
		var now time.Duration
		var out []uint32
		asked, got := 0, 0
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			now += time.Duration(rapid.IntRange(0, 2000).Draw(t, "pass")) * time.Millisecond
			switch {
			case rapid.Bool().Draw(t, "ask"):
				n := rapid.IntRange(1, 4).Draw(t, "n")
				g.ask(rapid.IntRange(0, shards-1).Draw(t, "shard"), n)
				asked += n
			case len(out) > 0:
				v := verdict(rapid.IntRange(0, int(verdictStopped)).Draw(t, "verdict"))
				g.settle(now, report{generation: out[0], verdict: v, random: 0.5})
				out = out[1:]
			}
			paused := g.resume > now
			for _, grant := range g.grant(now, nil) {
				got += grant.n
				for range grant.n {
					out = append(out, grant.generation)
				}
				if paused {
					t.Fatal("a permit was granted inside a pause")
				}
			}
			if g.inFlight != len(out) || len(out) > limit {
				t.Fatalf("%d in flight, gate says %d, limit %d", len(out), g.inFlight, limit)
			}
			if g.breaker.state == BreakerOpen && g.breaker.until <= now && g.asked > 0 && g.inFlight < limit && !paused && g.pace.earliest() <= now {
				t.Fatal("an open breaker whose time has come lets no probe pass")
			}
			if asked != got+g.asked {
				t.Fatalf("asked %d, granted %d, waiting %d", asked, got, g.asked)
			}
		}
	})
}
