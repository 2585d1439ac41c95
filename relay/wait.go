package relay

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"messagehub/store/message"
)

// Bounds of "Prefer: wait=N".
const (
	maxWait = 30 * time.Second
	// maxWaiting bounds the requests held at once. One beyond it is answered
	// at once, as the preference allows.
	maxWaiting = 1000
)

// preferredWait reads the wait of a Prefer header: 0 without one, and at most
// maxWait. A preference that can't be read is ignored, as RFC 7240 says.
func preferredWait(header string) time.Duration {
	for header != "" {
		var item string
		item, header, _ = strings.Cut(header, ",")
		item, _, _ = strings.Cut(item, ";")
		name, value, ok := strings.Cut(item, "=")
		if !ok || !strings.EqualFold(strings.TrimSpace(name), "wait") {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"`)
		seconds, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			return 0
		}
		return min(time.Duration(seconds)*time.Second, maxWait)
	}
	return 0
}

// waiters are the requests that hold their answer until something happens to
// their message, and the idempotency keys that they hold.
//
// Invariant: a waiter is registered before it looks at the state, and the log
// tells of an event after the state can be read. So no event falls between.
type waiters struct {
	count atomic.Int64 // of places taken: without any, notify costs one load
	done  chan struct{}

	mu struct {
		sync.Mutex
		closed bool
		byWhat map[waited][]chan struct{}
		keys   map[heldKey]struct{}
	}
}

// waited is what a request waits for: an event of a message, or any event of a
// workspace.
type waited struct {
	message   message.ID
	workspace message.WorkspaceID
}

// heldKey is an idempotency key whose first request is not answered yet.
type heldKey struct {
	workspace  message.WorkspaceID
	route, key string
}

func newWaiters() *waiters {
	w := &waiters{done: make(chan struct{})}
	w.mu.byWhat = make(map[waited][]chan struct{})
	w.mu.keys = make(map[heldKey]struct{})
	return w
}

// enter takes a place for a request that wants to wait; false: it can't.
func (w *waiters) enter() bool {
	if w.count.Add(1) > maxWaiting {
		w.count.Add(-1)
		return false
	}
	return true
}

// leave gives the place back.
func (w *waiters) leave() { w.count.Add(-1) }

// held reports whether a request with the key is being held.
func (w *waiters) held(ws message.WorkspaceID, key message.Idempotency) bool {
	if key.Key == "" || w.count.Load() == 0 {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, ok := w.mu.keys[heldKey{ws, key.Route, key.Key}]
	return ok
}

// hold takes the key for a request that waits; false: another one has it.
func (w *waiters) hold(ws message.WorkspaceID, key message.Idempotency) bool {
	if key.Key == "" {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	k := heldKey{ws, key.Route, strings.Clone(key.Key)}
	if _, ok := w.mu.keys[k]; ok {
		return false
	}
	w.mu.keys[k] = struct{}{}
	return true
}

// release gives the key back.
func (w *waiters) release(ws message.WorkspaceID, key message.Idempotency) {
	if key.Key == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.mu.keys, heldKey{ws, key.Route, key.Key})
}

// register makes notify(what) wake the returned channel. The caller has
// entered.
func (w *waiters) register(what waited) chan struct{} {
	wake := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mu.byWhat[what] = append(w.mu.byWhat[what], wake)
	return wake
}

func (w *waiters) unregister(what waited, wake chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.mu.byWhat[what]
	for i := range all {
		if all[i] == wake {
			all = append(all[:i], all[i+1:]...)
			break
		}
	}
	if len(all) == 0 {
		delete(w.mu.byWhat, what)
		return
	}
	w.mu.byWhat[what] = all
}

// notify wakes the requests that wait for it. It never blocks.
func (w *waiters) notify(what waited) {
	if w.count.Load() == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wake := range w.mu.byWhat[what] {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// close wakes everybody for good: the server drains.
func (w *waiters) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.mu.closed {
		w.mu.closed = true
		close(w.done)
	}
}

// Observe is told of every event after it is durable. It costs two atomic
// loads while no request waits.
func (s *Server) Observe(e message.Event) {
	s.waiters.notify(waited{message: e.Message})
	s.waiters.notify(waited{workspace: e.Workspace})
}

// Settled is told that an attempt of a message has an outcome of which there is
// no event, once it is durable.
func (s *Server) Settled(id message.ID) { s.waiters.notify(waited{message: id}) }

// watch reads the message until its first attempt is settled, but no longer
// than d. The caller has entered.
func (s *Server) watch(c *call, id message.ID, d time.Duration) (*message.Outbound, *message.State, error) {
	what := waited{message: id}
	wake := s.waiters.register(what)
	defer s.waiters.unregister(what, wake)
	timer := time.NewTimer(d)
	defer timer.Stop()
	over := false
	for {
		c.inLog = true
		o, state, err := s.o.Messages.Message(c.key.Workspace, id)
		c.inLog = false
		if err != nil || over || settled(state) {
			return o, state, err
		}
		select {
		case <-wake:
		case <-timer.C:
			over = true
		case <-s.waiters.done:
			over = true
		}
	}
}

// settled reports whether the first attempt has an outcome, or will have none
// for long: a scheduled message isn't waited for.
func settled(s *message.State) bool {
	if s.Status == message.Scheduled || len(s.Attempts) > 1 {
		return true
	}
	first := s.Attempts[0].Status
	return first != message.Queued && first != message.Sending
}
