package actors

import (
	"context"
	"errors"
	"time"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

// Reports is where receipts go that did not come as a callback; durable when
// it returns nil.
type Reports interface {
	Report(rs []message.Receipt, at message.Time) error
}

// restartAfter is how long after a panic an adapter's own work begins again.
const restartAfter = 5 * time.Second

var errNoReports = errors.New("receipts are not taken here")

// reporter returns the Report of a lane's senders.
func (s *System) reporter(lane message.Lane) func([]message.Receipt) error {
	return func(rs []message.Receipt) error {
		if s.options.Reports == nil {
			return errNoReports
		}
		for i := range rs {
			rs[i].Channel, rs[i].Test = lane.Channel, lane.Test
		}
		return s.options.Reports.Report(rs, s.clock.read().wall)
	}
}

// keepRunning runs an adapter's work, again after a panic.
func (s *System) keepRunning(ctx context.Context, l *lane, out *sender, r channel.Runner) {
	for s.runOnce(ctx, l, out, r) && ctx.Err() == nil {
		timer := time.NewTimer(restartAfter)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// runOnce reports whether the work has panicked.
func (s *System) runOnce(ctx context.Context, l *lane, out *sender, r channel.Runner) (panicked bool) {
	defer func() {
		if v := recover(); v != nil {
			panicked = true
			s.options.Listener.OnQuarantine(l.name, out.name, *panicOf(v))
		}
	}()
	r.Run(ctx)
	return false
}
