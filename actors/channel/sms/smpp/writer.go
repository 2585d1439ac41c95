package smpp

import (
	"net"
	"sync"
	"time"
)

// writeTimeout is how long the SMSC may take nothing before the connection
// counts as lost.
const writeTimeout = 30 * time.Second

// writer sends PDUs in the order in which they were put, all that wait in one
// write. Nothing is held back: while a write is under way, the next ones gather.
type writer struct {
	conn net.Conn
	wake chan struct{} // holds one: there is something to do

	mu      sync.Mutex
	waiting []byte
	slots   []*slot // of the requests in waiting; each knows where it ends
	closed  bool
}

func newWriter(conn net.Conn) *writer { return &writer{conn: conn, wake: make(chan struct{}, 1)} }

// put adds a PDU. It copies frame, and returns false if nothing is written any
// more. s is the slot of a request, else nil.
func (w *writer) put(frame []byte, s *slot) bool {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return false
	}
	w.waiting = append(w.waiting, frame...)
	if s != nil {
		s.end = len(w.waiting)
		w.slots = append(w.slots, s)
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return true
}

// close lets nothing more in. What waits is still written.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run writes until close or until a write fails. After it has returned, each
// slot knows whether its request was written whole.
func (w *writer) run() error {
	var batch, spare []byte
	var slots []*slot
	for range w.wake {
		w.mu.Lock()
		batch, w.waiting = w.waiting, spare[:0]
		slots, w.slots = w.slots, slots[:0]
		closed := w.closed
		w.mu.Unlock()
		if len(batch) > 0 {
			if err := w.write(batch, slots); err != nil {
				w.close()
				return err
			}
		}
		clear(slots)
		if spare = batch; cap(spare) > maxSpare {
			spare = nil
		}
		if closed {
			return nil
		}
	}
	return nil
}

// maxSpare bounds the buffer that is kept for the next batch.
const maxSpare = 1 << 20

// write writes a batch. A PDU that ends behind what the connection took never
// arrives whole, so it does not count as written.
func (w *writer) write(batch []byte, slots []*slot) error {
	for _, s := range slots {
		s.written = true
	}
	_ = w.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	n, err := w.conn.Write(batch)
	if err == nil {
		return nil
	}
	for _, s := range slots {
		s.written = s.end <= n
	}
	return err
}
