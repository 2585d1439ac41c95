package bench

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"messagehub/store/message/json"
)

// world is a relay that delivers to simulated providers in processes of their
// own.
type world struct {
	*server
	bench  *Bench
	config string // path
	sims   []*simulator
}

// simulator is a process of simulated providers.
type simulator struct {
	*process
	url    string
	ledger string // path of the file that it also writes its ledger to
}

// live is the workspace that a world's messages belong to.
const live = "live"

// world starts n processes of simulators and a relay whose senders are there:
// WhatsApp's at the first, all others at the last.
func (b *Bench) world(ctx context.Context, name string, sims int) (w *world, err error) {
	return b.worldOn(ctx, name, sims, nil)
}

// worldOn is world with a relay that holds what the base does.
func (b *Bench) worldOn(ctx context.Context, name string, sims int, on *base) (w *world, err error) {
	w = &world{bench: b, server: &server{name: name, dir: b.path(name + "/data")}, config: b.path(name + "/relay.yaml")}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if err := os.MkdirAll(w.dir, 0o700); err != nil {
		return w, fmt.Errorf("make data directory: %w", err)
	}
	if err := on.copyTo(w.dir); err != nil {
		return w, err
	}
	api, err := freeAddress()
	if err != nil {
		return w, err
	}
	for i := range sims {
		if err := w.startSim(ctx, api, filepath.Join(b.path(name), fmt.Sprintf("sim-%d.ndjson", i))); err != nil {
			return w, err
		}
	}
	if err := os.WriteFile(w.config, worldConfig(api, w.dir, w.sims[0].url, w.sims[sims-1].url), 0o600); err != nil {
		return w, fmt.Errorf("write configuration: %w", err)
	}
	if err := w.start(ctx); err != nil {
		return w, err
	}
	w.key, err = b.client(w.server, live, unlimited, false)
	return w, err
}

// start starts the relay, or starts it again.
func (w *world) start(ctx context.Context) error {
	p, err := start(ctx, w.bench.Binary, "serve", "-c", w.config, "--json")
	if err != nil {
		return err
	}
	return w.read(p)
}

func (w *world) startSim(ctx context.Context, api, ledger string) error {
	p, err := start(ctx, w.bench.Binary, "sim", "--json", "--listen", "127.0.0.1:0", "--callback", "http://"+api, "--ledger", ledger)
	if err != nil {
		return err
	}
	var ready struct{ Sim string }
	w.sims = append(w.sims, &simulator{process: p, ledger: ledger})
	err = json.Unmarshal(p.ready, &ready)
	w.sims[len(w.sims)-1].url = ready.Sim
	return err
}

// close ends every process of the world.
func (w *world) close() {
	if w.process != nil {
		_ = w.process.stop()
	}
	for _, s := range w.sims {
		_ = s.stop()
	}
}

// knobs sets how the simulated providers of one process behave.
func (s *simulator) knobs(ctx context.Context, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.url+"/_sim/knobs", bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("set knobs: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("set knobs: status %d", resp.StatusCode)
	}
	return nil
}

// freeAddress returns a loopback address that nothing listens on: the
// simulators must know it before the relay is there.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

// worldConfig is a relay's configuration with senders at simulators, and no
// bound of ours on what may wait.
func worldConfig(api, data, whatsapp, others string) []byte {
	return fmt.Appendf(nil, `
listen: %q
ops: "127.0.0.1:0"
publicURL: "http://%[1]s"
data: %[2]q
log: {attempts: false, level: error}
store: {lowWater: 64MiB}
limits: {backlog: 1_000_000_000}
senders:
  whatsapp:
    - {name: main, baseURL: "%[3]s/whatsapp", phoneNumberId: "106540352242922", accessToken: sandbox-access-token,
       appSecret: %[5]s, verifyToken: sandbox-verify-token, messagesPerSecond: 0}
  sms:
    - {name: main, baseURL: "%[4]s/sms", accountSid: AC00000000000000000000000000005a17, authToken: sandbox-auth-token,
       fromNumber: "+15005550006", messagesPerSecond: 0, maxInFlight: 150}
`, api, data, whatsapp, others, simSecret)
}

// simSecret is what the simulated WhatsApp signs its receipts with.
const simSecret = "sandbox-app-secret"
