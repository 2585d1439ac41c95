package bench

import (
	"context"
	"net/url"
	"time"

	"messagehub/bench/load"
	"messagehub/store/message/json"
)

// unlimited is a tier, in requests a minute, that no generator reaches.
const unlimited = 1_000_000_000

// server is a server under load: a child of the bench, or one that runs
// already somewhere.
type server struct {
	name    string
	process *process // nil: not ours
	target  *url.URL
	ops     string // URL; "": none
	key     string
	dir     string // of its data

	keys       []string // whose messages an audit lists
	promised   []load.Promise
	reading    float64 // allocations that one reading of its metrics costs; 0: not known yet
	readings   int
	unanswered int64
	held       int64 // of these, in the log from the start
}

// cpu is the time that the server has used; 0 where it is not ours.
func (s *server) cpu() (time.Duration, error) {
	if s.process == nil {
		return 0, nil
	}
	return s.process.cpu()
}

// stop ends a server as an operator would.
func (s *server) stop() error {
	if s.process == nil {
		return nil
	}
	return s.process.stop()
}

// ready is what the relay prints when it is up.
type ready struct{ API, Ops, TestKey string }

func (s *server) read(p *process) error {
	var r ready
	if err := json.Unmarshal(p.ready, &r); err != nil {
		return err
	}
	target, err := url.Parse(r.API)
	s.process, s.target, s.ops, s.reading, s.readings = p, target, r.Ops, 0, 0
	if r.TestKey != "" {
		s.key, s.keys = r.TestKey, []string{r.TestKey}
	}
	return err
}

// relay runs the relay with delivery paused and no bound to what may wait, on
// data in a directory of the given name.
func (b *Bench) relay(ctx context.Context, name string) (*server, error) {
	s := &server{name: name, dir: b.path(name)}
	return s, b.startPaused(ctx, s)
}

// relayOn is relay with what the base holds.
func (b *Bench) relayOn(ctx context.Context, name string, on *base) (*server, error) {
	s := &server{name: name, dir: b.path(name), unanswered: int64(on.Stored), held: int64(on.Stored)}
	if err := on.copyTo(s.dir); err != nil {
		return s, err
	}
	return s, b.startPaused(ctx, s)
}

// startPaused starts s, or starts it again.
func (b *Bench) startPaused(ctx context.Context, s *server) error {
	p, err := start(ctx, b.Binary, "demo", "--json", "--accept-only", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0",
		"--data", s.dir, "--requests-per-minute", "1000000000")
	if err != nil {
		return err
	}
	return s.read(p)
}

// bare runs the bare server of the comparison.
func (b *Bench) bare(ctx context.Context) (*server, error) {
	p, err := start(ctx, b.Binary, "bench", "bare")
	if err != nil {
		return nil, err
	}
	target, err := url.Parse("http://" + string(p.ready[:len(p.ready)-1]))
	return &server{name: "bare server", process: p, target: target, key: "cpk_test_bare"}, err
}

// path is a directory of this run.
func (b *Bench) path(name string) string { return b.dir + "/" + name }

// client makes a workspace of the given limit on a running relay, and returns a
// key for it.
func (b *Bench) client(s *server, workspace string, perMinute int, test bool) (string, error) {
	if err := b.Admin.CreateWorkspace(s.dir, workspace, perMinute); err != nil {
		return "", err
	}
	return b.keyOf(s, workspace, test)
}

func (b *Bench) keyOf(s *server, workspace string, test bool) (string, error) {
	key, err := b.Admin.CreateKey(s.dir, workspace, test)
	if err == nil {
		s.keys = append(s.keys, key)
	}
	return key, err
}

// single is one client that sends single messages over all connections: at a
// rate, or as a closed loop if that is 0.
func (b *Bench) single(s *server, rate float64) load.Load {
	return load.Load{Target: s.target, Sources: []load.Source{{
		Requests: load.Send(s.target, s.key, load.Message{Channel: "sms"}), PerSecond: rate, Connections: b.Connections,
	}}}
}
