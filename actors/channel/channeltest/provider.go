package channeltest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// provider is a server that answers everything alike and keeps what it got.
type provider struct {
	address string
	mu      sync.Mutex
	answer  Answer
	got     []captured
}

// captured is a request as it came.
type captured struct {
	method, uri string
	header      http.Header
	body        string
}

func newProvider(t *testing.T, c *Case, a Answer) *provider {
	if c.Stream != nil {
		return newStreamProvider(t, c, a)
	}
	p := &provider{answer: a}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.address = server.Listener.Addr().String()
	return p
}

// ServeHTTP implements [http.Handler].
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	p.got = append(p.got, captured{r.Method, r.RequestURI, r.Header.Clone(), string(body)})
	a := p.answer
	p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.Status)
	if bodyAllowed(a.Status) {
		_, _ = io.WriteString(w, a.Body)
	}
}

func bodyAllowed(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// requests returns what came.
func (p *provider) requests() []captured {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]captured(nil), p.got...)
}
