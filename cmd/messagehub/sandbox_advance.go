package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func sandboxCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "sandbox", Short: "Steer what happens to test messages"}
	cmd.AddCommand(sandboxAdvanceCommand(s))
	return cmd
}

func sandboxAdvanceCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	in := advance{}
	cmd := &cobra.Command{
		Use: "advance DURATION", Short: "Move the sandbox's clock forward, for the messages that wait", Args: cobra.ExactArgs(1),
		Long: `Brings everything that test messages wait for nearer: schedules, retries, timeouts
of fallback chains and of unknown outcomes, expiry. What is reached then happens
at once; what begins then counts from the real time again. Live messages are not
touched.`,
		Example: `  messagehub sandbox advance 24h
  messagehub sandbox advance 90s --workspace acme`,
		RunE: func(_ *cobra.Command, args []string) error {
			var err error
			if in.By, err = time.ParseDuration(args[0]); err != nil {
				return usage("%q is no duration: write it as 90s, 15m or 24h", args[0])
			}
			dir, err := data.path()
			if err != nil {
				return err
			}
			a, err := administer[advanced](dir, "sandbox.advance", in)
			if err != nil {
				return err
			}
			return out.show(s, a, func() error {
				_, err := fmt.Fprintf(s.out, "%d messages are %s further\n", a.Messages, a.By)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&in.Workspace, "workspace", "", "of this workspace alone")
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}
