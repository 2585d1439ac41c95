// Package relay is the front door: it admits requests and answers them.
//
// A request takes the same way whatever it asks for: its header lines are
// checked for what could be read in two ways, its key is found and charged,
// a place is taken, and only then is the body looked at. What is refused on
// that way has stored nothing.
//
// Guarantees: a 202 is written only after the log has said that the message
// is durable. A key revoked is refused on the next request, on connections
// already open too. No answer, log line or metric holds a key or a message
// body.
package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/fasthttp/router"
	"github.com/valyala/fasthttp"

	"messagehub/relay/access"
	"messagehub/relay/docs"
	"messagehub/relay/openapi"
	"messagehub/relay/webhook"
	"messagehub/store/message"
)

// Options is what a Server is made of.
type Options struct {
	Log      Log
	Messages Messages
	Folder   Folder
	// Replays may be nil: then a repeated request whose scheduledAt has passed
	// in the meantime is refused, not answered again.
	Replays  Replays
	Backlog  Backlog // may be nil: no ceiling
	Batches  Batches
	BatchLog BatchLog
	Events   EventLog
	Webhooks *webhook.Deliverer // may be nil: there are no endpoints
	Keys     *Keyring
	// Access and Workspaces may be nil: then keys can't be managed.
	Access     *access.Book
	Workspaces Workspaces
	Audit      Audit // may be nil
	Usage      Usage // may be nil
	Channels   []Channel
	// The four of contacts may be nil: there are none then.
	ContactBook ContactBook
	ContactLog  ContactLog
	Imports     Imports
	Erasures    Erasures
	Inbounds    Inbounds // may be nil
	Sandbox     Sandbox  // may be nil: its users don't write
	// Distributions may be nil: there are none then.
	Distributions *Distributions
	// Reserved are the recipients of the sandbox, without their "sim:".
	Reserved []string
	Limits   Limits
	Logger   *slog.Logger
	Now      func() message.Time
	// PublicURL is the public address of this server, without a slash at its
	// end: "https://api.example.com". Links to error pages begin with it, and
	// some providers sign it. Empty: the paths alone, and what was asked for.
	PublicURL string
	Receipts  Receipts // may be nil: no provider reports back
	Reports   Reports  // needed beside Receipts
	// Failures are the ways a send can fail, for the documentation.
	Failures []docs.Failure
	// Received, if not nil, is told of receipts after they are durable. It
	// must not block.
	Received func([]message.Receipt)
	// TrustedProxies may name the client in X-Forwarded-For, and in the PROXY
	// header.
	TrustedProxies []netip.Prefix
	// ProxyProtocol: every connection begins with a PROXY header.
	ProxyProtocol bool
	// Answered, if not nil, is told of every answer. It must not block.
	Answered func(Answer)
}

// EnsureDefaults fills in what is not set.
func (o *Options) EnsureDefaults() {
	o.Limits.EnsureDefaults()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.TrustedProxies = plainPrefixes(o.TrustedProxies)
}

// Validate returns everything that is wrong with the options.
func (o *Options) Validate() error {
	faults := []error{o.Limits.Validate()}
	if o.Log == nil || o.Keys == nil || o.Now == nil {
		faults = append(faults, errors.New("a log, keys and a clock are needed"))
	}
	if o.Receipts != nil && o.Reports == nil {
		faults = append(faults, errors.New("receipts need a log to report to"))
	}
	if o.ProxyProtocol && len(o.TrustedProxies) == 0 {
		faults = append(faults, errors.New("proxyProtocol needs trustedProxies: anybody could claim any address"))
	}
	for i := range o.Channels {
		faults = append(faults, o.Channels[i].validate())
	}
	return errors.Join(faults...)
}

// Server is the public API.
type Server struct {
	o        Options
	http     *fasthttp.Server
	problems map[Code]*problemRow
	reader   *reader // of send bodies
	calls    calls
	gate     gate
	failures *failures
	audits   bucket
	waiters  *waiters
	large    largeBodies // of receipts
	batches  largeBodies
	imports  *imports
	// censuses are the places of the counts of a distribution's messages: each
	// reads them all.
	censuses chan struct{}
	site     *docs.Site
	// description writes the OpenAPI document when it is first asked for.
	description func() (*openapi.Document, error)

	drained  atomic.Bool
	draining chan struct{} // closed with drained

	mu struct {
		sync.Mutex
		listeners []*listener
		loops     *loops // nil: nothing is served yet
		down      bool   // Shutdown has begun
	}
}

// New makes a Server; it listens to nothing yet.
func New(o Options) (*Server, error) {
	o.EnsureDefaults()
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("check options of the API: %w", err)
	}
	site, err := newSite(o.Failures)
	if err != nil {
		return nil, fmt.Errorf("make documentation: %w", err)
	}
	s := &Server{
		o: o, site: site, problems: problemRows(o.PublicURL), reader: newReader(&o), waiters: newWaiters(),
		failures: newFailures(o.Limits.FailuresPerMinute), draining: make(chan struct{}),
		large: largeBodies{places: maxLargeReceipts}, batches: largeBodies{places: maxLargeBatches}, imports: newImports(),
		censuses: make(chan struct{}, maxCensuses),
	}
	s.description = sync.OnceValues(func() (*openapi.Document, error) { return Describe(s.o) })
	s.gate.limits.Store(&s.o.Limits)
	s.audits.limit.Store(int64(o.Limits.AuditsPerMinute))
	s.http = s.newHTTP(s.dispatch())
	return s, nil
}

// dispatch finds the route of a request. Receipts, two for every message, don't
// go through the router, which allocates what it finds in a path.
func (s *Server) dispatch() fasthttp.RequestHandler {
	all, receive := s.router().Handler, s.bind(routeOf(deliveryPath+named))
	return func(ctx *fasthttp.RequestCtx) {
		if ctx.IsPost() && namesSender(ctx.URI().PathOriginal()) {
			receive(ctx)
			return
		}
		all(ctx)
	}
}

// router lays the route table out.
func (s *Server) router() *router.Router {
	r := router.New()
	r.RedirectFixedPath, r.RedirectTrailingSlash = false, false
	for _, line := range routes() {
		r.Handle(line.method, line.pattern, s.bind(line))
	}
	r.NotFound = s.bind(route{nowhere: true, handle: func(_ *Server, c *call) { c.fail(NotFound) }})
	r.MethodNotAllowed = s.bind(route{nowhere: true, handle: func(_ *Server, c *call) { c.fail(MethodNotAllowed) }})
	r.GlobalOPTIONS = s.bind(route{nowhere: true, handle: func(_ *Server, c *call) { c.http.SetStatusCode(204) }})
	return r
}

func (s *Server) bind(r route) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) { s.serve(ctx, &r) }
}

// Serve answers the connections of ln until Shutdown. It may be called for
// several listeners.
func (s *Server) Serve(ln net.Listener) error {
	l := s.listen(ln)
	if !s.register(l) { // shut down before it was served
		return ln.Close()
	}
	for {
		c, err := l.next()
		switch {
		case err != nil && s.isDown():
			return nil
		case err != nil:
			return fmt.Errorf("serve API on %s: %w", ln.Addr(), err)
		case c.loop == nil:
			l.loops.handoff.give(c)
		}
	}
}

// register notes a listener for Shutdown to close, unless that is over, and
// has what serves its connections running.
func (s *Server) register(l *listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.down {
		return false
	}
	if s.mu.loops == nil {
		s.mu.loops = s.startLoops()
	}
	l.loops = s.mu.loops
	s.mu.listeners = append(s.mu.listeners, l)
	return true
}

func (s *Server) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mu.down
}

// Drain makes the server refuse new work, and go on with everything else.
func (s *Server) Drain() {
	if s.drained.CompareAndSwap(false, true) {
		close(s.draining)
		s.waiters.close()
	}
}

// Shutdown drains, stops taking connections and returns when the requests in
// flight are answered. If ctx ends before that, the connections that are
// left are cut.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	s.mu.Lock()
	s.mu.down = true
	loops, listeners := s.mu.loops, s.mu.listeners
	s.mu.Unlock()
	if loops == nil {
		return nil
	}
	for _, l := range listeners {
		_ = l.Close()
	}
	err := errors.Join(loops.end(ctx), loops.handoff.Close(), s.http.ShutdownWithContext(ctx), s.imports.wait(ctx))
	if err == nil {
		return nil
	}
	for _, l := range listeners {
		l.closeConns(func(*conn) bool { return true })
	}
	return fmt.Errorf("shut API down: %w", err)
}
