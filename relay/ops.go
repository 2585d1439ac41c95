package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	"messagehub/store/message/json"
)

// Check is one condition of being ready. Run returns nil, or why not, in
// words that hold nothing secret.
type Check struct {
	Name string
	Run  func() error
}

// OpsOptions is what an Ops is made of.
type OpsOptions struct {
	Metrics *Metrics
	Checks  []Check
	Logger  *slog.Logger
}

// Ops is the operations listener: health, metrics and profiles. It is not
// authenticated and meant for loopback or a closed network.
type Ops struct {
	o        OpsOptions
	http     *http.Server
	draining atomic.Bool
}

// NewOps makes an Ops; it listens to nothing yet.
func NewOps(o OpsOptions) *Ops {
	ops := &Ops{o: o}
	if ops.o.Logger == nil {
		ops.o.Logger = slog.New(slog.DiscardHandler)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", ops.live)
	mux.HandleFunc("GET /readyz", ops.ready)
	mux.HandleFunc("GET /metrics", ops.metrics)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/mutex", mutexes())
	mux.HandleFunc("GET /debug/pprof/block", blocks())
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	ops.http = &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
		ErrorLog: slog.NewLogLogger(ops.o.Logger.Handler(), slog.LevelWarn),
	}
	return ops
}

// Serve answers the connections of ln until Shutdown.
func (o *Ops) Serve(ln net.Listener) error {
	if err := o.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve operations on %s: %w", ln.Addr(), err)
	}
	return nil
}

// Drain makes /readyz fail from now on; everything else goes on.
func (o *Ops) Drain() { o.draining.Store(true) }

// Shutdown stops the listener. It does not wait for a profile that is still
// being taken.
func (o *Ops) Shutdown(ctx context.Context) error {
	o.Drain()
	if err := o.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("shut operations down: %w", err), o.http.Close())
	}
	return nil
}

func (o *Ops) live(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") }

// readiness is the body of /readyz?verbose.
type readiness struct {
	Ready  bool          `json:"ready"`
	Checks []checkResult `json:"checks"`
}

type checkResult struct {
	Name  string  `json:"name"`
	OK    bool    `json:"ok"`
	Error *string `json:"error"`
}

func (o *Ops) ready(w http.ResponseWriter, r *http.Request) {
	result := o.check()
	status := http.StatusOK
	if !result.Ready {
		status = http.StatusServiceUnavailable
	}
	if !r.URL.Query().Has("verbose") {
		writeText(w, status, firstFault(result)+"\n")
		return
	}
	body, err := json.Marshal(result)
	if err != nil {
		writeText(w, http.StatusInternalServerError, "no answer\n")
		return
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	w.Write(append(body, '\n'))
}

// check runs every check, that of the drain first.
func (o *Ops) check() readiness {
	var draining error
	if o.draining.Load() {
		draining = errors.New("the server is shutting down")
	}
	result := readiness{Ready: true}
	result.add("drain", draining)
	for _, c := range o.o.Checks {
		result.add(c.Name, c.Run())
	}
	return result
}

func (r *readiness) add(name string, err error) {
	line := checkResult{Name: name, OK: err == nil}
	if err != nil {
		text := err.Error()
		line.Error = &text
		r.Ready = false
	}
	r.Checks = append(r.Checks, line)
}

func firstFault(r readiness) string {
	for _, c := range r.Checks {
		if !c.OK {
			return "not ready: " + c.Name + ": " + *c.Error
		}
	}
	return "ok"
}

// metrics writes into memory first: a slow scraper holds up nobody, and the
// deadline bounds how long it is served at all.
func (o *Ops) metrics(w http.ResponseWriter, _ *http.Request) {
	var body bytes.Buffer
	o.o.Metrics.WritePrometheus(&body)
	control := http.NewResponseController(w)
	if err := control.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		o.o.Logger.Warn("bound time of scrape", "error", err)
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Write(body.Bytes())
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text))
}
