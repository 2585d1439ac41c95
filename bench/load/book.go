package load

import "time"

// book counts an answer.
func (w *worker) book(c *conn, a *answer) {
	now := w.now()
	s := c.source
	messages := int64(1)
	if each := s.Requests.Each(); a.status == 202 && each > 0 {
		messages = w.promise(c, a.body, each)
	}
	if !s.open() && now >= w.end { // a closed loop counts what was answered in its time
		return
	}
	from := c.due
	if s.Patience > 0 {
		from = c.sentAt
	}
	before := w.groups[s.Group].Accepted
	w.groups[s.Group].book(a, messages, time.Duration(now-from))
	if w.groups[s.Group].Accepted > before {
		w.chunk.accepted += messages
		_ = w.chunk.latency.RecordValue(min(max((now-from)/1000, 1), maxLatency))
	} else {
		w.chunk.errors++
	}
}

// promise notes the ids of a 202, and returns how many there are.
func (w *worker) promise(c *conn, body []byte, each int) int64 {
	if each == 1 {
		if id, _, ok := nextID(body); ok {
			w.promises.add(Promise{c.first, id})
		}
		return 1
	}
	n := int64(0)
	for {
		id, rest, ok := nextID(body)
		if !ok {
			return n
		}
		at := index(body[:len(body)-len(rest)])
		if at >= 0 && at < each {
			w.promises.add(Promise{c.first + uint64(at), id})
		}
		n++
		body = rest
	}
}

// lost counts a request whose connection broke.
func (w *worker) lost(c *conn) {
	w.groups[c.source.Group].Broken++
	w.chunk.errors++
	w.unanswered += int64(max(c.source.Requests.Each(), 1))
	c.busy = false
	w.busy--
}

// tick ends the interval when its time has come.
func (w *worker) tick(now int64) {
	for now >= int64(w.chunk.index+1)*int64(IntervalLength) && w.chunk.index < int(w.end/int64(IntervalLength)) {
		w.flush()
	}
}

func (w *worker) flush() {
	w.chunks <- w.chunk
	w.chunk = newChunk(w.chunk.index + 1)
}
