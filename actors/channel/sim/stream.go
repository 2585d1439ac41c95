package sim

import (
	"context"
	"net"
	"sync"

	"github.com/valyala/fasthttp/fasthttputil"
)

// Streamer is a simulated provider whose wire is not HTTP. Stream serves one
// connection until it ends, and closes it. The World closes it, too.
type Streamer interface {
	Provider
	Stream(conn net.Conn)
	// Address is where its sender looks for it: host and port.
	Address() string
}

// streams are the connections that Streamers serve, and where they listen.
type streams struct {
	mu        sync.Mutex
	closed    bool
	conns     map[net.Conn]bool
	listeners []net.Listener
	wg        sync.WaitGroup
}

// Dial returns a dialer whose connections end at p, inside the process.
func (w *World) Dial(p Streamer) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		pipe := fasthttputil.NewPipeConns()
		if !w.streams.serve(pipe.Conn2(), p) {
			return nil, net.ErrClosed
		}
		return pipe.Conn1(), nil
	}
}

// Listen has p serve what l accepts, until the World is closed.
func (w *World) Listen(l net.Listener, p Streamer) {
	s := &w.streams
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = l.Close()
		return
	}
	s.listeners = append(s.listeners, l)
	s.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if !s.serve(conn, p) {
				_ = conn.Close()
			}
		}
	})
}

// serve returns false if the World is closed.
func (s *streams) serve(conn net.Conn, p Streamer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.conns == nil {
		s.conns = make(map[net.Conn]bool)
	}
	s.conns[conn] = true
	s.wg.Go(func() {
		p.Stream(conn)
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	})
	return true
}

// close closes all connections and waits for those who serve them.
func (s *streams) close() {
	s.mu.Lock()
	s.closed = true
	for _, l := range s.listeners {
		_ = l.Close()
	}
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}
