package main

import (
	"context"
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"messagehub/actors/channel/all"
	"messagehub/cmd/messagehub/config"
	"messagehub/relay/access"
	"messagehub/store"
)

// demoLowWater is how much disk the demo leaves free: it runs on laptops.
const demoLowWater = 64 << 20

type demoFlags struct {
	data        dataFlag
	listen, ops string
	perMinute   int
	json        bool
	acceptOnly  bool
}

func demoCommand(s streams) *cobra.Command {
	f := &demoFlags{}
	cmd := &cobra.Command{
		Use: "demo", Short: "Run the relay with simulated providers and a ready key", Args: cobra.NoArgs,
		Long: `Runs the whole relay with simulators of its providers: nothing leaves the
process. It makes a workspace "demo" and a test key, and prints both with a curl
to paste. Data and key stay in the data directory between runs, however the
process ends.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), s) },
	}
	flags := cmd.Flags()
	f.data.flag(cmd)
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address of the API; port 0 takes any free one")
	flags.StringVar(&f.ops, "ops", "127.0.0.1:9090", "address of health, metrics and profiles")
	flags.IntVar(&f.perMinute, "requests-per-minute", 6000, "limit of the demo workspace")
	flags.BoolVar(&f.json, "json", false, "print one line of JSON when ready")
	flags.BoolVar(&f.acceptOnly, "accept-only", false, "deliver nothing and let any number of messages wait")
	return cmd
}

func (f *demoFlags) run(ctx context.Context, s streams) error {
	if f.perMinute < 1 || f.perMinute > access.MaxPerMinute {
		return usage("--requests-per-minute must be 1 to %d", access.MaxPerMinute)
	}
	dir, err := f.data.path()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fail(exitFailure, "choose a directory that can be written with --data", "make data directory %s: %w", dir, reason(err))
	}
	c := config.Default()
	c.Listen, c.Ops, c.Data, c.Store.LowWater = f.listen, f.ops, dir, demoLowWater
	// A demo's endpoints are on the machine that it runs on.
	c.Webhooks.HTTP, c.Webhooks.Allow = true, loopback()
	log := newLogging(s.err, c.Log)
	defer log.Close()
	key := ""
	o := hubOptions{config: c, specs: all.Specs(), log: log, acceptOnly: f.acceptOnly}
	o.prepare = func(st *store.Store) (err error) {
		key, err = prepareDemo(st, dir, f.perMinute)
		return err
	}
	return runHub(ctx, o, nil, func(h *Hub) error {
		ready := readyLine{API: h.URL(), Ops: h.OpsURL(), TestKey: key, DataDir: dir}
		if f.json {
			return printJSON(s, ready)
		}
		return printBanner(s, ready)
	})
}

func loopback() []netip.Prefix {
	return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
}

// demoActor is who does the demo's own set-up, in the audit log.
const demoActor = "demo"

// prepareDemo makes the workspace and the key, unless they are there.
func prepareDemo(st *store.Store, dir string, perMinute int) (key string, err error) {
	o := &office{store: st, keys: access.NewBook(st, nil), now: now, tiers: func() map[string]int { return nil }}
	w, err := o.demoWorkspace(perMinute)
	if err != nil {
		return "", err
	}
	return o.demoKey(dir, w.ID)
}
