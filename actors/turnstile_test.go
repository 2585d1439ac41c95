package actors

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// granting is a turnstile that counts what it grants to its one shard.
func granting(c clock, perSecond float64, got *atomic.Int64) *turnstile {
	return newTurnstile(newGate(newPace(perSecond, 1), 100, 1), c, func(g grant) { got.Add(int64(g.n)) }, func(BreakerState) {}, func() {})
}

// TestTurnstileFollowsItsClock: where the clock runs slower than the timers,
// a timer that fires early is set again.
func TestTurnstileFollowsItsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var got atomic.Int64
		slow := clock{func() time.Time { return begun.Add(time.Since(begun) / 2) }, begun}
		gate := granting(slow, 1, &got)
		gate.ask(0, 3)
		for _, want := range []int64{1, 2, 3} {
			synctest.Wait()
			if got.Load() != want {
				t.Errorf("%d permits after %v, want %d", got.Load(), time.Since(begun), want)
			}
			time.Sleep(2*time.Second + time.Millisecond)
		}
	})
}

func TestTurnstileGrantsNothingByTimeOnceClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got atomic.Int64
		gate := granting(clock{time.Now, time.Now()}, 1, &got)
		gate.ask(0, 3)
		gate.close()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := got.Load(); n != 1 {
			t.Errorf("%d permits", n)
		}
	})
}
