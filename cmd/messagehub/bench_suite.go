package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"messagehub/bench"
)

// suiteFlags are the flags of a suite.
type suiteFlags struct {
	benchFlags
	full    bool
	results string // directory for the figures
	keep    string // directory for each result
	only    []string
}

func benchSuiteCommand(s streams) *cobra.Command {
	f := &suiteFlags{}
	cmd := &cobra.Command{
		Use: "suite", Short: "Measure all figures that have a goal, and print them beside it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := f.check(); err != nil {
				return err
			}
			return f.measure(cmd.Context(), s)
		},
	}
	f.flag(cmd)
	for _, hidden := range []string{"target", "out", "require", "rate", "closed", "output"} {
		_ = cmd.Flags().MarkHidden(hidden)
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.full, "full", false, "with ten million messages stored")
	flags.StringVar(&f.results, "results", "", "directory to keep the figures in, as text")
	flags.StringVar(&f.keep, "keep", "", "directory to keep each result in, to report and compare")
	flags.StringSliceVar(&f.only, "only", nil, "of the suite, these scenarios alone")
	return cmd
}

// measure runs the scenarios one after the other. One that fails does not keep
// the others from being measured.
func (f *suiteFlags) measure(ctx context.Context, s streams) error {
	if f.options.Filled == "" { // what one scenario has filled serves the next
		dir, err := os.MkdirTemp(f.options.Dir, "bench-filled-")
		if err != nil {
			return fmt.Errorf("make directory for filled logs: %w", err)
		}
		defer os.RemoveAll(dir)
		f.options.Filled = dir
	}
	ctx, release := signals(ctx) // one ends them all
	defer release()
	sheet := bench.NewSheet()
	var failures error
	for _, p := range bench.Suite(f.full) {
		if len(f.only) > 0 && !strings.Contains(","+strings.Join(f.only, ",")+",", ","+p.Scenario+",") {
			continue
		}
		if err := f.one(ctx, s, p, sheet); err != nil {
			report(s.err, err)
			if !errors.Is(err, bench.ErrNoKannel) { // its figures are not measured, the rest are
				failures = errors.Join(failures, err)
			}
		}
		if ctx.Err() != nil {
			return errors.Join(failures, ctx.Err())
		}
	}
	fmt.Fprintln(s.out)
	if err := sheet.Print(s.out); err != nil || f.results == "" {
		return errors.Join(failures, err)
	}
	path, err := sheet.Keep(f.results)
	if err == nil {
		_, err = fmt.Fprintln(s.out, "kept in", path)
	}
	return errors.Join(failures, err)
}

func (f *suiteFlags) one(ctx context.Context, s streams, p bench.Planned, sheet *bench.Sheet) error {
	entry, ok := bench.Find(p.Scenario)
	if !ok {
		return fmt.Errorf("there is no scenario %q", p.Scenario)
	}
	scenario := entry.New()
	own := flag.NewFlagSet(entry.Name, flag.ContinueOnError)
	own.SetOutput(io.Discard)
	scenario.Flags(own)
	if err := own.Parse(p.Flags); err != nil {
		return err
	}
	product, err := benchProduct()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\n$ %s\n", f.command(p))
	r, err := bench.Run(ctx, entry, scenario, f.options, product, f.command(p), benchView(s))
	if r == nil {
		return err
	}
	sheet.Add(r)
	err = errors.Join(err, bench.Print(s.out, r))
	if f.keep == "" {
		return err
	}
	if mkErr := os.MkdirAll(f.keep, 0o755); mkErr != nil {
		return errors.Join(err, fmt.Errorf("keep result: %w", mkErr))
	}
	return errors.Join(err, r.Write(filepath.Join(f.keep, entry.Name+".json")))
}

// command repeats one scenario of the suite.
func (f *suiteFlags) command(p bench.Planned) string {
	o := f.options
	args := append([]string{"messagehub bench", p.Scenario}, p.Flags...)
	return strings.Join(append(args, fmt.Sprintf("--connections %d --rounds %d --each %v", o.Connections, o.Rounds, o.Each)), " ")
}

func benchFiguresCommand(s streams) *cobra.Command {
	write, dir := "", ""
	cmd := &cobra.Command{
		Use: "figures", Short: "Print the table of the newest kept figures, or write it into a file", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			sheet, err := bench.Newest(dir)
			if err != nil {
				return err
			}
			if write == "" {
				return sheet.Markdown(s.out)
			}
			text, err := os.ReadFile(write)
			if err != nil {
				return fmt.Errorf("write figures: %w", err)
			}
			if text, err = sheet.Rewrite(text); err != nil {
				return fmt.Errorf("write figures into %s: %w", write, err)
			}
			if err := os.WriteFile(write, text, 0o644); err != nil {
				return fmt.Errorf("write figures: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "results", "bench/results", "directory of the kept figures")
	cmd.Flags().StringVar(&write, "write", "", "file to write the table into, between its marks")
	return cmd
}
