package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"messagehub/actors/channel"
	"messagehub/actors/channel/all"
	"messagehub/actors/channel/sim"
	"messagehub/cmd/messagehub/config"
)

// simSender is the name of the simulated senders where no configuration names
// them.
const simSender = "main"

type simFlags struct {
	listen, callback, config, ledger string
	json                             bool
	knobs                            sim.Knobs
}

func simCommand(s streams) *cobra.Command {
	f := &simFlags{}
	cmd := &cobra.Command{
		Use: "sim", Short: "Run simulators of all providers, to point senders' baseURL at", Args: cobra.NoArgs,
		Long: `Runs a simulator of each provider's wire API in one process. It checks what it
receives as strictly as the provider does, answers with the provider's errors,
and posts signed receipts to the relay at --callback.

Without -c there is one simulated account per channel, with the published
credentials of the sandbox; deploy/sim.yaml is the configuration that fits. With
-c the accounts are those of the file, each under the path of its baseURL, or on
a port of its own where the wire is not HTTP. With SIGHUP it is read again, and
the accounts know their new secrets alone; those with a port stay as they are.

  GET  /_sim/ledger   what the providers received, as NDJSON
  GET  /_sim/knobs    how they misbehave; PUT changes it
  GET  /_sim/status   counts of lines and of receipts that wait
  POST /_sim/write    has a user write: {"account": "whatsapp/main", "from": "+14155550100", "text": "STOP"}
  POST /_sim/reset    forgets the ledger`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSim(cmd.Context(), f, s)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8090", "address of the simulators")
	flags.StringVar(&f.callback, "callback", "http://127.0.0.1:8080", "address of the relay that receipts are posted to")
	flags.StringVarP(&f.config, "config", "c", "", "configuration file whose senders are simulated")
	flags.StringVar(&f.ledger, "ledger", "", "file that the ledger is also written to")
	flags.BoolVar(&f.json, "json", false, "print one line of JSON when ready")
	simKnobs(cmd, &f.knobs)
	return cmd
}

func simKnobs(cmd *cobra.Command, k *sim.Knobs) {
	flags := cmd.Flags()
	flags.DurationVar(&k.Latency, "latency", 0, "time before each answer")
	flags.DurationVar(&k.ReceiptDelay, "receipt-delay", 0, "time before the first receipt")
	for _, share := range []struct {
		name, help string
		into       *float64
	}{
		{"throttle", `share of sends answered "too many requests" (0 to 1)`, &k.Throttle},
		{"fail", "share of sends answered with a server error", &k.Fail},
		{"drop-answer", "share of sends taken but not answered", &k.DropAnswer},
		{"lose-receipt", "share of receipts never posted", &k.LoseReceipt},
		{"double-receipt", "share of receipts posted twice", &k.DoubleReceipt},
		{"reorder-receipt", "share of messages whose receipts come in reverse", &k.ReorderReceipt},
	} {
		flags.Float64Var(share.into, share.name, 0, share.help)
	}
}

// spare leaves the processors to who is measured beside the simulators, as far
// as can be: they take half of them, and memory in place of the collector's time.
func spare() {
	runtime.GOMAXPROCS(max(1, runtime.GOMAXPROCS(0)/2))
	debug.SetGCPercent(400)
}

// simAccount is one simulated account at a provider.
type simAccount struct {
	Channel  string `json:"channel"`
	Name     string `json:"name"`
	BaseURL  string `json:"baseURL"`
	Callback string `json:"callback"`
}

func runSim(ctx context.Context, f *simFlags, s streams) error {
	if err := f.knobs.Validate(); err != nil {
		return usage("knobs: %w", err)
	}
	senders, err := f.senders()
	if err != nil {
		return err
	}
	spare()
	world := sim.NewWorld(sim.Options{Knobs: f.knobs})
	defer world.Close()
	if f.ledger != "" {
		file, err := os.OpenFile(f.ledger, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return fmt.Errorf("open ledger: %w", err)
		}
		defer file.Close()
		world.Ledger.Tee(file)
	}
	ln, err := listen("--listen", f.listen)
	if err != nil {
		return err
	}
	mux := sim.NewMux(world)
	accounts, err := f.open(mux, world, senders, ln.Addr(), true)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	server := simServer(mux)
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	if err := f.announce(s, "http://"+ln.Addr().String(), accounts); err != nil {
		return err
	}
	stop, release := signals(ctx)
	defer release()
	if f.config != "" {
		defer onHangup(func() { f.reload(mux, world, ln.Addr(), s) })()
	}
	select {
	case err := <-served:
		return fmt.Errorf("serve simulators: %w", err)
	case <-stop.Done():
	}
	_ = server.Shutdown()
	return world.Ledger.Err()
}

// reload simulates the senders that the configuration has now: from then on
// their accounts know their new secrets alone. A faulty file changes nothing;
// accounts with a port of their own stay as they are.
func (f *simFlags) reload(mux *sim.Mux, world *sim.World, addr net.Addr, s streams) {
	senders, err := f.senders()
	if err == nil {
		_, err = f.open(mux, world, senders, addr, false)
	}
	if err != nil {
		fmt.Fprintf(s.err, "configuration not reloaded: %v\n", err)
		return
	}
	fmt.Fprintln(s.err, "configuration reloaded")
}

// senders are those of the configuration, or one for each channel.
func (f *simFlags) senders() ([]config.Sender, error) {
	if f.config != "" {
		c, err := loadConfig(newLoader(), f.config)
		if err != nil {
			return nil, err
		}
		return c.Senders, nil
	}
	var senders []config.Sender
	for _, spec := range all.Specs() {
		senders = append(senders, config.Sender{Channel: spec.Name, Name: simSender, Settings: channel.Sandbox(spec.Settings)})
	}
	return senders, nil
}

// open adds the senders' simulators to the mux, and opens the ports of those
// that have one of their own, if it shall.
func (f *simFlags) open(mux *sim.Mux, world *sim.World, senders []config.Sender, addr net.Addr, ports bool) ([]simAccount, error) {
	var accounts []simAccount
	taken := map[string]string{}
	for _, sender := range senders {
		name := sender.Channel + "/" + sender.Name
		spec, _ := specNamed(all.Specs(), sender.Channel) // the loader knows no others
		callback := callbackURL(callbackBase(f.callback), sender.Channel, sender.Name)
		provider := spec.Simulator(world, channel.Sender{Name: sender.Name, Settings: sender.Settings, CallbackURL: callback})
		if p, ok := provider.(sim.Streamer); ok {
			if !ports {
				continue
			}
			mux.Name(name, provider)
			at, err := openStream(world, p)
			if err != nil {
				return nil, fmt.Errorf("sender %s: %w", name, err)
			}
			accounts = append(accounts, simAccount{Channel: sender.Channel, Name: sender.Name, BaseURL: at})
			continue
		}
		path, err := basePath(sender.Settings)
		if err != nil {
			return nil, fail(exitConfig, `give it one such as "http://`+addr.String()+`/`+name+`"`, "sender %s: %w", name, err)
		}
		if taken[path] != "" {
			return nil, fail(exitConfig, "give each sender's baseURL a path of its own", "senders %s and %s share the path %s", taken[path], name, path)
		}
		taken[path] = name
		mux.Add(path, provider)
		mux.Name(name, provider)
		accounts = append(accounts, simAccount{sender.Channel, sender.Name, "http://" + addr.String() + path, callback})
	}
	return accounts, nil
}

// openStream serves p on a port of its own until the World is closed.
func openStream(world *sim.World, p sim.Streamer) (address string, err error) {
	ln, err := net.Listen("tcp", p.Address())
	if err != nil {
		return "", fail(exitConfig, "give it an address of this machine that is free", "listen: %w", err)
	}
	world.Listen(ln, p)
	return "tcp://" + ln.Addr().String(), nil
}

// callbackBase accepts the address of the relay, and that of its receipt
// route.
func callbackBase(address string) string {
	address = strings.TrimRight(address, "/")
	return strings.TrimSuffix(address, strings.TrimRight(callbackURL("", "", ""), "/"))
}
