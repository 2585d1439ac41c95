package load

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// serve runs a server that ends with the test.
func serve(t *testing.T, handle fasthttp.RequestHandler) *url.URL {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fasthttp.Server{Handler: handle, CloseOnShutdown: true}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(ln)
	}()
	t.Cleanup(func() {
		_ = s.Shutdown()
		<-done
	})
	return &url.URL{Host: ln.Addr().String()}
}

// accepting answers each request 202 with an id of its own.
func accepting(n *atomic.Int64) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		ctx.SetStatusCode(202)
		fmt.Fprintf(ctx, `{"data":{"messageId":"msg_%026d"}}`, n.Add(1))
	}
}

func open(target *url.URL, rate float64, connections int) []Source {
	return []Source{{Requests: Send(target, "k", Message{Channel: "sms"}), PerSecond: rate, Connections: connections}}
}

func TestOpenLoopSendsWhatIsDue(t *testing.T) {
	var n atomic.Int64
	target := serve(t, accepting(&n))
	var seen atomic.Int64
	out, err := Load{
		Target: target, Sources: open(target, 400, 8), Duration: time.Second, Workers: 2, First: 1000,
		Observe: func(i Interval) { seen.Add(i.Accepted) },
	}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := out.All()
	if all.Accepted != 400 || n.Load() != 400 || len(out.Promises) != 400 || all.Latency.TotalCount() != 400 {
		t.Errorf("%d accepted, %d came, %d promised, %d measured, want 400", all.Accepted, n.Load(), len(out.Promises), all.Latency.TotalCount())
	}
	numbers, ids := map[uint64]bool{}, map[ID]bool{}
	for _, p := range out.Promises {
		numbers[p.N], ids[p.ID] = true, true
		if p.N < 1000 || p.N >= 1000+Numbers {
			t.Fatalf("number %d", p.N)
		}
	}
	if len(numbers) != 400 || len(ids) != 400 {
		t.Errorf("%d numbers and %d ids of 400", len(numbers), len(ids))
	}
	if len(out.Intervals) != 4 || seen.Load() > 400 || !out.Generator.Open || out.Generator.Offered != 400 {
		t.Errorf("%d intervals with %d, %+v", len(out.Intervals), seen.Load(), out.Generator)
	}
}

// A server that stands still for a while makes every request wait that was due
// meanwhile, not just the one that it held.
func TestLatencyCountsFromWhenARequestWasDue(t *testing.T) {
	var n atomic.Int64
	answer := accepting(&n)
	target := serve(t, func(ctx *fasthttp.RequestCtx) {
		if answer(ctx); n.Load() == 10 {
			time.Sleep(400 * time.Millisecond)
		}
	})
	out, err := Load{Target: target, Sources: open(target, 100, 1), Duration: time.Second, Workers: 1}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	late := 0
	for _, b := range out.All().Latency.Distribution() {
		if b.From >= 100_000 {
			late += int(b.Count)
		}
	}
	if late < 25 || out.Generator.Waited == 0 {
		t.Errorf("%d requests waited 100 ms or more, of 30 that were due; %+v", late, out.Generator)
	}
}

func TestPatienceWithholds(t *testing.T) {
	var n atomic.Int64
	target := serve(t, func(ctx *fasthttp.RequestCtx) {
		time.Sleep(50 * time.Millisecond)
		accepting(&n)(ctx)
	})
	sources := open(target, 1000, 1)
	sources[0].Patience = 10 * time.Millisecond
	out, err := Load{Target: target, Sources: sources, Duration: 500 * time.Millisecond, Workers: 1}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := out.All()
	if all.Withheld == 0 || all.Withheld+all.Requests > 500 || all.Requests != n.Load() {
		t.Errorf("%d withheld, %d answered, %d came", all.Withheld, all.Requests, n.Load())
	}
}

func TestClosedLoopAndGroups(t *testing.T) {
	var n atomic.Int64
	target := serve(t, func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Request.Header.Peek("Authorization")) == "Bearer poor" {
			ctx.Response.Header.Set("Retry-After", "1")
			ctx.SetStatusCode(429)
			return
		}
		accepting(&n)(ctx)
	})
	out, err := Load{Target: target, Duration: 300 * time.Millisecond, Workers: 1, Sources: []Source{
		{Requests: Send(target, "rich", Message{Channel: "sms"}), Connections: 2},
		{Requests: Send(target, "poor", Message{Channel: "sms"}), Connections: 2, Group: 1},
	}}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rich, poor := out.Groups[0], out.Groups[1]
	if rich.Accepted == 0 || rich.Refused != 0 || poor.Accepted != 0 || poor.Limited == 0 || poor.NoRetry != 0 || out.Generator.Open {
		t.Errorf("rich %+v, poor %+v", rich.Statuses, poor.Statuses)
	}
}

// Connections that the server closes are made again; what was on them is
// counted.
func TestReconnects(t *testing.T) {
	var n atomic.Int64
	target := serve(t, func(ctx *fasthttp.RequestCtx) {
		switch accepting(&n)(ctx); n.Load() {
		case 5:
			ctx.Response.Header.SetConnectionClose()
		case 10:
			_ = ctx.Conn().Close()
		}
	})
	out, err := Load{Target: target, Sources: open(target, 100, 1), Duration: 500 * time.Millisecond, Workers: 1}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := out.All()
	if all.Broken != 1 || out.Unanswered != 1 || all.Accepted < 20 {
		t.Errorf("%d broken, %d unanswered, %d accepted", all.Broken, out.Unanswered, all.Accepted)
	}
}

func TestOnceEndsWithItsList(t *testing.T) {
	var n atomic.Int64
	target := serve(t, accepting(&n))
	list := [][]byte{}
	for range 50 {
		list = append(list, append([]byte(nil), Send(target, "k", Message{Channel: "sms"}).Next(0, 1)...))
	}
	out, err := Load{Target: target, Duration: time.Hour, Sources: []Source{{Requests: &Recorded{List: list}, Connections: 3, Once: true}}}.Run(t.Context())
	if err != nil || n.Load() != 50 || out.All().Accepted != 50 || out.Elapsed > time.Minute {
		t.Errorf("%d came, %v, %v", n.Load(), out.Elapsed, err)
	}
}

func TestNobodyListens(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	target := &url.URL{Host: ln.Addr().String()}
	ln.Close()
	if _, err := (Load{Target: target, Sources: open(target, 1, 1), Duration: time.Second}).Run(context.Background()); err == nil {
		t.Error("no error")
	}
}

// What workers counted apart is the same as counted together.
func TestStatsAddUp(t *testing.T) {
	parts, whole := []*Stats{NewStats(), NewStats(), NewStats()}, NewStats()
	for i := range 3000 {
		a := answer{status: []int{202, 429, 503, 500}[i%4], retryAfter: i%8 == 1}
		took := time.Duration(i*i) * time.Microsecond
		parts[i%3].book(&a, 1, took)
		whole.book(&a, 1, took)
	}
	sum := NewStats()
	for _, p := range parts {
		sum.Add(p)
	}
	if !sum.Latency.Equals(whole.Latency) || !sum.Refusal.Equals(whole.Refusal) || sum.NoRetry != whole.NoRetry || sum.Limited != whole.Limited ||
		sum.Accepted != 750 || sum.Statuses[500] != 750 || sum.Errors() != 0.75 {
		t.Errorf("%+v, want %+v", sum, whole)
	}
}

func TestGeneratorSaysWhenItWasTheLimit(t *testing.T) {
	for name, c := range map[string]struct {
		g    Generator
		says int
	}{
		"well":                 {Generator{Open: true, CPU: 0.5, Late: 0.001}, 0},
		"busy":                 {Generator{CPU: 0.97}, 1},
		"late":                 {Generator{Open: true, Late: 0.2}, 1},
		"without a connection": {Generator{Open: true, Waited: 0.5}, 1},
		"closed loop":          {Generator{Late: 1, Waited: 1}, 0},
	} {
		if got := c.g.Limits(); len(got) != c.says {
			t.Errorf("%s: %v", name, got)
		}
	}
	g, w := newGenerator(1, true), newGenerator(1, true)
	for i := range 100 {
		w.sent(time.Duration(i)*100*time.Microsecond, i >= 90)
	}
	g.add(&w, time.Second)
	if g.Waited != 0.1 || g.Late != 0.79 || g.MaxLag != 8900*time.Microsecond {
		t.Errorf("%+v", g)
	}
}
