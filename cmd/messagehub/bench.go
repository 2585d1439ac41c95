package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"messagehub/bench"
	"messagehub/bench/result"
	"messagehub/bench/stats"
)

const benchHelp = `Measures this machine. Each scenario starts the servers that it needs, puts
load on them from this process, audits what became of every message, and fails
if one was lost, came twice or out of order. Requests are due at a constant
rate, and latency counts from the moment a request was due; a closed loop is
marked as such.`

func benchCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Short: "Measure this machine", Long: benchHelp}
	for _, e := range bench.Scenarios() {
		cmd.AddCommand(benchScenarioCommand(s, e))
	}
	cmd.AddCommand(benchSuiteCommand(s), benchReportCommand(s), benchCompareCommand(s), benchExportCommand(s), benchFiguresCommand(s), benchFillCommand(s),
		benchServerCommand(s, "bare", "Run the bare server that accept compares with", bench.ServeBare),
		benchServerCommand(s, "mock", "Run the provider that Kannel sends to", bench.ServeMock))
	return cmd
}

// benchFlags are what all scenarios have in common.
type benchFlags struct {
	options              bench.Options
	target, out, require string
	output               output
}

func (f *benchFlags) flag(cmd *cobra.Command) {
	flags := cmd.Flags()
	o := &f.options
	flags.StringVar(&o.Dir, "dir", ".", "directory on the disk to be measured")
	flags.IntVar(&o.Connections, "connections", 256, "client connections")
	flags.IntVar(&o.Rounds, "rounds", 5, "rounds of each side, alternating; medians count")
	flags.DurationVar(&o.Each, "each", 5*time.Second, "length of a round")
	flags.DurationVar(&o.Warmup, "warmup", 2*time.Second, "load before the first round, not counted")
	flags.Float64Var(&o.Rate, "rate", 0, "constant rate, requests a second, where the scenario takes one")
	flags.BoolVar(&o.Closed, "closed", false, "only a closed loop: each connection sends as soon as it has its answer")
	flags.StringVar(&f.target, "target", "", "address of a relay that runs already, for load and find-max; its key is in MESSAGEHUB_KEY")
	flags.StringVar(&o.Filled, "filled", "", "directory to keep filled logs in from run to run, on the same disk; without it each run fills its own")
	flags.StringVar(&f.out, "out", "", "file for the result, to report and compare later")
	flags.StringVar(&f.require, "require", "", `conditions that must hold, such as "p99<20ms,errors<0.1%"; exit 1 if not`)
	_ = cmd.MarkFlagDirname("dir")
	f.output.flag(cmd)
}

func (f *benchFlags) check() (stats.Objective, error) {
	o := &f.options
	switch {
	case o.Connections < 1 || o.Rounds < 1 || o.Each < bench.ShortestRound:
		return nil, usage("--connections and --rounds must be at least 1, --each at least %v", bench.ShortestRound)
	case o.Rate < 0 || o.Warmup < 0:
		return nil, usage("--rate and --warmup must not be negative")
	}
	if f.target != "" {
		u, err := url.Parse(f.target)
		if err != nil || u.Host == "" {
			return nil, usage("--target %q is no URL: give one such as http://127.0.0.1:8080", f.target)
		}
		o.Target, o.Key = u, os.Getenv("MESSAGEHUB_KEY")
	}
	if f.require == "" {
		return nil, nil
	}
	objective, err := stats.ParseObjective(f.require)
	if err != nil {
		return nil, usage("--require: %w", err)
	}
	return objective, nil
}

func benchScenarioCommand(s streams, e bench.Entry) *cobra.Command {
	f := &benchFlags{}
	scenario := e.New()
	cmd := &cobra.Command{
		Use: e.Name, Short: e.Title, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			objective, err := f.check()
			if err != nil {
				return err
			}
			r, err := f.run(cmd.Context(), s, e, scenario)
			if r == nil {
				return err
			}
			return errors.Join(err, f.finish(s, r, objective))
		},
	}
	f.flag(cmd)
	own := flag.NewFlagSet(e.Name, flag.ContinueOnError)
	scenario.Flags(own)
	cmd.Flags().AddGoFlagSet(own)
	return cmd
}

func (f *benchFlags) run(ctx context.Context, s streams, e bench.Entry, scenario bench.Scenario) (*result.Result, error) {
	p, err := benchProduct()
	if err != nil {
		return nil, err
	}
	stop, release := signals(ctx)
	defer release()
	return bench.Run(stop, e, scenario, f.options, p, commandLine(), benchView(s))
}

// finish shows and keeps a result, and holds it against what is required.
func (f *benchFlags) finish(s streams, r *result.Result, o stats.Objective) error {
	err := f.output.show(s, r, func() error { return bench.Print(s.out, r) })
	if f.out != "" {
		err = errors.Join(err, r.Write(f.out))
	}
	if o == nil || err != nil {
		return err
	}
	missed, err := o.Check(r.Values())
	if err == nil && len(missed) > 0 {
		err = fmt.Errorf("not as required: %s", strings.Join(missed, "; "))
	}
	return err
}

// commandLine is how this process was started, to be repeated.
func commandLine() string {
	args := append([]string{"messagehub"}, os.Args[1:]...)
	for i, a := range args {
		if strings.ContainsAny(a, " <>%*'\"$&|;") {
			args[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(args, " ")
}

// benchView shows a run on a terminal, or as plain lines.
func benchView(s streams) bench.View {
	if styleOf(s.err).on {
		return bench.NewTerminal(s.err)
	}
	return &bench.Lines{W: s.err}
}

// benchServerCommand runs a server of a comparison, and prints its address.
func benchServerCommand(s streams, name, short string, serve func(net.Listener) error) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(s.out, ln.Addr()); err != nil {
				return err
			}
			return serve(ln)
		},
	}
}
