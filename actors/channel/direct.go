package channel

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// userAgent is how every request names its maker.
	userAgent = "MessageHub"
	// idleFor is how long a connection is kept that nothing goes over.
	idleFor = 30 * time.Second
	// connectFor bounds the making of a connection, and of its TLS.
	connectFor = 10 * time.Second
	http11     = "http/1.1"
)

// errNotDirect is returned for a call that is left to net/http. Nothing of it
// was written.
var errNotDirect = errors.New("not for the direct transport")

// direct makes requests over HTTP/1.1, one at a time on a connection, without
// a goroutine of its own.
//
// Guarantees: a request goes out on a second connection only if the first, a
// kept one, has taken no byte of it. A kept connection that its host has
// closed, or on which something came unasked, is not used.
type direct struct {
	dial  Dialer
	proxy func(*http.Request) (*url.URL, error) // nil: none
	keep  int                                   // idle connections to a host
	tls   *tls.Config
	mu    sync.RWMutex
	hosts map[place]*host

	sweeping atomic.Bool // a sweep is to come
}

// host is where connections go.
type host struct {
	place
	address string // with port
	// indirect: it is left to net/http.
	indirect atomic.Bool

	mu   sync.Mutex
	idle []*conn // the last used last
}

func newDirect(dial Dialer, keep int) *direct {
	d := &direct{dial: dial, keep: keep, hosts: map[place]*host{}, tls: &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{http11}}}
	if dial == nil {
		d.dial = (&net.Dialer{Timeout: connectFor, KeepAlive: 30 * time.Second}).DialContext
		d.proxy = http.ProxyFromEnvironment
	}
	return d
}

// do is [Client.Do], or errNotDirect.
func (d *direct) do(ctx context.Context, call *Call) (*Answer, error) {
	at, path, ok := split(call.URL)
	if !ok || !call.plain() {
		return nil, errNotDirect
	}
	h := d.host(at)
	if h.indirect.Load() {
		return nil, errNotDirect
	}
	for {
		c, kept, err := d.connection(ctx, h)
		if err != nil {
			return nil, h.refused(err)
		}
		answer, err := c.exchange(ctx, call, at.name, path)
		reached := c.wrote()
		d.put(h, c)
		if err == nil {
			return answer, nil
		}
		if !kept || reached || ctx.Err() != nil {
			return nil, lost(reached, cmp.Or(ctx.Err(), err))
		}
	}
}

// refused makes the error of a connection that could not be had.
func (h *host) refused(err error) error {
	if !errors.Is(err, errNotDirect) && !speaksOther(err) {
		return lost(false, err)
	}
	h.indirect.Store(true)
	return errNotDirect
}

// speaksOther reports whether a host has ended the TLS handshake since it does
// not speak HTTP/1.1. The alert's type is not exported.
func speaksOther(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" && op.Err.Error() == "tls: no application protocol"
}

func (d *direct) host(at place) *host {
	d.mu.RLock()
	h := d.hosts[at]
	d.mu.RUnlock()
	if h == nil {
		return d.addHost(at.clone())
	}
	return h
}

func (d *direct) addHost(at place) *host {
	h := &host{place: at, address: at.address()}
	if d.proxy != nil {
		via, err := d.proxy(&http.Request{URL: &url.URL{Scheme: at.scheme(), Host: at.name}})
		h.indirect.Store(via != nil || err != nil)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if known := d.hosts[at]; known != nil {
		return known
	}
	d.hosts[at] = h
	return h
}

// connection returns a connection to h that is open, a kept one if there is
// one.
func (d *direct) connection(ctx context.Context, h *host) (c *conn, kept bool, err error) {
	for {
		if c = h.take(); c == nil {
			break
		}
		if c.alive() {
			return c, true, nil
		}
		c.close()
	}
	c, err = d.connect(ctx, h)
	return c, false, err
}

func (d *direct) connect(ctx context.Context, h *host) (*conn, error) {
	network, err := d.dial(ctx, "tcp", h.address)
	if err != nil {
		return nil, err
	}
	raw := &counted{Conn: network}
	if !h.secure {
		return newConn(raw, raw), nil
	}
	config := d.tls.Clone()
	config.ServerName, _, _ = net.SplitHostPort(h.address)
	secure := tls.Client(raw, config)
	ctx, cancel := context.WithTimeout(ctx, connectFor)
	defer cancel()
	err = secure.HandshakeContext(ctx)
	if err == nil && secure.ConnectionState().NegotiatedProtocol != http11 {
		err = errNotDirect // a host of HTTP/2 alone may say nothing
	}
	if err != nil {
		_ = network.Close()
		return nil, err
	}
	return newConn(secure, raw), nil
}

// take takes the connection that was used last; nil: there is none.
func (h *host) take() *conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := len(h.idle) - 1
	if last < 0 {
		return nil
	}
	c := h.idle[last]
	h.idle[last] = nil
	h.idle = h.idle[:last]
	return c
}

// put keeps c, if it can be used again and there are not enough.
func (d *direct) put(h *host, c *conn) {
	if !c.reusable || !h.put(c, d.keep) {
		c.close()
	} else if !d.sweeping.Load() && d.sweeping.CompareAndSwap(false, true) {
		time.AfterFunc(idleFor, d.sweep)
	}
}

func (h *host) put(c *conn, most int) bool {
	c.since = time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.idle) >= most {
		return false
	}
	h.idle = append(h.idle, c)
	return true
}

// sweep closes what has been idle for too long, and comes again as long as
// anything is left.
func (d *direct) sweep() {
	d.sweeping.Store(false)
	if d.drop(time.Now().Add(-idleFor)) > 0 && d.sweeping.CompareAndSwap(false, true) {
		time.AfterFunc(idleFor, d.sweep)
	}
}

// close closes all that is idle.
func (d *direct) close() { d.drop(time.Now()) }

// drop closes the connections that have not been used since, and tells how
// many are left.
func (d *direct) drop(since time.Time) (left int) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, h := range d.hosts {
		left += h.drop(since)
	}
	return left
}

func (h *host) drop(since time.Time) (left int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	old := 0
	for old < len(h.idle) && !h.idle[old].since.After(since) {
		h.idle[old].close()
		old++
	}
	h.idle = slices.Delete(h.idle, 0, old)
	return len(h.idle)
}
