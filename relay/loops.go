package relay

import (
	"context"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"

	"messagehub/relay/tcp"
)

// loops share the connections of a server among them, one for each CPU.
type loops struct {
	all     []*loop
	handoff *handoff
	next    atomic.Uint32
	running sync.WaitGroup
}

// startLoops starts them, or none where the system has no way to wait for many
// connections at once: then each connection has a goroutine of its own.
func (s *Server) startLoops() *loops {
	g := &loops{handoff: newHandoff(s.o.Limits.Connections)}
	for range runtime.GOMAXPROCS(0) {
		p, err := tcp.NewPoller()
		if err != nil {
			break
		}
		l := newLoop(s, p, g.handoff)
		g.all = append(g.all, l)
		g.running.Go(l.run)
	}
	go func() { _ = s.http.Serve(g.handoff) }() // until the handoff is closed
	return g
}

// take gives a new connection to one of the loops, if it can be.
func (g *loops) take(c *conn) {
	if n := len(g.all); n > 0 {
		g.all[int(g.next.Add(1))%n].take(c)
	}
}

// end returns when the loops have ended: their connections have no request in
// flight, and are closed.
func (g *loops) end(ctx context.Context) error {
	for _, l := range g.all {
		l.stop()
	}
	ended := make(chan struct{})
	go func() {
		g.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// handoff is the listener of the HTTP server: it accepts the connections that
// need a goroutine of their own.
type handoff struct {
	conns  chan *conn
	closed chan struct{}
	once   sync.Once
}

// newHandoff makes one for at most n connections, so that give never waits.
func newHandoff(n int) *handoff {
	return &handoff{conns: make(chan *conn, n), closed: make(chan struct{})}
}

// give has the connection served.
func (h *handoff) give(c *conn) {
	select {
	case h.conns <- c:
	case <-h.closed:
		_ = c.end()
	}
}

// Accept implements [net.Listener].
func (h *handoff) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, io.EOF
	}
}

// Close implements [net.Listener]. The HTTP server calls it, too, if it has begun
// to serve by the time it is shut down.
func (h *handoff) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr implements [net.Listener].
func (h *handoff) Addr() net.Addr { return &net.TCPAddr{} }
