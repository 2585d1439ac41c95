package actors

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func newAllowance(sends context.Context, span time.Duration) *allowance {
	a := new(allowance)
	a.begin(sends, span)
	return a
}

func TestAllowanceEnds(t *testing.T) {
	rows := map[string]struct {
		end  func(sends context.CancelFunc, a *allowance)
		want error
	}{
		"by its deadline":    {func(context.CancelFunc, *allowance) { time.Sleep(time.Minute) }, context.DeadlineExceeded},
		"with the System":    {func(sends context.CancelFunc, _ *allowance) { sends() }, context.Canceled},
		"when it was enough": {func(_ context.CancelFunc, a *allowance) { a.end() }, context.Canceled},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sends, stop := context.WithCancel(t.Context())
				defer stop()
				asked, unasked := newAllowance(sends, time.Minute), newAllowance(sends, time.Minute)
				defer asked.end()
				defer unasked.end()
				made, cancel := context.WithCancel(asked)
				defer cancel()
				if at, ok := unasked.Deadline(); !ok || !at.Equal(time.Now().Add(time.Minute)) {
					t.Errorf("deadline %v, %t", at, ok)
				}
				if asked.Err() != nil || unasked.Err() != nil || made.Err() != nil {
					t.Error("it has ended at once")
				}
				row.end(stop, asked)
				row.end(stop, unasked)
				<-made.Done()
				<-unasked.Done()
				if asked.Err() != row.want || unasked.Err() != row.want || made.Err() != row.want {
					t.Errorf("ended with %v, %v, %v; want %v", asked.Err(), unasked.Err(), made.Err(), row.want)
				}
			})
		})
	}
}

func TestAllowanceMakesNoTimerUnasked(t *testing.T) {
	sends, stop := context.WithCancel(t.Context())
	defer stop()
	n := testing.AllocsPerRun(100, func() {
		a := newAllowance(sends, time.Minute)
		if _, ok := a.Deadline(); !ok || a.Err() != nil {
			t.Fatal("it has no deadline, or has ended")
		}
		a.end()
	})
	if n > 1 {
		t.Errorf("%.0f allocations, want one at most", n)
	}
}
