package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"messagehub/store/message/json"
)

// output is the flag -o: a table for people, or JSON for programs.
type output struct{ form string }

func (o *output) flag(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.form, "output", "o", "table", "form of the output: table or json")
	completeFlag(cmd, "output", func() []string { return []string{"table", "json"} })
	check := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if o.form != "table" && o.form != "json" {
			return usage("-o must be table or json, not %q", o.form)
		}
		if check != nil {
			return check(cmd, args)
		}
		return nil
	}
}

// show prints v as JSON, or lets table print it.
func (o *output) show(s streams, v any, table func() error) error {
	if o.form != "json" {
		return table()
	}
	return printJSON(s, v)
}

// printJSON prints v as one line.
func printJSON(s streams, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = s.out.Write(append(b, '\n'))
	return err
}

// printTable prints rows under a header; none says why there is nothing.
func printTable(s streams, header string, rows [][]string, none string) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(s.err, none)
		return err
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, strings.ReplaceAll(header, " ", "\t"))
	for _, row := range rows {
		for i, cell := range row {
			if cell == "" {
				row[i] = "-"
			}
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// printFields prints names and values; those without a value are left out.
func printFields(s streams, fields ...string) error {
	t := tabwriter.NewWriter(s.out, 0, 0, 3, ' ', 0)
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i+1] != "" {
			fmt.Fprintf(t, "  %s\t%s\n", fields[i], fields[i+1])
		}
	}
	return t.Flush()
}
