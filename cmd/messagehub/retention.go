package main

import (
	"log/slog"
	"time"

	"messagehub/cmd/messagehub/config"
	"messagehub/store"
	"messagehub/store/message"
)

const (
	retentionFirst = 10 * time.Minute // after the start, which has other work
	retentionEvery = time.Hour
	retentionClose = 2 * time.Second // for a removal in progress to end
)

// retention removes messages that are older than they are kept.
type retention struct {
	store     *store.Store
	keep      time.Duration
	unsettled time.Duration // for those that never came to an end; 0: for ever
	log       *slog.Logger
	stop      chan struct{}
	done      chan struct{}
}

func newRetention(s *store.Store, c config.Store, log *slog.Logger) *retention {
	return &retention{store: s, keep: c.Retention, unsettled: c.Unsettled, log: log}
}

func (r *retention) start() {
	r.stop, r.done = make(chan struct{}), make(chan struct{})
	go r.run()
}

// close ends it. It reports whether no removal is still in progress.
func (r *retention) close() bool {
	if r.stop == nil {
		return true
	}
	close(r.stop)
	timer := time.NewTimer(retentionClose)
	defer timer.Stop()
	select {
	case <-r.done:
		return true
	case <-timer.C:
		return false
	}
}

func (r *retention) run() {
	defer close(r.done)
	timer := time.NewTimer(retentionFirst)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			r.remove()
			timer.Reset(retentionEvery)
		case <-r.stop:
			return
		}
	}
}

func (r *retention) remove() {
	unsettled := message.Time(0)
	if r.unsettled > 0 {
		unsettled = now().Add(-r.unsettled)
	}
	gone, err := r.store.Retain(now().Add(-r.keep), unsettled)
	switch {
	case err != nil:
		r.log.Error("remove old messages", "error", err)
	case gone.Removed > 0:
		r.log.Info("old messages removed", "removed", gone.Removed, "kept", gone.Kept)
	}
}
