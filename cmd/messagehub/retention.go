package main

import (
	"log/slog"
	"time"

	"messagehub/store"
)

const (
	retentionFirst = 10 * time.Minute // after the start, which has other work
	retentionEvery = time.Hour
)

// retention removes messages that are older than they are kept.
type retention struct {
	store *store.Store
	keep  time.Duration
	log   *slog.Logger
	stop  chan struct{}
	done  chan struct{}
}

func newRetention(s *store.Store, keep time.Duration, log *slog.Logger) *retention {
	return &retention{store: s, keep: keep, log: log}
}

func (r *retention) start() {
	r.stop, r.done = make(chan struct{}), make(chan struct{})
	go r.run()
}

// close ends it; a removal in progress is finished first.
func (r *retention) close() {
	if r.stop != nil {
		close(r.stop)
		<-r.done
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
	gone, err := r.store.Retain(now().Add(-r.keep))
	switch {
	case err != nil:
		r.log.Error("remove old messages", "error", err)
	case gone.Removed > 0:
		r.log.Info("old messages removed", "removed", gone.Removed, "kept", gone.Kept)
	}
}
