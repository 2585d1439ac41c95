package load

import (
	"context"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// worker is one loop over the connections of some sources. Nothing of it is
// shared while it runs.
type worker struct {
	address netip.AddrPort
	poll    *poller
	sources []*source
	conns   []*conn
	agenda  agenda
	retry   []*conn // broken, to be connected again
	buf     []byte  // what is read, before it is known to be whole

	start      time.Time
	end        int64         // nanoseconds since start; nothing is due from then on
	elapsed    time.Duration // until it had nothing more to send
	scan       int64         // when overdue answers were last looked for
	groups     []*Stats
	chunk      *chunk
	chunks     chan<- *chunk
	promises   ledger
	unanswered int64
	busy       int // connections with a request on them
	gen        Generator
}

// connectTime bounds the time in which all connections must be up.
const connectTime = 10 * time.Second

func newWorker(address netip.AddrPort, sources []Source, groups int, numbers *numbering) (*worker, error) {
	p, err := newPoller()
	if err != nil {
		return nil, err
	}
	w := &worker{address: address, poll: p, buf: make([]byte, 256<<10)}
	for range groups {
		w.groups = append(w.groups, NewStats())
	}
	w.gen = newGenerator(1, false)
	for i, spec := range sources {
		s := newSource(spec, float64(i)/float64(len(sources)))
		w.gen.Open = w.gen.Open || s.open()
		w.sources = append(w.sources, s)
		for range spec.Connections {
			c := &conn{source: s, number: int32(len(w.conns)), next: numbers.take(uint64(spec.Requests.Each())), repeat: numbers.repeat}
			w.conns = append(w.conns, c)
			if err := c.open(w); err != nil {
				return w, connectError(address.String(), err)
			}
		}
	}
	return w, w.allUp()
}

// allUp waits until every connection is up.
func (w *worker) allUp() error {
	for deadline := time.Now().Add(connectTime); ; {
		up := 0
		for _, s := range w.sources {
			up += len(s.idle)
		}
		if up == len(w.conns) {
			return nil
		}
		if time.Now().After(deadline) {
			return connectError(w.address.String(), unix.ETIMEDOUT)
		}
		for _, e := range w.poll.wait(longest) {
			c := w.conns[e.Fd]
			if c.up {
				continue
			}
			if err := c.comeUp(w); err != nil {
				return connectError(w.address.String(), err)
			}
			w.free(c, false)
		}
	}
}

func (w *worker) close() {
	for _, c := range w.conns {
		c.close()
	}
	w.poll.close()
}

func (w *worker) now() int64 { return int64(time.Since(w.start)) }

// run sends until the time is over, then waits for the last answers.
func (w *worker) run(ctx context.Context, start time.Time, duration time.Duration, chunks chan<- *chunk) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cpu := cpuOfThread()
	w.start, w.end, w.chunks, w.chunk = start, int64(duration), chunks, newChunk(0)
	w.begin()
	for ctx.Err() == nil && w.now() < w.end && !w.over() {
		w.step(true)
	}
	w.finish()
	w.gen.cpu, w.elapsed = cpuOfThread()-cpu, time.Duration(min(w.now(), w.end))
	for last := w.now() + int64(grace); ctx.Err() == nil && w.busy > 0 && w.now() < last; {
		w.step(false)
	}
	for w.chunk.index < int(w.elapsed/IntervalLength) {
		w.flush()
	}
	for _, c := range w.conns {
		if c.busy {
			w.lost(c)
		}
	}
}

// finish sends what is due at the end; what finds no connection then is
// withheld, and counts as such.
func (w *worker) finish() {
	for s := w.agenda.due(w.end); s != nil; s = w.agenda.due(w.end) {
		w.serve(s, w.end)
	}
	for _, s := range w.sources {
		if s.open() {
			w.groups[s.Group].Withheld += s.schedule.skip(w.end)
		}
	}
}

// begin puts open sources on the agenda, and closed ones to work.
func (w *worker) begin() {
	for _, s := range w.sources {
		if s.open() {
			w.agenda.add(s)
			continue
		}
		w.sendAll(s)
	}
}

func (w *worker) sendAll(s *source) {
	for len(s.idle) > 0 && !s.over {
		c := s.pop()
		if !c.send(w, w.now(), false) {
			return
		}
	}
}

// over reports whether every source has come to its end.
func (w *worker) over() bool {
	for _, s := range w.sources {
		if !s.over {
			return false
		}
	}
	return w.busy == 0
}

// step sends what is due and reads what has come.
func (w *worker) step(sending bool) {
	wait := longest
	if sending {
		now := w.now()
		for s := w.agenda.due(now); s != nil; s = w.agenda.due(now) {
			w.serve(s, now)
		}
		wait = min(w.agenda.wait(w.now()), time.Duration(max(w.end-w.now(), int64(shortest))))
	}
	for _, e := range w.poll.wait(wait) {
		c := w.conns[e.Fd]
		if c.fd >= 0 {
			c.ready(w, e.Events, sending)
		}
	}
	w.reconnect()
	w.tick(w.now())
}

// serve sends the requests of an open source that are due, as far as it has
// connections.
func (w *worker) serve(s *source, now int64) {
	waited := s.blocked
	for !s.over && s.schedule.due() <= now {
		if s.Patience > 0 {
			w.withhold(s, now)
		}
		if due := s.schedule.due(); due > now || due >= w.end {
			break
		}
		if len(s.idle) == 0 {
			s.blocked = true
			return
		}
		c := s.pop()
		c.send(w, s.schedule.take(), waited)
	}
	s.blocked = false
	if s.schedule.due() < w.end && !s.over {
		w.agenda.add(s)
	}
}

func (w *worker) withhold(s *source, now int64) {
	n := s.schedule.skip(min(now-int64(s.Patience), w.end))
	w.groups[s.Group].Withheld += n
}

// free gives a connection back, and to work if there is any.
func (w *worker) free(c *conn, sending bool) {
	s := c.source
	s.idle = append(s.idle, c)
	switch {
	case !sending || s.over:
	case !s.open():
		w.sendAll(s)
	case s.blocked:
		w.serve(s, w.now())
	}
}
