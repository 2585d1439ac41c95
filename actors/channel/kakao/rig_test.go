package kakao

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// rig is an adapter and a simulated NHN in memory, which never calls back, on
// one clock. What the adapter reports is kept.
type rig struct {
	*adapter
	world    *sim.World
	provider *simulator
	vault    *memoryVault
	config   channel.Sender

	mu       sync.Mutex
	at       time.Time
	receipts []message.Receipt
	refuse   error // what report returns
}

// newRig begins at noon in Korea. There is no webhook.
func newRig(t *testing.T, change channel.Values) *rig {
	t.Helper()
	r := &rig{world: sim.NewWorld(sim.Options{}), vault: &memoryVault{}, at: noon()}
	ln := fasthttputil.NewInmemoryListener()
	client := channel.NewClientOver(&http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return ln.Dial() }})
	values := channel.Sandbox(Spec().Settings)
	values[settingWebhook], values[settingPoll], values[settingBaseURL] = "", "1m", "http://sandbox.invalid"
	for name, value := range change {
		values[name] = value
	}
	r.config = channel.Sender{Name: "main", Test: true, Settings: values, HTTP: client, Vault: r.vault, Report: r.report}
	r.restart(t)
	r.provider = newSimulator(r.world, r.config).(*simulator)
	r.provider.clock = r.clock
	server := &fasthttp.Server{Handler: r.provider.Handle}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ln) }()
	t.Cleanup(func() { client.Close(); _ = ln.Close(); _ = server.Shutdown(); <-done; r.world.Close() })
	return r
}

// restart makes the adapter anew, over the same vault.
func (r *rig) restart(t *testing.T) {
	t.Helper()
	a, err := newAdapter(r.config)
	if err != nil {
		t.Fatal(err)
	}
	r.adapter = a.(*adapter)
	r.now = r.clock
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	r.at = r.at.Add(d)
	r.mu.Unlock()
}

func (r *rig) report(rs []message.Receipt) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse == nil {
		r.receipts = append(r.receipts, rs...)
	}
	return r.refuse
}

// told returns what was reported since it was last asked, by ref.
func (r *rig) told() map[string]message.Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[string]message.Status)
	for _, receipt := range r.receipts {
		if _, twice := out[receipt.Ref]; twice {
			out[receipt.Ref+" twice"] = receipt.Status
		}
		out[receipt.Ref] = receipt.Status
	}
	r.receipts = nil
	return out
}

// refOf is the reference of the n-th message.
func refOf(n uint64) string { return message.AttemptRef(1, message.NewID(message.At(n, 0), 42), 0) }

func sendTo(a *adapter, n uint64, s message.Step) (channel.Acceptance, error) {
	expires := message.TimeOf(a.now().Add(24 * time.Hour))
	return a.Send(context.Background(), &channel.Request{Ref: refOf(n), Test: true, Step: &s, Expires: expires})
}

func codeOf(err error) channel.Code {
	var e *channel.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// memoryVault is a vault that remembers what it was given.
type memoryVault struct {
	mu     sync.Mutex
	values map[string][]byte
	fail   error
}

// Load implements [channel.Vault].
func (m *memoryVault) Load(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[name], m.fail
}

// Save implements [channel.Vault].
func (m *memoryVault) Save(name string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail == nil {
		if m.values == nil {
			m.values = make(map[string][]byte)
		}
		m.values[name] = append([]byte(nil), value...)
	}
	return m.fail
}

// answers is a transport that gives its answers one after the other, and the
// last one for ever, and keeps the requests' lines and the keys of sends. An
// empty answer is lost.
type answers struct {
	bodies []string
	lines  []string
	keys   []string
}

// RoundTrip implements [http.RoundTripper].
func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.lines = append(a.lines, r.Method+" "+r.URL.RequestURI())
	if r.Method == http.MethodPost {
		a.keys = append(a.keys, r.Header.Get(idempotencyHeader))
	}
	body := a.bodies[0]
	if len(a.bodies) > 1 {
		a.bodies = a.bodies[1:]
	}
	if body == "" {
		if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
			trace.GotConn(httptrace.GotConnInfo{})
		}
		return nil, errors.New("the answer is lost")
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}
