package actors

import (
	"sync"

	"messagehub/store/message"
)

// maxIdle bounds the hands that have nothing to do.
const maxIdle = 256

// crew is the goroutines that do what the shards say. They stay for the next
// action, with the stack that they have grown and the memory of a send.
type crew struct {
	mu     sync.Mutex
	idle   []*hand // the last at work last
	closed bool
}

// hand is a goroutine of the crew.
type hand struct {
	next chan task // closed: there will be none
	// memory of the task under way
	state message.State
	send  *request // nil: none is left
}

// task is an action of an actor's shard.
type task struct {
	actor *actor
	do    action
}

// begin has the task done, and waits for nothing.
func (c *crew) begin(t task) {
	c.mu.Lock()
	last := len(c.idle) - 1
	if last < 0 {
		c.mu.Unlock()
		w := &hand{next: make(chan task, 1)}
		w.next <- t
		go c.run(w)
		return
	}
	w := c.idle[last]
	c.idle = c.idle[:last]
	c.mu.Unlock()
	w.next <- t
}

func (c *crew) run(w *hand) {
	for t := range w.next {
		if t.do.kind == send {
			t.actor.attempt(&t.do, w)
		} else {
			t.actor.finish(&t.do)
		}
		if !c.rest(w) {
			return
		}
	}
}

// rest makes w idle, unless enough are.
func (c *crew) rest(w *hand) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.idle) == maxIdle {
		return false
	}
	c.idle = append(c.idle, w)
	return true
}

// close ends the hands once they are idle.
func (c *crew) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, w := range c.idle {
		close(w.next)
	}
	c.idle = nil
}
