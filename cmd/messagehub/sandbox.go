package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"

	"messagehub/actors"
	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/cmd/messagehub/config"
)

// sandboxSender is the name of a test lane's simulated sender where the
// configuration names none.
const sandboxSender = "sandbox"

// sandboxURL is where the simulators report to. Nobody resolves it: their
// connections end in memory.
const sandboxURL = "http://sandbox.invalid"

// sandbox is the providers of the test lanes: simulators of the real wire
// APIs, reached by the real adapters over connections inside the process.
//
// Guarantee: no connection of it leaves the process.
type sandbox struct {
	world     *sim.World
	providers *fasthttputil.InmemoryListener // the simulators' side
	callbacks *fasthttputil.InmemoryListener // the front door's side
	server    *fasthttp.Server
	client    *channel.Client
	mux       *sim.Mux
	specs     []channel.Spec
	made      map[string]actors.Sender // by channel and name; one caller at a time
}

// newSandbox makes the sandbox of the given channels. It answers once serve is
// called.
func newSandbox(specs []channel.Spec) *sandbox {
	b := &sandbox{
		providers: fasthttputil.NewInmemoryListener(), callbacks: fasthttputil.NewInmemoryListener(),
		specs: specs, made: map[string]actors.Sender{},
	}
	b.world = sim.NewWorld(sim.Options{Dial: dialMemory(b.callbacks)})
	b.world.Ledger.Off()
	b.client = channel.NewClient(dialMemory(b.providers), 256)
	b.mux = sim.NewMux(b.world)
	b.server = simServer(b.mux)
	return b
}

// senders returns for each live sender a simulated one of the same name and
// share, so that "from" and the choice work alike. It makes those that are
// not there yet.
func (b *sandbox) senders(live []config.Sender) ([]actors.Sender, error) {
	var all []actors.Sender
	for i := range b.specs {
		spec := &b.specs[i]
		for _, twin := range sandboxTwins(spec.Name, live) {
			s, err := b.sender(spec, twin)
			if err != nil {
				return nil, err
			}
			s.Share = actors.Share(twin.Share)
			all = append(all, s)
		}
	}
	return all, nil
}

// simServer makes the HTTP server of simulators.
func simServer(mux *sim.Mux) *fasthttp.Server {
	return &fasthttp.Server{
		Handler: mux.Handle, NoDefaultServerHeader: true, CloseOnShutdown: true,
		MaxRequestBodySize: 4 << 20, Logger: quiet{},
	}
}

// quiet drops what an HTTP server would log.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

func dialMemory(ln *fasthttputil.InmemoryListener) channel.Dialer {
	return func(context.Context, string, string) (net.Conn, error) { return ln.Dial() }
}

// sandboxTwins are the live senders of a channel that have a simulated one
// each; one without settings where there are none.
func sandboxTwins(channel string, live []config.Sender) []config.Sender {
	var twins []config.Sender
	for _, s := range live {
		if s.Channel == channel {
			twins = append(twins, s)
		}
	}
	if len(twins) == 0 {
		return []config.Sender{{Channel: channel, Name: sandboxSender}}
	}
	return twins
}

// sender returns a simulated sender; its provider is made with it, and made
// anew when the live one's settings ask for another.
func (b *sandbox) sender(spec *channel.Spec, live config.Sender) (actors.Sender, error) {
	if s, ok := b.made[spec.Name+"/"+live.Name]; ok && mirrors(spec.Settings, s.Settings, live.Settings) {
		return s, nil
	}
	s := channel.Sender{
		Name: live.Name, Test: true, Settings: sandboxSettings(spec.Settings, live.Settings),
		CallbackURL: callbackURL(sandboxURL, spec.Name, live.Name), HTTP: b.client,
	}
	s.Settings["baseURL"] = strings.TrimRight(s.Settings["baseURL"], "/") + "/" + live.Name
	prefix, err := basePath(s.Settings)
	if err != nil {
		return actors.Sender{}, fmt.Errorf("make sandbox of %s: %w", spec.Name, err)
	}
	provider := spec.Simulator(b.world, s)
	if p, ok := provider.(sim.Streamer); ok {
		s.Dial = b.world.Dial(p)
	}
	b.mux.Add(prefix, provider)
	b.mux.Name(spec.Name+"/"+live.Name, provider)
	made := actors.Sender{Channel: spec.Name, Sender: s, Pace: paceOf(spec, s.Settings)}
	b.made[spec.Name+"/"+live.Name] = made
	return made, nil
}

// callbackURL is where a provider reports to about a sender.
func callbackURL(base, channel, sender string) string {
	return base + "/api/v1/webhooks/delivery/" + channel + "/" + sender
}

// basePath is the path under which a simulator is reached: that of the
// sender's baseURL.
func basePath(v channel.Values) (string, error) {
	u, err := url.Parse(v.Text("baseURL"))
	if err != nil {
		return "", errors.New("baseURL is not a URL")
	}
	path := strings.TrimRight(u.Path, "/")
	if path == "" {
		return "", errors.New("baseURL has no path to tell it from other simulated providers")
	}
	return path, nil
}

// mirrors reports whether a simulated sender has what it takes over from the
// live one.
func mirrors(settings []channel.Setting, simulated, live channel.Values) bool {
	own := channel.Sandbox(settings)
	for _, s := range settings {
		want := own.Text(s.Name)
		if slices.Contains(s.Mirrors, live.Text(s.Name)) {
			want = live.Text(s.Name)
		}
		if len(s.Mirrors) > 0 && simulated.Text(s.Name) != want {
			return false
		}
	}
	return true
}

// sandboxSettings are those of the simulated sender, with secrets of this run
// alone: nobody outside can forge a test message's receipts.
func sandboxSettings(settings []channel.Setting, live channel.Values) channel.Values {
	v := channel.Sandbox(settings)
	for _, s := range settings {
		if slices.Contains(s.Mirrors, live.Text(s.Name)) {
			v[s.Name] = live.Text(s.Name)
		}
		if !s.Secret || s.Sandbox == "" {
			continue
		}
		drawn := s.Sandbox + rand.Text()
		if s.Check == nil || s.Check(drawn) == nil {
			v[s.Name] = drawn
		}
	}
	return v
}

// serve answers the adapters until close.
func (b *sandbox) serve() error { return b.server.Serve(b.providers) }

// concludeTime bounds how long a stop waits for the sandbox's receipts.
const concludeTime = 2 * time.Second

// conclude has the receipts posted that wait for their time: after the process
// nobody would.
func (b *sandbox) conclude() {
	ctx, cancel := context.WithTimeout(context.Background(), concludeTime)
	defer cancel()
	b.world.Hasten()
	_ = b.world.Settle(ctx)
}

// close ends the simulators. Receipts not yet posted are lost, as those of a
// real provider would not be: the sandbox is as old as its process.
func (b *sandbox) close() {
	b.world.Close()
	_ = b.callbacks.Close()
	_ = b.providers.Close()
	_ = b.server.Shutdown()
	b.client.Close()
}
