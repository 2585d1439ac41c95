package actors

import "messagehub/store/message"

// ref names a slot; 0 names none.
type ref int32

// slot holds one job of a shard's window.
//
// Invariant: a slot is in at most one list: its flow's ready list, its
// recipient's parked list of its class, or the shard's list of overdue jobs.
type slot struct {
	job        message.Job
	queue      *queue
	flow       *flow
	list       *list
	prev, next ref
	state      slotState
	diverted   bool   // overdue, expiring: it moves on without a try
	generation uint32 // of the permit it was sent with
}

type slotState uint8

const (
	free     slotState = iota
	ready              // in its flow, for the next permit
	parked             // waits for its recipient
	overdue            // waits to be expired or diverted
	sending            // handed to an attempt
	expiring           // its end is being recorded
)

// waits reports whether the slot's job may be sent yet.
func (t *slot) waits() bool { return t.state == ready || t.state == parked }

// list is a first-in first-out list of slots; the zero list is empty.
type list struct {
	head, tail ref
	n          int
}

// slab holds a shard's slots, and reuses them.
type slab struct {
	slots []slot // slots[0] is nobody's
	spare []ref
}

func (s *slab) at(i ref) *slot { return &s.slots[i] }

// add takes a slot for the job. Pointers from at are void after it.
func (s *slab) add(job message.Job) ref {
	if n := len(s.spare); n > 0 {
		i := s.spare[n-1]
		s.spare = s.spare[:n-1]
		s.slots[i].job = job
		return i
	}
	if len(s.slots) == 0 {
		s.slots = append(s.slots, slot{})
	}
	s.slots = append(s.slots, slot{job: job})
	return ref(len(s.slots) - 1)
}

// release gives the slot back. Precondition: it is in no list.
func (s *slab) release(i ref) {
	s.slots[i] = slot{}
	s.spare = append(s.spare, i)
}

func (s *slab) pushBack(l *list, i ref) {
	t := s.at(i)
	t.list, t.prev, t.next = l, l.tail, 0
	if l.tail != 0 {
		s.at(l.tail).next = i
	} else {
		l.head = i
	}
	l.tail = i
	l.n++
}

func (s *slab) pushFront(l *list, i ref) {
	t := s.at(i)
	t.list, t.prev, t.next = l, 0, l.head
	if l.head != 0 {
		s.at(l.head).prev = i
	} else {
		l.tail = i
	}
	l.head = i
	l.n++
}

// remove takes the slot out of the list it is in.
func (s *slab) remove(i ref) {
	t := s.at(i)
	l := t.list
	if t.prev != 0 {
		s.at(t.prev).next = t.next
	} else {
		l.head = t.next
	}
	if t.next != 0 {
		s.at(t.next).prev = t.prev
	} else {
		l.tail = t.prev
	}
	t.list, t.prev, t.next = nil, 0, 0
	l.n--
}
