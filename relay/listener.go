package relay

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// listener gives the server its connections: it waits out a shortage of file
// descriptors, answers those beyond the limit, and knows which are open, so
// that a shutdown can end those that never said anything.
type listener struct {
	net.Listener
	server *Server
	loops  *loops
	closed chan struct{}
	once   sync.Once
	// rejects bounds the goroutines that see rejected connections off.
	rejects chan struct{}

	mu struct {
		sync.Mutex
		open map[*conn]struct{}
	}
}

const (
	maxRejects   = 64
	rejectLinger = time.Second
	minBackoff   = 5 * time.Millisecond
	maxBackoff   = time.Second
)

func (s *Server) listen(ln net.Listener) *listener {
	l := &listener{Listener: ln, server: s, closed: make(chan struct{}), rejects: make(chan struct{}, maxRejects)}
	l.mu.open = make(map[*conn]struct{})
	return l
}

// next returns the next connection within the limit.
func (l *listener) next() (*conn, error) {
	backoff := minBackoff
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			if !passing(err) || !l.wait(backoff) {
				return nil, err
			}
			backoff = min(2*backoff, maxBackoff)
			continue
		}
		backoff = minBackoff
		if c := l.admit(nc); c != nil {
			return c, nil
		}
		l.reject(nc)
	}
}

// passing reports whether a failed accept says nothing about the next one.
func passing(err error) bool {
	for _, errno := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// wait reports false if the listener was closed in the meantime.
func (l *listener) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.closed:
		return false
	}
}

// admit registers a connection; nil if there are as many as may be.
func (l *listener) admit(nc net.Conn) *conn {
	c := newConn(nc, l)
	if trusted := l.server.o.TrustedProxies; l.server.o.ProxyProtocol {
		c.proxy = &proxyHeader{trusted: trusted}
	} else {
		c.shared = within(trusted, plain4(addrOf(nc.RemoteAddr())))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.mu.open) >= l.server.o.Limits.Connections {
		return nil
	}
	l.loops.take(c)
	l.mu.open[c] = struct{}{}
	return c
}

func (l *listener) forget(c *conn) {
	l.mu.Lock()
	delete(l.mu.open, c)
	l.mu.Unlock()
}

// reject answers a connection beyond the limit and sees it off. If many are
// being seen off already, it is answered and closed at once.
func (l *listener) reject(nc net.Conn) {
	_ = nc.SetDeadline(time.Now().Add(rejectLinger))
	_, _ = nc.Write(l.server.lastWord(Overloaded))
	select {
	case l.rejects <- struct{}{}:
		go func() {
			defer func() { <-l.rejects }()
			seeOff(nc)
			_ = nc.Close()
		}()
	default:
		_ = nc.Close()
	}
}

// Close ends Accept, and the connections that have not sent a byte yet.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	err := l.Listener.Close()
	l.closeConns(func(c *conn) bool { return !c.spoke.Load() })
	return err
}

// closeConns closes the open connections that match.
func (l *listener) closeConns(match func(*conn) bool) {
	l.mu.Lock()
	var ends []*conn
	for c := range l.mu.open {
		if match(c) {
			ends = append(ends, c)
		}
	}
	l.mu.Unlock()
	for _, c := range ends {
		_ = c.Conn.Close()
	}
}
