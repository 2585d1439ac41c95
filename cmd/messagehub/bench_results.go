package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"messagehub/bench/page"
	"messagehub/bench/result"
)

func readResults(paths []string) ([]*result.Result, error) {
	var all []*result.Result
	for _, path := range paths {
		r, err := result.Read(path)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func benchReportCommand(s streams) *cobra.Command {
	out := ""
	cmd := &cobra.Command{
		Use: "report RESULT…", Short: "Make one page of results, to look at offline", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := readResults(args)
			if err != nil {
				return err
			}
			var html bytes.Buffer
			if err := page.Write(&html, all); err != nil {
				return err
			}
			if out == "-" {
				_, err := s.out.Write(html.Bytes())
				return err
			}
			if err := os.WriteFile(out, html.Bytes(), 0o644); err != nil {
				return fmt.Errorf("write report: %w", err)
			}
			_, err = fmt.Fprintln(s.out, out)
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "bench-report.html", "file for the page; - is the standard output")
	return cmd
}

func benchCompareCommand(s streams) *cobra.Command {
	var anyway bool
	var out output
	cmd := &cobra.Command{
		Use: "compare A B", Short: "Say what changed from one result to another, and how sure that is", Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := readResults(args)
			if err != nil {
				return err
			}
			d, err := result.Compare(all[0], all[1], anyway)
			if errors.Is(err, result.ErrUnlike) {
				return fail(exitFailure, "if you know better, compare them with --anyway", "%w", err)
			}
			if err != nil {
				return err
			}
			return out.show(s, d, func() error { return result.PrintDifferences(s.out, d) })
		},
	}
	cmd.Flags().BoolVar(&anyway, "anyway", false, "compare results of machines that differ")
	out.flag(cmd)
	return cmd
}

func benchExportCommand(s streams) *cobra.Command {
	form, side := "", ""
	cmd := &cobra.Command{
		Use: "export RESULT", Short: "Write a result as text for other tools", Args: cobra.ExactArgs(1),
		Example: "  messagehub bench export --form hgrm accept.json > accept.hgrm\n  benchstat <(messagehub bench export a.json) <(messagehub bench export b.json)",
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := result.Read(args[0])
			if err != nil {
				return err
			}
			return export(s.out, r, form, side)
		},
	}
	cmd.Flags().StringVar(&form, "form", "bench", "bench: Go's benchmark text, for benchstat; hgrm: HdrHistogram's percentiles, in milliseconds")
	cmd.Flags().StringVar(&side, "side", "", "side whose latency to write as hgrm; the first one if not given")
	return cmd
}

func export(w io.Writer, r *result.Result, form, side string) error {
	switch form {
	case "bench":
		return r.WriteBench(w)
	case "hgrm":
		for _, s := range r.Sides {
			if side == "" || s.Name == side {
				return s.WriteHGRM(w)
			}
		}
		return fmt.Errorf("the result has no side %q", side)
	}
	return usage("--form must be bench or hgrm, not %q", form)
}
