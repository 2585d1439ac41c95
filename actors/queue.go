package actors

import "messagehub/store/message"

// queue is what a shard's window holds for one sender.
type queue struct {
	sender     int
	flows      map[flowKey]*flow
	rounds     [classes]round
	recipients map[uint64]*recipient
	held       int // jobs in the window, whatever their state
	ready      int // of these, in a flow's ready list
	asked      int // permits asked for and not yet granted
	// Both are made and forgotten with almost every job: some are kept.
	spareFlows      []*flow
	spareRecipients []*recipient
}

// maxSpare bounds what a queue keeps for reuse, of each kind.
const maxSpare = 256

// The classes of priority, the most urgent first, and how many jobs of each
// are started in one round of all: urgent jobs go first, and none starves.
const (
	classHigh = iota
	classNormal
	classBulk
	classes
)

var classOf = [classes]int{message.High: classHigh, message.Normal: classNormal, message.Bulk: classBulk}

var classCredit = [classes]int{classHigh: 16, classNormal: 4, classBulk: 1}

// flow is what one workspace sends at one priority, the unit of fairness.
type flow struct {
	key   flowKey
	ready list
	held  int
	// Its place in its class's round.
	// Invariant: it is active while it has ready jobs, and only then.
	active     bool
	prev, next *flow
	lag        lag
}

type flowKey struct {
	workspace message.WorkspaceID
	class     int
}

// round is the flows of a class that have ready jobs, in turn, and how many
// jobs the class may still start before the classes below it.
type round struct {
	head, tail *flow
	credit     int
}

func newQueue(sender int) *queue {
	return &queue{sender: sender, flows: make(map[flowKey]*flow), recipients: make(map[uint64]*recipient)}
}

// flow returns the flow of the key.
func (q *queue) flow(key flowKey) *flow {
	f := q.flows[key]
	if f == nil {
		f = reuse(&q.spareFlows)
		f.key = key
		q.flows[key] = f
	}
	return f
}

// forget drops a flow that holds nothing and waits for nothing.
func (q *queue) forget(f *flow) {
	if f.held == 0 && !f.lag.behind {
		delete(q.flows, f.key)
		spare(&q.spareFlows, f)
	}
}

// reuse takes a zero T from the kept ones, or makes one.
func reuse[T any](kept *[]*T) *T {
	n := len(*kept)
	if n == 0 {
		return new(T)
	}
	t := (*kept)[n-1]
	*kept = (*kept)[:n-1]
	return t
}

// spare clears t and keeps it, if there is room.
func spare[T any](kept *[]*T, t *T) {
	if len(*kept) < maxSpare {
		*t = *new(T)
		*kept = append(*kept, t)
	}
}

// join gives the flow a place at the end of its class's round, if it has none.
func (q *queue) join(f *flow) {
	if f.active {
		return
	}
	r := &q.rounds[f.key.class]
	f.active, f.prev, f.next = true, r.tail, nil
	if r.tail != nil {
		r.tail.next = f
	} else {
		r.head = f
	}
	r.tail = f
}

// leave takes the flow out of its class's round.
func (q *queue) leave(f *flow) {
	r := &q.rounds[f.key.class]
	if f.prev != nil {
		f.prev.next = f.next
	} else {
		r.head = f.next
	}
	if f.next != nil {
		f.next.prev = f.prev
	} else {
		r.tail = f.prev
	}
	f.active, f.prev, f.next = false, nil, nil
}

// turn returns the flow whose turn it is, or nil if no job is ready. The
// highest class goes first, until it has used its credit while others wait.
func (q *queue) turn() *flow {
	if q.ready == 0 {
		return nil
	}
	for c := range q.rounds {
		if r := &q.rounds[c]; r.head != nil && r.credit > 0 {
			return r.head
		}
	}
	for c := range q.rounds {
		q.rounds[c].credit = classCredit[c]
	}
	return q.turn()
}

// served charges the flow's class for a job started, and sends the flow to the
// end of the round.
func (q *queue) served(f *flow) {
	q.rounds[f.key.class].credit--
	if f.active {
		q.leave(f)
		q.join(f)
	}
}
