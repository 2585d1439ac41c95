package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// gateway is a running Kannel: its two boxes, and the provider behind them.
type gateway struct {
	*server
	bearer, sms    *process
	provider       *process
	mock           string // the provider's host and port
	dir            string // of configuration and spool, removed at the end
	admin, box, in string // ports: of the bearerbox, then that of the smsbox
}

// gateway starts Kannel with its spool in a new directory under dir, and the
// provider that it sends to.
func (b *Bench) gateway(ctx context.Context, dir string, pending int) (g *gateway, err error) {
	g = &gateway{server: &server{name: "Kannel"}}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	if g.provider, err = start(ctx, b.Binary, "bench", "mock"); err != nil {
		return g, err
	}
	g.mock = strings.TrimSpace(string(g.provider.ready))
	if g.dir, err = os.MkdirTemp(dir, "bench-kannel-"); err != nil {
		return g, fmt.Errorf("make directory for Kannel's spool: %w", err)
	}
	for _, port := range []*string{&g.admin, &g.box, &g.in} {
		address, err := freeAddress()
		if err != nil {
			return g, err
		}
		_, *port, _ = strings.Cut(address, ":")
	}
	config, spool := filepath.Join(g.dir, "kannel.conf"), filepath.Join(g.dir, "spool")
	if err := errors.Join(os.Mkdir(spool, 0o700), os.WriteFile(config, g.config(spool, pending), 0o600)); err != nil {
		return g, fmt.Errorf("write Kannel's configuration: %w", err)
	}
	if g.bearer, err = startBox(ctx, "bearerbox", config, g.box); err != nil {
		return g, err
	}
	if g.sms, err = startBox(ctx, "smsbox", config, g.in); err != nil {
		return g, err
	}
	g.target = &url.URL{Scheme: "http", Host: "127.0.0.1:" + g.in}
	return g, nil
}

// ErrNoKannel says that Kannel is not installed.
var ErrNoKannel = errors.New("find Kannel")

// startBox runs one of Kannel's boxes until it listens at the port. It tells of
// errors alone: by itself it writes all that it does to standard error,
// whatever its configuration says of logs, some 5 kB for each message.
func startBox(ctx context.Context, name, config, port string) (*process, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + name)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: install it (apt-get install --no-install-recommends kannel): %w", ErrNoKannel, err)
	}
	p := command(ctx, path, "-v", "3", config)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	for deadline := time.Now().Add(readyTime); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(settleEvery) {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			return p, conn.Close()
		}
	}
	_ = p.kill()
	return nil, fmt.Errorf("start %s: nothing listens within %v: %s", name, readyTime, p.stderr.String())
}

// readyTime is how long one of Kannel's boxes may take to listen.
const readyTime = 10 * time.Second

// cpu is what both boxes have used.
func (g *gateway) cpu() (time.Duration, error) {
	bearer, err1 := g.bearer.cpu()
	sms, err2 := g.sms.cpu()
	return bearer + sms, errors.Join(err1, err2)
}

// close ends what has been started.
func (g *gateway) close() {
	for _, p := range []*process{g.sms, g.bearer, g.provider} {
		if p != nil {
			_ = p.stop()
		}
	}
	if g.dir != "" {
		_ = os.RemoveAll(g.dir)
	}
}

// received is how many messages the provider has.
func (g *gateway) received(ctx context.Context) (int64, error) {
	body, err := get(ctx, "http://"+g.mock+mockCount, "")
	if err != nil {
		return 0, fmt.Errorf("ask the provider: %w", err)
	}
	return strconv.ParseInt(strings.TrimSpace(string(body)), 10, 64)
}

// settle waits until the provider has received n messages.
func (g *gateway) settle(ctx context.Context, n int64) (time.Time, error) {
	for deadline := time.Now().Add(settleTime); ; {
		got, err := g.received(ctx)
		now := time.Now()
		switch {
		case err != nil || got == n:
			return now, err
		case got > n:
			return now, fmt.Errorf("of %d messages the provider received %d", n, got)
		case now.After(deadline):
			return now, fmt.Errorf("of %d messages the provider received only %d within %v", n, got, settleTime)
		}
		select {
		case <-ctx.Done():
			return now, ctx.Err()
		case <-time.After(settleEvery):
		}
	}
}

// config is what Kannel reads.
func (g *gateway) config(spool string, pending int) []byte {
	return fmt.Appendf(nil, `group = core
admin-port = %s
admin-password = bench
admin-interface = "127.0.0.1"
smsbox-port = %s
smsbox-interface = "127.0.0.1"
box-allow-ip = "127.0.0.1"
store-type = spool
store-location = %q

group = smsc
smsc = http
smsc-id = mock
system-type = kannel
smsc-username = bench
smsc-password = bench
port = 0
send-url = "http://%s/cgi-bin/sendsms"
max-pending-submits = %d

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %s
sendsms-interface = "127.0.0.1"

group = sendsms-user
username = bench
password = bench
`, g.admin, g.box, spool, g.mock, pending, g.in)
}

// mockCount is where the provider behind Kannel tells how much it has.
const mockCount = "/count"

// ServeMock is the provider behind Kannel: it takes everything, and counts.
func ServeMock(ln net.Listener) error {
	var count atomic.Int64
	server := &fasthttp.Server{NoDefaultServerHeader: true, Handler: func(ctx *fasthttp.RequestCtx) {
		if string(ctx.Path()) == mockCount {
			fmt.Fprintln(ctx, count.Load())
			return
		}
		count.Add(1)
		ctx.SetStatusCode(fasthttp.StatusAccepted)
		ctx.SetBodyString("0: Accepted for delivery")
	}}
	return server.Serve(ln)
}
