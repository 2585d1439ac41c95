// Package relay is the front door: it admits requests and answers them.
package relay

import (
	"context"
	"log/slog"
	"net"
	"net/netip"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"

	"messagehub/store/message"
)

// Log is where accepted messages go.
type Log interface {
	// Accept returns when the message is durable. It keeps nothing of what it
	// is given.
	Accept(o *message.Outbound, key message.Idempotency) (message.Acceptance, error)
}

// Options is what a Server is made of.
type Options struct {
	Log      Log
	Keys     *Keyring
	Channels []Channel
	Logger   *slog.Logger
	Now      func() message.Time
	// TrustedProxies may name the client in X-Forwarded-For.
	TrustedProxies []netip.Prefix
}

// Server is the public API.
type Server struct {
	o        Options
	http     *fasthttp.Server
	router   *router.Router
	problems map[Code]*Problem
}

// New makes a Server; it listens to nothing yet.
func New(o Options) (*Server, error) {
	s := &Server{o: o, problems: problemTable()}
	return s, nil
}

// Serve answers the connections of ln until Shutdown.
func (s *Server) Serve(ln net.Listener) error { return s.http.Serve(ln) }

// Shutdown stops taking connections and returns when the requests in flight
// are answered, or ctx ends.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.ShutdownWithContext(ctx) }
