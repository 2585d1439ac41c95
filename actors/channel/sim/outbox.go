package sim

import (
	"container/heap"
	"slices"
	"sync"
	"time"
)

// maxPosts bounds the receipts that wait to be posted.
const maxPosts = 1 << 19

// outbox holds the receipts that wait, the first due first.
type outbox struct {
	wake chan struct{} // holds one: the first due may have changed

	mu      sync.Mutex
	waiting byDue
	busy    int // taken and not done
	dropped uint64
	// down counts the connections refused in a row; nothing is due before
	// until.
	down    int
	until   time.Time
	settled []chan struct{}
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

func (o *outbox) add(p *Post) {
	o.mu.Lock()
	o.addLocked(p)
	o.mu.Unlock()
}

func (o *outbox) addLocked(p *Post) {
	if len(o.waiting) >= maxPosts {
		o.dropped++
		return
	}
	heap.Push(&o.waiting, p)
	if o.waiting[0].post == p {
		o.rouse()
	}
}

func (o *outbox) rouse() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// hasten makes everything due that waits, in its order.
func (o *outbox) hasten(now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	slices.SortFunc(o.waiting, func(a, b waiting) int { return a.due.Compare(b.due) })
	for i := range o.waiting {
		if w := &o.waiting[i]; w.due.After(now) {
			w.due, w.post.due = now, now
		}
	}
	o.rouse()
}

// next takes the first post that is due, or says how long to wait.
func (o *outbox) next(now time.Time) (*Post, time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) == 0 {
		return nil, time.Hour
	}
	due := o.waiting[0].due
	if due.Before(o.until) {
		due = o.until
	}
	if due.After(now) {
		return nil, due.Sub(now)
	}
	if o.down > 0 && o.busy > 0 { // one at a time tries
		return nil, downPause
	}
	o.busy++
	return heap.Pop(&o.waiting).(*Post), 0
}

// done ends what next began. A post that is not nil waits again.
func (o *outbox) done(again *Post) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy--
	if again != nil {
		o.addLocked(again)
	}
	if o.busy > 0 || len(o.waiting) > 0 {
		return
	}
	for _, c := range o.settled {
		close(c)
	}
	o.settled = nil
}

// reached records whether the receiver could be connected to.
func (o *outbox) reached(ok bool, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !ok {
		o.down++
		o.until = now.Add(min(pause(o.down), downPause))
		return
	}
	if o.down > 0 {
		o.down = 0
		o.rouse()
	}
}

// idle returns a channel that is closed when nothing waits.
func (o *outbox) idle() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := make(chan struct{})
	if o.busy == 0 && len(o.waiting) == 0 {
		close(c)
		return c
	}
	o.settled = append(o.settled, c)
	return c
}

func (o *outbox) counts() (waiting int, dropped uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.waiting) + o.busy, o.dropped
}

// waiting is a post in the heap, which looks at no more than when it is due.
type waiting struct {
	due  time.Time
	post *Post
}

// byDue implements [heap.Interface]. Its elements go in and out as *Post.
type byDue []waiting

func (h byDue) Len() int           { return len(h) }
func (h byDue) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h byDue) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

func (h *byDue) Push(p any) { *h = append(*h, waiting{p.(*Post).due, p.(*Post)}) }

func (h *byDue) Pop() any {
	old := *h
	last := old[len(old)-1].post
	old[len(old)-1] = waiting{}
	*h = old[:len(old)-1]
	return last
}
