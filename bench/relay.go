package bench

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"strconv"

	"messagehub/store/message/json"
)

// unlimited is a tier, in requests a minute, that no generator reaches.
const unlimited = 1_000_000_000

// server is a server under load, running as a process of its own.
type server struct {
	process *process
	target  *url.URL
	key     string
	dir     string
	sent    uint64 // recipients used so far
}

// startRelay runs the relay with delivery paused, on data in dir.
func startRelay(ctx context.Context, binary, dir string) (*server, error) {
	return startDelivering(ctx, binary, dir, "--accept-only")
}

// startDelivering runs the relay on data in dir.
func startDelivering(ctx context.Context, binary, dir string, flags ...string) (*server, error) {
	p, err := start(ctx, binary, append([]string{
		"demo", "--json", "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0",
		"--data", dir, "--requests-per-minute", strconv.Itoa(unlimited),
	}, flags...)...)
	if err != nil {
		return nil, err
	}
	var ready struct{ API, TestKey string }
	if err := json.Unmarshal(p.ready, &ready); err != nil {
		return nil, err
	}
	target, err := url.Parse(ready.API)
	return &server{process: p, target: target, key: ready.TestKey, dir: dir}, err
}

// startBare runs the bare server of the comparison.
func startBare(ctx context.Context, binary string) (*server, error) {
	p, err := start(ctx, binary, "bench", "bare")
	if err != nil {
		return nil, err
	}
	target, err := url.Parse("http://" + string(p.ready[:len(p.ready)-1]))
	return &server{process: p, target: target, key: "cpk_test_bare"}, err
}

// workspaceKey makes a workspace of the given tier on a running relay, and a
// test key for it.
func (s *server) workspaceKey(ctx context.Context, binary, name string, perMinute int) (string, error) {
	if err := output(ctx, nil, binary, "workspaces", "create", name, "--per-minute", strconv.Itoa(perMinute), "--data", s.dir); err != nil {
		return "", err
	}
	var key struct{ Key string }
	err := output(ctx, &key, binary, "keys", "create", "--workspace", name, "--test", "--data", s.dir, "-o", "json")
	return key.Key, err
}

// output runs a command to its end, and reads its output into out, if that is
// not nil.
func output(ctx context.Context, out any, name string, args ...string) error {
	return outputOf(exec.CommandContext(ctx, name, args...), out)
}

// outputOf is output for a command that is made already.
func outputOf(cmd *exec.Cmd, out any) error {
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("run %v: %w", cmd.Args[1:], err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
