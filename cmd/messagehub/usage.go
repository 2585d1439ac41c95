package main

import (
	"log/slog"
	"sync"
	"time"

	"messagehub/store"
	"messagehub/store/message"
)

// usageEvery is how often the use of keys is written down.
const usageEvery = 10 * time.Second

// keyUsage notes when keys are used, in memory, and writes it down now and then.
// A crash loses the last seconds of it.
type keyUsage struct {
	store *store.Store
	log   *slog.Logger
	stop  chan struct{}
	done  chan struct{}

	mu   sync.Mutex
	last map[message.ID]message.Time
}

func newKeyUsage(s *store.Store, log *slog.Logger) *keyUsage {
	return &keyUsage{store: s, log: log, last: map[message.ID]message.Time{}}
}

// Used notes a use. It never blocks for long.
func (u *keyUsage) Used(key message.ID, _ message.WorkspaceID, at message.Time) {
	u.mu.Lock()
	u.last[key] = at
	u.mu.Unlock()
}

func (u *keyUsage) start() {
	u.stop, u.done = make(chan struct{}), make(chan struct{})
	go u.run()
}

// close writes what is left.
func (u *keyUsage) close() {
	if u.stop != nil {
		close(u.stop)
		<-u.done
	}
}

func (u *keyUsage) run() {
	defer close(u.done)
	tick := time.NewTicker(usageEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			u.flush()
		case <-u.stop:
			u.flush()
			return
		}
	}
}

func (u *keyUsage) flush() {
	u.mu.Lock()
	uses := make([]store.KeyUse, 0, len(u.last))
	for id, at := range u.last {
		uses = append(uses, store.KeyUse{ID: id, At: at})
	}
	clear(u.last)
	u.mu.Unlock()
	if err := u.store.TouchKeys(uses); err != nil {
		u.log.Warn("note use of keys", "error", err)
	}
}
