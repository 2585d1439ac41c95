package relay

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp"
	"go.uber.org/goleak"

	"messagehub/store/message"
)

func TestAllowTellsTheMethods(t *testing.T) {
	d := newDesk(t, nil).open()
	got := d.ask(request("DELETE /api/v1/messages/send HTTP/1.1", "", "Authorization: Bearer "+d.live))
	refused(t, got, 405, MethodNotAllowed)
	if allow := got.header.Get("Allow"); !strings.Contains(allow, "POST") || strings.Contains(allow, "DELETE") {
		t.Errorf("Allow %q", allow)
	}
	options := d.ask(request("OPTIONS /api/v1/messages/send HTTP/1.1", "", "Authorization: Bearer "+d.live))
	if options.status != 204 || options.header.Get("Allow") != got.header.Get("Allow") || options.header.Get("Request-Id") == "" {
		t.Errorf("OPTIONS: %d %v", options.status, options.header)
	}
	for name := range options.header {
		if strings.HasPrefix(name, "Access-Control") {
			t.Errorf("a page elsewhere may read this: %s", name)
		}
	}
}

func TestAnswersSayNothingAboutTheServer(t *testing.T) {
	d := newDesk(t, nil).open()
	got := d.ask(d.post(d.live, sms("")))
	for name := range got.header {
		switch name {
		case "Content-Length", "Content-Type", "Date", "Request-Id", "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset":
		default:
			t.Errorf("header %s: %v", name, got.header[name])
		}
	}
}

func TestObserverIsToldOfEveryAnswer(t *testing.T) {
	var mu sync.Mutex
	var told []Answer
	d := newDesk(t, func(o *Options) {
		o.Answered = func(a Answer) {
			mu.Lock()
			defer mu.Unlock()
			a.Took = 0
			told = append(told, a)
		}
	}).open()
	d.ask(d.post(d.live, sms("")))
	d.ask(d.post(d.live, "{}"))
	d.ask("garbage\r\n\r\n")
	d.ask(request("GET /x HTTP/1.1", ""))
	mu.Lock()
	defer mu.Unlock()
	want := []Answer{{sendPath, 202, "", 0}, {sendPath, 400, MissingParameter, 0}, {"", 400, BadRequest, 0}, {"", 404, NotFound, 0}}
	for i := range want {
		if i >= len(told) || told[i] != want[i] {
			t.Fatalf("told %+v, want %+v", told, want)
		}
	}
}

// A handler that panics costs its own request and connection, nothing else.
func TestPanicOfAHandler(t *testing.T) {
	d := newDesk(t, nil)
	d.server.o.Channels = nil
	(*d.server.reader.carriers.Load())[2].Segments = func(string, bool, string) (int, string) { panic("cpk_live_secret") }
	d.open()
	s := d.dial()
	s.write(d.post(d.live, sms("")))
	got := s.read()
	refused(t, got, 500, Internal)
	if strings.Contains(got.body, "secret") || !s.closed() {
		t.Errorf("%s", got.body)
	}
	sentOf(t, d.ask(d.post(d.live, `{"to":"+14155550100","channel":"whatsapp","content":"x"}`)), 202)
	if n := d.server.gate.requests.Load(); n != 0 {
		t.Errorf("%d places are still taken", n)
	}
}

// A panic out of the log is not survived: nobody knows what the log holds.
func TestPanicOfTheLogIsNotSwallowed(t *testing.T) {
	d := newDesk(t, nil)
	d.log.panics = true
	ctx := &fasthttp.RequestCtx{}
	ctx.Request.Header.SetMethod("POST")
	defer func() {
		if cause := recover(); cause != "log is broken" {
			t.Errorf("recovered %v", cause)
		}
	}()
	d.server.serve(ctx, &route{public: true, handle: func(s *Server, c *call) {
		c.key, _ = d.keys.Lookup([]byte(d.live))
		c.inLog = true
		_, _ = s.o.Log.Enter(&message.Outbound{}, message.Idempotency{})
	}})
	t.Error("the panic was swallowed")
}

func TestDrainingRefusesNewWork(t *testing.T) {
	d := newDesk(t, nil).open()
	s := d.dial()
	s.write(d.post(d.live, sms("")))
	sentOf(t, s.read(), 202)
	d.server.Drain()
	s.write(d.post(d.live, sms("")))
	got := s.read()
	refused(t, got, 503, Draining)
	if !got.close || !s.closed() {
		t.Error("the connection goes on")
	}
	if d.log.count() != 1 {
		t.Errorf("%d stored, want 1", d.log.count())
	}
}

// mayStay are the goroutines that run already, and two of fasthttp's own: its
// clock, and the sweeper of idle workers, which ends with its next round.
func mayStay() []goleak.Option {
	return []goleak.Option{
		goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
	}
}

// A shutdown waits for the requests in flight, and for nobody else: idle
// connections end, and those that never asked anything too.
func TestShutdownWaitsForRequestsInFlight(t *testing.T) {
	defer goleak.VerifyNone(t, mayStay()...)
	d := newDesk(t, nil)
	d.log.hold, d.log.entered = make(chan struct{}), make(chan struct{}, 1)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- d.server.Serve(ln) }()
	silent, idle, busy := d.dial(), d.dial(), d.dial()
	idle.write(request("GET /nowhere HTTP/1.1", ""))
	if got := idle.read(); got.status != 404 {
		t.Fatalf("%d", got.status)
	}
	busy.write(d.post(d.live, sms("")))
	<-d.log.entered
	down := make(chan error, 1)
	start := time.Now()
	go func() { down <- d.server.Shutdown(context.Background()) }()
	if !silent.closed() || !idle.closed() {
		t.Error("a connection without a request goes on")
	}
	select {
	case err := <-down:
		t.Fatalf("shut down with a request in flight: %v", err)
	default:
	}
	close(d.log.hold)
	got := busy.read()
	sentOf(t, got, 202)
	if !got.close || !busy.closed() {
		t.Error("the connection of the last request goes on")
	}
	if err := errors.Join(<-down, <-served); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("took %s: it waited for a silent connection", took)
	}
	if _, err := net.Dial("tcp", d.addr); err == nil {
		t.Error("still listening")
	}
}

func TestShutdownIsOverWhenItsContextIs(t *testing.T) {
	d := newDesk(t, nil)
	d.log.hold, d.log.entered = make(chan struct{}), make(chan struct{}, 1)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- d.server.Serve(ln) }()
	busy := d.dial()
	busy.write(d.post(d.live, sms("")))
	<-d.log.entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.server.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if !busy.closed() {
		t.Error("the connection is not cut")
	}
	close(d.log.hold)
	<-served
}

func TestConnectionsBeyondTheLimit(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Limits.Connections = 2 }).open()
	good := d.post(d.live, sms(""))
	var open []*socket
	for range 2 {
		s := d.dial()
		s.write(good)
		sentOf(t, s.read(), 202)
		open = append(open, s)
	}
	for range 3 {
		s := d.dial()
		s.write(good)
		got := s.read()
		refused(t, got, 503, Overloaded)
		if !got.close || !s.closed() {
			t.Error("the connection goes on")
		}
	}
	open[0].write(good)
	sentOf(t, open[0].read(), 202)
	open[0].nc.Close()
	for { // the server sees the end a moment later
		s := d.dial()
		s.write(good)
		if got := s.read(); got.status == 202 {
			break
		}
	}
}

// shortOf is a listener that lacks file descriptors for a while.
type shortOf struct {
	net.Listener
	errs []error
}

func (l *shortOf) Accept() (net.Conn, error) {
	if len(l.errs) > 0 {
		err := l.errs[0]
		l.errs = l.errs[1:]
		return nil, err
	}
	return l.Listener.Accept()
}

func TestAcceptWaitsOutAShortage(t *testing.T) {
	d := newDesk(t, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.addr = ln.Addr().String()
	short := &shortOf{ln, []error{
		&net.OpError{Op: "accept", Err: syscall.EMFILE}, &net.OpError{Op: "accept", Err: syscall.ENFILE}, syscall.ECONNABORTED,
	}}
	served := make(chan error, 1)
	go func() { served <- d.server.Serve(short) }()
	sentOf(t, d.ask(d.post(d.live, sms(""))), 202)
	if err := d.server.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestAcceptGivesUpOnAnythingElse(t *testing.T) {
	d := newDesk(t, nil)
	broken := errors.New("broken")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := d.server.Serve(&shortOf{ln, []error{broken}}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestOptionsListEveryFault(t *testing.T) {
	_, err := New(Options{Channels: []Channel{{Name: "x"}}, Limits: Limits{Read: -1, Backlog: -1}})
	for _, part := range []string{"a log, keys and a clock", `channel "x"`, "limit read is negative", "limit backlog is negative"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("no %q in %v", part, err)
		}
	}
}

func TestShedsCountWithinASpan(t *testing.T) {
	var s sheds
	for i := range shedRun {
		if s.next(day + message.Time(i)) {
			t.Fatalf("refusal %d is held back", i+1)
		}
	}
	if !s.next(day+900) || !s.next(day+100_000) {
		t.Error("a connection that goes on is not slowed down")
	}
	s = sheds{}
	for i := range 100 {
		if s.next(day + message.Time(i*100)) {
			t.Fatalf("a slow connection is slowed down at refusal %d", i+1)
		}
	}
}

// What is held back leaves within its bounds, and together with others.
func TestHoldBack(t *testing.T) {
	for i := range 1000 {
		now := time.UnixMicro(int64(i) * 777)
		d := holdBack(now)
		if leaves := now.Add(d); d < shedMin || d > shedMax || leaves.UnixNano()%int64(shedGrain) != 0 {
			t.Fatalf("%s, until %s", d, leaves)
		}
	}
}

// After twenty refusals in a row the answers of a connection are held back,
// and a request that is served ends that.
func TestBackPressure(t *testing.T) {
	d := newDesk(t, func(o *Options) { o.Limits.NoBackPressure = false })
	d.keys.PutWorkspace(message.Workspace{ID: 8, PerMinute: 1})
	token := d.addKey(message.Key{Workspace: 8, Scopes: message.ScopeSend})
	d.open()
	s := d.dial()
	ask := func() (reply, time.Duration) {
		start := time.Now()
		s.write(d.post(token, sms("")))
		return s.read(), time.Since(start)
	}
	if got, _ := ask(); got.status != 202 {
		t.Fatalf("%d", got.status)
	}
	for range shedRun {
		got, _ := ask()
		refused(t, got, 429, RateLimited)
	}
	if got, took := ask(); got.status != 429 || took < shedMin {
		t.Errorf("refusal beyond the run: %d after %s", got.status, took)
	}
	s.write(d.post(d.live, sms("")))
	sentOf(t, s.read(), 202)
	refused(t, func() reply { got, _ := ask(); return got }(), 429, RateLimited)
}

// A refusal that is held back holds no place in the gate, and nobody up but its
// own connection.
func TestBackPressureHoldsNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, c, request := heldConn(t)
		request.leaveGate()
		request.server.o.Limits.NoBackPressure = false
		c.sheds = sheds{run: shedRun, since: day}
		if !request.enterGate(100) {
			t.Fatal("no room")
		}
		start := time.Now()
		request.shed(BacklogFull, 1)
		_, _ = c.Write([]byte(made))
		if time.Since(start) != 0 || w.text() != "" {
			t.Errorf("after %s: %q", time.Since(start), w.text())
		}
		if n := request.server.gate.requests.Load() + request.server.gate.bytes.Load() + request.key.tenant.inFlight.Load(); n != 0 {
			t.Errorf("%d places are held", n)
		}
		c.hold.settle()
		if took := time.Since(start); took < shedMin || took > shedMax || w.text() != made || request.code != BacklogFull {
			t.Errorf("%s after %s: %q", request.code, took, w.text())
		}
	})
}

func TestProblemsAreComplete(t *testing.T) {
	seen := make(map[Code]bool)
	for _, row := range Problems() {
		if seen[row.Code] {
			t.Errorf("%s stands there twice", row.Code)
		}
		seen[row.Code] = true
		if row.Text == "" || row.Hint == "" || row.Status < 400 || row.Status > 599 {
			t.Errorf("%+v says too little", row)
		}
		if (row.Status == 429 || row.Status == 503) && (row.RetryAfter == 0 || row.Permanent) {
			t.Errorf("%s passes, so it must say when to try again", row.Code)
		}
		if strings.Trim(string(row.Code), "abcdefghijklmnopqrstuvwxyz_") != "" {
			t.Errorf("%s is not lower_snake_case", row.Code)
		}
	}
}
