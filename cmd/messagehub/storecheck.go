package main

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"messagehub/store"
)

func storeCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "store", Short: "Check a data directory"}
	cmd.AddCommand(storeCheckCommand(s))
	return cmd
}

func storeCheckCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	cmd := &cobra.Command{
		Use: "check", Short: "Examine every file and row of a store that no server has open", Args: cobra.NoArgs,
		Long: `Examines every file and row and writes nothing. It ends with 65 if anything is
wrong. To check a running server's store, take a backup and check that.`,
		RunE: func(*cobra.Command, []string) error {
			dir, err := data.path()
			if err != nil {
				return err
			}
			if err := mustHoldStore(dir); err != nil {
				return err
			}
			report, err := store.Check(dir, nil)
			if err != nil {
				return openFailure(dir, err)
			}
			if err := out.show(s, report, func() error { return printCheck(s, dir, report) }); err != nil {
				return err
			}
			if report.Total > 0 {
				return fail(exitCorrupt, "Keep a copy of the directory and restore a backup (messagehub restore).", "the store in %s has %d faults", dir, report.Total)
			}
			return nil
		},
	}
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

func printCheck(s streams, dir string, r *store.CheckReport) error {
	fmt.Fprintf(s.out, "%s: sequence %d, %d messages accepted, %d removed by retention\n\n", dir, r.Sequence, r.Accepted, r.Removed)
	var rows [][]string
	for kind, n := range r.Rows {
		rows = append(rows, []string{kind, strconv.FormatUint(n, 10)})
	}
	slices.SortFunc(rows, func(a, b []string) int { return slices.Compare(a, b) })
	if err := printTable(s, "KIND ROWS", rows, "no rows"); err != nil {
		return err
	}
	if r.Total == 0 {
		_, err := fmt.Fprintln(s.out, "\nnothing is wrong")
		return err
	}
	rows = nil
	for _, f := range r.Findings {
		rows = append(rows, []string{f.Kind, f.Key, f.Problem})
	}
	fmt.Fprintln(s.out)
	if err := printTable(s, "KIND KEY PROBLEM", rows, ""); err != nil {
		return err
	}
	if more := r.Total - len(r.Findings); more > 0 {
		fmt.Fprintf(s.out, "and %d more\n", more)
	}
	return nil
}
