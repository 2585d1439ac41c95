package relay

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"messagehub/store/message"
)

func newBucket(perMinute int64) *bucket {
	b := &bucket{}
	b.limit.Store(perMinute)
	return b
}

func TestBucketGivesItsCapacityAndRefillsContinuously(t *testing.T) {
	b, now := newBucket(60), day
	for i := range int64(60) {
		q := b.take(now)
		if !q.ok || q.limit != 60 || q.remaining != 59-i {
			t.Fatalf("token %d: %+v", i, q)
		}
		if want := int64(now)/1000 + i + 1; q.reset != want {
			t.Fatalf("token %d: full again at %d, want %d", i, q.reset, want)
		}
	}
	if q := b.take(now); q.ok || q.wait != 1 || q.remaining != 0 || q.reset != int64(now)/1000+60 {
		t.Fatalf("beyond the capacity: %+v", q)
	}
	if q := b.take(now.Add(999 * time.Millisecond)); q.ok {
		t.Fatalf("a token too early: %+v", q)
	}
	if q := b.take(now.Add(time.Second)); !q.ok || q.remaining != 0 {
		t.Fatalf("after a second: %+v", q)
	}
	if q := b.look(now.Add(time.Hour)); q.remaining != 60 {
		t.Fatalf("after an hour: %+v", q)
	}
}

func TestBucketWithoutLimit(t *testing.T) {
	b := newBucket(0)
	for range 1000 {
		if q := b.take(day); !q.ok || q.limit != 0 {
			t.Fatalf("%+v", q)
		}
	}
}

// A clock that jumps back by any distance costs at most one window.
func TestBucketSurvivesAClockThatJumps(t *testing.T) {
	b := newBucket(60)
	b.take(day)
	back := day.Add(-24 * time.Hour)
	if q := b.take(back); q.ok {
		t.Fatalf("a day back: %+v", q)
	}
	if q := b.take(back.Add(time.Second)); !q.ok {
		t.Fatalf("a second later: %+v", q)
	}
	if q := b.look(back.Add(time.Minute + time.Second)); q.remaining != 60 {
		t.Fatalf("a minute later: %+v", q)
	}
	ahead := back.Add(365 * 24 * time.Hour)
	for i := range 60 {
		if q := b.take(ahead); !q.ok {
			t.Fatalf("a year ahead, token %d: %+v", i, q)
		}
	}
	if q := b.take(ahead); q.ok {
		t.Fatal("a jump ahead gave more than a full bucket")
	}
}

func TestBucketKeepsWhatIsSpentWhenItsLimitChanges(t *testing.T) {
	b := newBucket(60)
	for range 60 {
		b.take(day)
	}
	b.limit.Store(600)
	if q := b.take(day); q.ok {
		t.Fatalf("a larger tier refilled the bucket: %+v", q)
	}
	if q := b.take(day.Add(100 * time.Millisecond)); !q.ok || q.limit != 600 {
		t.Fatalf("after a tenth of a second: %+v", q)
	}
}

// The bucket against the plainest model: a number of tokens that grows.
func TestBucketIsATokenBucket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.SampledFrom([]int64{1, 7, 60, 600, 6000, 60_000, 1_000_000}).Draw(t, "limit")
		b := newBucket(limit)
		interval := window / limit
		tokens, now := interval*limit, day // tokens in nanoseconds of refill
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			pass := rapid.Int64Range(0, 3*interval/1_000_000+2).Draw(t, "pass")
			now += message.Time(pass)
			tokens = min(tokens+pass*1_000_000, interval*limit)
			q := b.take(now)
			if q.ok != (tokens >= interval) {
				t.Fatalf("ok %t with %d of %d", q.ok, tokens, interval)
			}
			if q.ok {
				tokens -= interval
			}
			if q.remaining != tokens/interval {
				t.Fatalf("remaining %d, want %d", q.remaining, tokens/interval)
			}
		}
	})
}

func TestBucketGivesNoMoreThanItHasToMany(t *testing.T) {
	b := newBucket(1000)
	var given atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				if b.take(day).ok {
					given.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if given.Load() != 1000 {
		t.Errorf("gave %d tokens, want 1000", given.Load())
	}
}

func TestFailuresHaveABudgetByAddress(t *testing.T) {
	f := newFailures(3)
	spend := func(text string) bool { return f.take(addr(text), day).ok }
	for i := range 3 {
		if !spend("192.0.2.1") {
			t.Fatalf("failure %d refused", i)
		}
	}
	if spend("192.0.2.1") {
		t.Error("a fourth failure was within the budget")
	}
	if !spend("192.0.2.2") {
		t.Error("another address pays for the first")
	}
	for i, text := range []string{"2001:db8::1", "2001:db8::2", "2001:db8::ffff:1"} {
		if !spend(text) {
			t.Fatalf("IPv6 failure %d refused", i)
		}
	}
	if spend("2001:db8::4") {
		t.Error("addresses of one /64 have budgets of their own")
	}
	if !spend("2001:db8:0:1::1") {
		t.Error("another /64 pays for the first")
	}
	if !f.take(addr("192.0.2.1"), day.Add(21*time.Second)).ok {
		t.Error("the budget does not refill")
	}
}

// However many addresses fail, one that has just used up its budget is not
// forgotten for one that has hardly failed.
func TestFailuresForgetTheFullestBudgetFirst(t *testing.T) {
	f := newFailures(2)
	victim := addr("192.0.2.1")
	f.take(victim, day)
	f.take(victim, day)
	for i := range 4 * failureSets * failureWays {
		f.take(netipFrom(i), day)
	}
	if f.take(victim, day).ok {
		t.Error("a flood of addresses has wiped a used-up budget")
	}
}
