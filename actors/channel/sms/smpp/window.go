package smpp

import "sync"

// answer is the SMSC's to one request.
type answer struct {
	status uint32
	id     string
	err    error // an [*Unknown] or errSlotless in place of an answer
}

// slot is the place of one request that has no answer yet.
type slot struct {
	done chan answer // gets one answer, from whoever takes the slot out of the window
	// held is whether the request occupies one of the window's places:
	// enquire_link does not.
	held bool

	// Of the writer: see there.
	end     int
	written bool
}

// window holds the requests of one session that have no answer.
//
// Invariant: a slot is answered by whoever removes it, so exactly once.
type window struct {
	places chan struct{} // has an element for each slot that is held

	mu    sync.Mutex
	slots map[uint32]*slot
	last  uint32 // sequence number
	yes   bool   // an answer has come
}

func newWindow(size int) *window {
	return &window{places: make(chan struct{}, size), slots: make(map[uint32]*slot, size)}
}

// maxSequence is the highest sequence_number; the lowest is 1.
const maxSequence = 0x7fffffff

// register makes a slot; a held one is for the owner of a place.
func (w *window) register(held bool) (uint32, *slot) {
	s := &slot{done: make(chan answer, 1), held: held}
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		w.last = w.last%maxSequence + 1
		if w.slots[w.last] == nil {
			w.slots[w.last] = s
			return w.last, s
		}
	}
}

// take removes a slot and its place. It returns nil if the slot is gone.
func (w *window) take(sequence uint32) *slot {
	w.mu.Lock()
	s := w.slots[sequence]
	delete(w.slots, sequence)
	w.mu.Unlock()
	if s != nil && s.held {
		<-w.places
	}
	return s
}

// resolve gives a request its answer. One that nobody waits for any more is
// dropped.
func (w *window) resolve(sequence uint32, a answer) {
	s := w.take(sequence)
	if s == nil {
		return
	}
	if s.held && a.err == nil {
		w.mu.Lock()
		w.yes = true
		w.mu.Unlock()
	}
	s.done <- a
}

// fail ends all requests after the session has: those that were written are
// unknown.
func (w *window) fail(cause error) {
	w.mu.Lock()
	all := w.slots
	w.slots = map[uint32]*slot{}
	w.mu.Unlock()
	for _, s := range all {
		if s.held {
			<-w.places
		}
		if s.written {
			s.done <- answer{err: &Unknown{cause}}
		} else {
			s.done <- answer{err: errSlotless}
		}
	}
}

func (w *window) used() int { return len(w.places) }

// answered reports whether a message had an answer.
func (w *window) answered() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.yes
}
