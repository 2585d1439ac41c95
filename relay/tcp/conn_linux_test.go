package tcp_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"messagehub/relay/tcp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a poller whose goroutine hands out what is ready.
type rig struct {
	*testing.T
	poller *tcp.Poller
	ready  chan *tcp.Conn
	ln     net.Listener
	stop   chan struct{}
	ended  sync.WaitGroup
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := newStillRig(t)
	r.ended.Go(r.wait)
	t.Cleanup(func() {
		close(r.stop)
		r.poller.Wake()
		r.ended.Wait()
	})
	return r
}

// newStillRig leaves the waiting to the test.
func newStillRig(t *testing.T) *rig {
	t.Helper()
	p, err := tcp.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, poller: p, ready: make(chan *tcp.Conn), ln: ln, stop: make(chan struct{})}
	t.Cleanup(func() {
		if err := errors.Join(p.Close(), ln.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) wait() {
	for {
		for _, c := range r.poller.Wait(time.Now().Add(time.Minute)) {
			select {
			case r.ready <- c:
			case <-r.stop:
				return
			}
		}
		select {
		case <-r.stop:
			return
		default:
		}
	}
}

// pair is a client, and its connection in the poller.
func (r *rig) pair(owner any) (client *net.TCPConn, c *tcp.Conn) {
	r.Helper()
	nc, err := net.Dial("tcp", r.ln.Addr().String())
	if err != nil {
		r.Fatal(err)
	}
	accepted, err := r.ln.Accept()
	if err != nil {
		r.Fatal(err)
	}
	if c, err = r.poller.Take(accepted, owner); err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _, _ = nc.Close(), c.Close() })
	return nc.(*net.TCPConn), c
}

func (r *rig) watch(c *tcp.Conn) {
	r.Helper()
	if err := r.poller.Watch(c); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) next(want *tcp.Conn) {
	r.Helper()
	if got := <-r.ready; got != want {
		r.Fatalf("%v is ready, want %v", got.Owner, want.Owner)
	}
}

func send(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

// What has come before the connection is watched is told, too.
func TestWaitTellsOfParkedConnections(t *testing.T) {
	r := newRig(t)
	clientA, a := r.pair("a")
	clientB, b := r.pair("b")
	send(t, clientA, "early")
	r.watch(a)
	r.watch(b)
	r.next(a)
	send(t, clientB, "later")
	r.next(b)
	buf := make([]byte, 10)
	for c, want := range map[*tcp.Conn]string{a: "early", b: "later"} {
		if n, err := c.TryRead(buf); string(buf[:n]) != want || err != nil {
			t.Errorf("%q, %v", buf[:n], err)
		}
		if _, err := c.TryRead(buf); err != tcp.ErrAgain {
			t.Errorf("nothing is there: %v", err)
		}
	}
	send(t, clientA, "again") // still parked
	r.next(a)
}

// A connection of somebody's own is read by waiting, and parked again when all
// is read.
func TestOwnAndParkAgain(t *testing.T) {
	r := newRig(t)
	client, c := r.pair("c")
	r.watch(c)
	for round := range 50 {
		send(t, client, "first")
		r.next(c)
		c.Unpark()
		buf := make([]byte, 5)
		if _, err := io.ReadFull(c, buf); string(buf) != "first" || err != nil {
			t.Fatalf("%q, %v", buf, err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := io.ReadFull(c, buf)
			done <- err
		}()
		send(t, client, "sec")
		send(t, client, "nd")
		if err := <-done; string(buf) != "secnd" || err != nil {
			t.Fatalf("%q, %v", buf, err)
		}
		if round%2 == 0 { // what comes before it is parked is not overlooked
			send(t, client, "x")
			if n, err := c.Read(buf); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		for !c.Park() {
			if n, err := c.TryRead(buf); err != tcp.ErrAgain {
				t.Fatal(n, err)
			}
		}
	}
}

// A throttled connection ends no wait. It is told of when that is asked for, and
// by a wait again, even of what came before, once it is released.
func TestThrottled(t *testing.T) {
	r := newStillRig(t)
	p := r.poller
	throttledClient, throttled := r.pair("throttled")
	promptClient, prompt := r.pair("prompt")
	r.watch(throttled)
	r.watch(prompt)
	buf := make([]byte, 10)
	for range 3 {
		if err := p.Throttle(throttled); err != nil || p.CountThrottled() != 1 || !throttled.Throttled() {
			t.Fatalf("%v, %d", err, p.CountThrottled())
		}
		send(t, throttledClient, "slow")
		send(t, promptClient, "fast")
		if got := p.Wait(time.Now().Add(10 * time.Second)); len(got) != 1 || got[0] != prompt {
			t.Fatalf("%v", got)
		}
		if got := p.Ready(); len(got) != 0 {
			t.Fatalf("%v", got)
		}
		for len(p.Throttled()) == 0 {
		}
		_, _ = prompt.TryRead(buf)
		if err := p.Release(throttled); err != nil || p.CountThrottled() != 0 {
			t.Fatalf("%v, %d", err, p.CountThrottled())
		}
		if got := p.Wait(time.Now().Add(10 * time.Second)); len(got) != 1 || got[0] != throttled {
			t.Fatalf("%v", got)
		}
		if n, err := throttled.TryRead(buf); string(buf[:n]) != "slow" || err != nil {
			t.Fatalf("%q, %v", buf[:n], err)
		}
	}
	if err := errors.Join(p.Throttle(throttled), throttled.Close()); err != nil || p.CountThrottled() != 0 {
		t.Fatalf("%v, %d", err, p.CountThrottled())
	}
	if p.Throttle(throttled) == nil || p.Release(throttled) == nil || p.CountThrottled() != 0 {
		t.Error("a closed connection is throttled")
	}
}

func TestParkRefusesWhereThereMayBeMore(t *testing.T) {
	r := newRig(t)
	client, c := r.pair("c")
	r.watch(c)
	send(t, client, "0123456789")
	r.next(c)
	c.Unpark()
	buf := make([]byte, 4)
	for range 2 {
		if n, err := c.Read(buf); n != 4 || err != nil {
			t.Fatal(n, err)
		}
		if c.Park() {
			t.Fatal("parked although there is more to read")
		}
	}
}

func TestTheEndIsTold(t *testing.T) {
	r := newRig(t)
	client, c := r.pair("c")
	r.watch(c)
	send(t, client, "last")
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	r.next(c)
	buf := make([]byte, 10)
	if n, err := c.TryRead(buf); string(buf[:n]) != "last" || err != nil {
		t.Fatalf("%q, %v", buf[:n], err)
	}
	if _, err := c.TryRead(buf); err == tcp.ErrAgain {
		r.next(c) // it came after the bytes
	}
	if _, err := c.TryRead(buf); err != io.EOF {
		t.Error(err)
	}
	if n, err := c.Write([]byte("still")); n != 5 || err != nil {
		t.Errorf("the other half: %d, %v", n, err)
	}
	if got, err := io.ReadAll(io.LimitReader(client, 5)); string(got) != "still" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestWriteWaitsForASlowClient(t *testing.T) {
	r := newRig(t)
	client, c := r.pair("c")
	r.watch(c)
	c.Unpark()
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	if n, err := c.TryWrite(large); n == 0 || n == len(large) || err != nil {
		t.Fatalf("%d, %v", n, err)
	} else {
		go func() {
			_, _ = c.Write(large[n:])
			_ = c.CloseWrite()
		}()
	}
	if got, err := io.ReadAll(client); !bytes.Equal(got, large) || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestDeadlines(t *testing.T) {
	r := newRig(t)
	_, c := r.pair("c")
	r.watch(c)
	c.Unpark()
	_ = c.SetDeadline(time.Now().Add(10 * time.Millisecond))
	var timeout net.Error
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("read: %v", err)
	}
	if _, err := c.Write(make([]byte, 64<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write: %v", err)
	}
}

// Close ends what waits, and nothing reaches the descriptor's next owner.
func TestClose(t *testing.T) {
	r := newRig(t)
	for range 100 {
		client, c := r.pair("c")
		r.watch(c)
		c.Unpark()
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) && err != io.EOF {
				t.Errorf("read: %v", err)
			}
		})
		waiting.Go(func() { _ = c.Close() })
		waiting.Go(func() { _, _ = c.TryWrite([]byte("x")) })
		waiting.Wait()
		if _, err := c.TryWrite([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Fatalf("write after the end: %v", err)
		}
		_, _ = io.ReadAll(client)
		_ = client.Close()
	}
	if n := r.poller.Open(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// What happens on many connections at once is all told, whoever has them.
func TestManyConnections(t *testing.T) {
	r := newRig(t)
	const n, rounds = 50, 40
	var clients sync.WaitGroup
	for range n {
		client, c := r.pair("c")
		r.watch(c)
		clients.Go(func() {
			buf := make([]byte, 4)
			for range rounds {
				if _, err := client.Write([]byte("ping")); err != nil {
					t.Error(err)
					return
				}
				if _, err := io.ReadFull(client, buf); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		clients.Wait()
		close(done)
	}()
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		case c := <-r.ready:
			buf := make([]byte, 16)
			n, err := c.TryRead(buf)
			if err == tcp.ErrAgain {
				continue
			}
			if err != nil || n != 4 {
				t.Fatalf("%d, %v", n, err)
			}
			if _, err := c.TryWrite(buf[:n]); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestTakeRefusesWhatIsNoTCP(t *testing.T) {
	r := newRig(t)
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if _, err := r.poller.Take(a, nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func TestWake(t *testing.T) {
	p, err := tcp.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for range 1000 {
		done := make(chan []*tcp.Conn)
		go func() { done <- p.Wait(time.Now().Add(time.Hour)) }()
		p.Wake()
		if got := <-done; len(got) != 0 {
			t.Fatal(got)
		}
	}
	if got := p.Wait(time.Now().Add(time.Millisecond)); len(got) != 0 {
		t.Error(got)
	}
}
