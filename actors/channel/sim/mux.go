package sim

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/valyala/fasthttp"
)

// Mux is the front of a process that simulates providers: each under a path
// of its own, as "/whatsapp" or "/sms/main", beside the control routes under
// "/_sim/". A sender's setting baseURL is the Mux's address with that path.
// It is safe for concurrent use.
type Mux struct {
	world *World
	// routes have the longest prefix first. The slice is replaced as a whole.
	routes atomic.Pointer[[]route]
	adding sync.Mutex
	// accounts have the providers by name. Those with a port of their own have
	// no route. Guarded by adding.
	accounts map[string]Provider
}

type route struct {
	prefix   string
	provider Provider
}

// NewMux makes a Mux for the providers of w.
func NewMux(w *World) *Mux {
	m := &Mux{world: w, accounts: make(map[string]Provider)}
	m.routes.Store(new([]route))
	return m
}

// Add serves p under prefix, which begins with a slash and does not end with
// one, in place of the provider that had it. The provider sees paths without
// the prefix.
func (m *Mux) Add(prefix string, p Provider) {
	m.adding.Lock()
	defer m.adding.Unlock()
	routes := slices.DeleteFunc(slices.Clone(*m.routes.Load()), func(r route) bool { return r.prefix == prefix })
	routes = append(routes, route{prefix, p})
	slices.SortStableFunc(routes, func(a, b route) int { return len(b.prefix) - len(a.prefix) })
	m.routes.Store(&routes)
}

// Name names an account at a provider, such as "sms/main", in place of the one
// that had the name.
func (m *Mux) Name(account string, p Provider) {
	m.adding.Lock()
	defer m.adding.Unlock()
	m.accounts[account] = p
}

// ErrNoAccount: no account has the name.
var ErrNoAccount = errors.New("there is no simulated account of this name")

// Write has a user write to the named account. The error is ErrNoAccount, or
// says what the provider can't bring.
func (m *Mux) Write(account string, w Written) error {
	m.adding.Lock()
	p := m.accounts[account]
	m.adding.Unlock()
	writer, ok := p.(Writer)
	switch {
	case p == nil:
		return ErrNoAccount
	case !ok:
		return errors.New("the provider brings no messages of users")
	}
	return writer.Write(w)
}

// Handle serves one request.
func (m *Mux) Handle(ctx *fasthttp.RequestCtx) {
	path := string(ctx.Path())
	if strings.HasPrefix(path, control) {
		m.control(ctx, path[len(control):])
		return
	}
	for _, r := range *m.routes.Load() {
		rest, ok := strings.CutPrefix(path, r.prefix)
		if ok && (rest == "" || rest[0] == '/') {
			ctx.URI().SetPath(rest)
			r.provider.Handle(ctx)
			return
		}
	}
	ctx.Error("no simulated provider has this path", fasthttp.StatusNotFound)
}
