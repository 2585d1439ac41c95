package actors

import (
	"context"
	"sync"
	"time"
)

// allowance is the context of one send: it ends with the System's sends, or
// when the sender's time for a send is over. Most sends ask for no more than
// its deadline: the timer behind Done is made for who asks for that.
type allowance struct {
	context.Context // of the System's sends
	until           time.Time

	mu     sync.Mutex
	timed  context.Context // nil: not asked for yet
	cancel context.CancelFunc
	over   bool
}

// begin begins it. It is called once, before anything else.
func (a *allowance) begin(sends context.Context, span time.Duration) {
	a.Context, a.until = sends, time.Now().Add(span)
}

// end releases what the allowance holds, when the send has returned. It reports
// whether somebody has asked for Done, and may look at it still.
func (a *allowance) end() (watched bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
	if a.cancel != nil {
		a.cancel()
	}
	return a.timed != nil
}

// Deadline implements [context.Context].
func (a *allowance) Deadline() (time.Time, bool) { return a.until, true }

// Done implements [context.Context].
func (a *allowance) Done() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.timed == nil {
		a.timed, a.cancel = context.WithDeadline(a.Context, a.until)
		if a.over {
			a.cancel()
		}
	}
	return a.timed.Done()
}

// Err implements [context.Context].
func (a *allowance) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.timed != nil:
		return a.timed.Err()
	case a.over:
		return context.Canceled
	case a.Context.Err() != nil:
		return a.Context.Err()
	case !time.Now().Before(a.until):
		return context.DeadlineExceeded
	}
	return nil
}

// Value implements [context.Context]. By it the contexts made of this one find
// the one that has the timer.
func (a *allowance) Value(key any) any {
	a.mu.Lock()
	timed := a.timed
	a.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return a.Context.Value(key)
}
