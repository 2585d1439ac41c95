package sim

import (
	"sort"
	"strings"

	"github.com/valyala/fasthttp"
)

// Mux is the front of a process that simulates providers: each under a path
// of its own, as "/whatsapp" or "/sms/main", beside the control routes under
// "/_sim/". A sender's setting baseURL is the Mux's address with that path.
// Add and Handle may be used concurrently only once all is added.
type Mux struct {
	world  *World
	routes []route // the longest prefix first
}

type route struct {
	prefix   string
	provider Provider
}

// NewMux makes a Mux for the providers of w.
func NewMux(w *World) *Mux { return &Mux{world: w} }

// Add serves p under prefix, which begins with a slash and does not end with
// one. The provider sees paths without the prefix.
func (m *Mux) Add(prefix string, p Provider) {
	m.routes = append(m.routes, route{prefix, p})
	sort.SliceStable(m.routes, func(i, j int) bool { return len(m.routes[i].prefix) > len(m.routes[j].prefix) })
}

// Handle serves one request.
func (m *Mux) Handle(ctx *fasthttp.RequestCtx) {
	path := string(ctx.Path())
	if strings.HasPrefix(path, control) {
		m.control(ctx, path[len(control):])
		return
	}
	for _, r := range m.routes {
		rest, ok := strings.CutPrefix(path, r.prefix)
		if ok && (rest == "" || rest[0] == '/') {
			ctx.URI().SetPath(rest)
			r.provider.Handle(ctx)
			return
		}
	}
	ctx.Error("no simulated provider has this path", fasthttp.StatusNotFound)
}
