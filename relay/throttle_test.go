package relay

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"messagehub/relay/tcp"
	"messagehub/store/message"
)

// handLoop is a loop that the test drives itself, one step at a time.
type handLoop struct {
	*loop
	t    *testing.T
	desk *desk
	poor string // a key without tokens
	now  time.Time
}

func newHandLoop(t *testing.T, edit func(*Options)) *handLoop {
	t.Helper()
	p, err := tcp.NewPoller()
	if err != nil {
		t.Skip("no loops on this system")
	}
	d := newDesk(t, func(o *Options) {
		o.Limits.NoBackPressure = false
		if edit != nil {
			edit(o)
		}
	})
	h := &handLoop{newLoop(d.server, p, newHandoff(8)), t, d, d.addKey(message.Key{Workspace: 7, Scopes: message.ScopeSend, PerMinute: 1}), time.Now()}
	t.Cleanup(func() {
		if n := p.Open(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
		_ = p.Close()
	})
	first := h.client()
	h.asks(first, h.poor)
	sentOf(t, h.answer(first), 202)
	_ = h.end(first)
	return h
}

// client connects a client to the loop.
func (h *handLoop) client() *socket {
	h.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		h.t.Fatal(err)
	}
	defer ln.Close()
	h.desk.addr = ln.Addr().String()
	s := h.desk.dial()
	nc, err := ln.Accept()
	if err != nil {
		h.t.Fatal(err)
	}
	front := h.desk.server.listen(nil)
	front.loops = &loops{all: []*loop{h.loop}}
	if c := front.admit(nc); c == nil || c.loop == nil {
		h.t.Fatal("not taken")
	}
	return s
}

func (h *handLoop) asks(s *socket, key string) { s.write(h.desk.post(key, sms(""))) }

// answer drives the loop until the client has its answer.
func (h *handLoop) answer(s *socket) reply {
	h.t.Helper()
	got := make(chan reply, 1)
	go func() { got <- s.read() }()
	for start := time.Now(); ; {
		h.step()
		select {
		case r := <-got:
			return r
		default:
		}
		if time.Since(start) > 10*time.Second {
			h.t.Fatal("no answer")
		}
	}
}

func (h *handLoop) step() {
	for _, s := range h.poller.Ready() {
		h.next(s)
	}
	h.now = h.now.Add(throttleEach)
	h.look(h.now)
}

// end closes a client, and drives the loop until its connection is closed.
func (h *handLoop) end(s *socket) error {
	err := s.nc.Close()
	for open := h.poller.Open(); h.poller.Open() == open; {
		h.step()
		select {
		case c := <-h.handoff.conns: // the HTTP server would see its end
			_ = c.Close()
		default:
		}
	}
	return err
}

func (h *handLoop) throttled(want int, when string) {
	h.t.Helper()
	if n := h.poller.CountThrottled(); n != want {
		h.t.Fatalf("%d throttled %s", n, when)
	}
}

func (h *handLoop) refuse(s *socket, times int) {
	h.t.Helper()
	for range times {
		h.asks(s, h.poor)
		refused(h.t, h.answer(s), 429, RateLimited)
	}
}

// Who is refused again and again is looked at later, together with all others
// who are, until a request is served.
func TestThrottle(t *testing.T) {
	h := newHandLoop(t, nil)
	greedy, polite := h.client(), h.client()
	h.refuse(greedy, throttleRun-1)
	h.throttled(0, "before the run is full")
	h.refuse(greedy, 1)
	h.throttled(1, "after it")
	h.asks(greedy, h.poor)
	h.lookAt = h.now.Add(time.Hour)
	for range 100 { // nobody who is served waits for it, and it ends no wait
		h.asks(polite, h.desk.live)
		for _, s := range h.poller.Wait(time.Now().Add(10 * time.Second)) {
			h.next(s)
		}
		sentOf(t, polite.read(), 202)
		h.look(h.now)
	}
	h.lookAt = h.now
	refused(t, h.answer(greedy), 429, RateLimited)
	h.asks(greedy, h.desk.live)
	sentOf(t, h.answer(greedy), 202)
	h.throttled(0, "after a request that was served")
	h.asks(greedy, h.desk.live)
	sentOf(t, h.answer(greedy), 202)
	h.refuse(greedy, throttleRun)
	h.throttled(1, "when it begins again")
	_ = h.end(greedy)
	h.throttled(0, "after the end")
	_ = h.end(polite)
}

// A look ends though its connections go on asking all the time, and what comes
// on others in the meantime is not put off by it.
func TestALookEnds(t *testing.T) {
	h := newHandLoop(t, nil)
	var all []*socket
	for range 3 {
		s := h.client()
		h.refuse(s, throttleRun)
		h.asks(s, h.poor)
		all = append(all, s)
	}
	h.throttled(3, "at first")
	for h.unseen, h.lookAt = 0, h.now; h.lookAt == h.now; {
		h.look(h.now)
	}
	if h.unseen != 0 || h.lookAt != h.now.Add(throttleEach) {
		t.Errorf("%d unseen, next look %s later", h.unseen, h.lookAt.Sub(h.now))
	}
	for _, s := range all {
		refused(t, h.answer(s), 429, RateLimited)
		_ = h.end(s)
	}
}

// A throttled connection that is silent is as any other again.
func TestThrottleEndsWithSilence(t *testing.T) {
	h := newHandLoop(t, nil)
	s := h.client()
	h.refuse(s, throttleRun)
	h.sweep(time.Now())
	h.throttled(1, "at once")
	h.sweep(time.Now().Add(throttleIdle + time.Millisecond))
	h.throttled(0, "after silence")
	h.refuse(s, 1)
	_ = h.end(s)
}

// Anything but a plain request goes to the HTTP server, with a connection that
// is told of at once.
func TestThrottledConnectionIsPassedOn(t *testing.T) {
	h := newHandLoop(t, nil)
	s := h.client()
	h.refuse(s, throttleRun)
	s.write("GET ")
	for len(h.handoff.conns) == 0 {
		h.step()
	}
	h.throttled(0, "with the HTTP server")
	c := <-h.handoff.conns
	if string(c.rest) != "GET " {
		t.Errorf("%q", c.rest)
	}
	_ = c.Close()
}

// A connection that a proxy shares among clients is neither throttled nor held
// back: the next one has done nothing.
func TestProxiesAreNotSlowedDown(t *testing.T) {
	h := newHandLoop(t, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	s := h.client()
	h.refuse(s, shedRun)
	h.throttled(0, "for a proxy")
	if run := h.poller.Parked(nil)[0].Owner.(*conn).sheds.run; run != 0 {
		t.Errorf("%d refusals count", run)
	}
	_ = h.end(s)
}
