package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"messagehub/bench"
)

func benchOverloadCommand(s streams) *cobra.Command {
	b := bench.Overload{}
	var out output
	cmd := &cobra.Command{
		Use: "overload", Short: "More than the relay can take, half of it from one greedy workspace", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			binary, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find the binary: %w", err)
			}
			b.Binary = binary
			r, err := b.Run(cmd.Context(), s.err)
			if err != nil {
				return err
			}
			return out.show(s, r, func() error { return r.Print(s.out) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&b.Dir, "dir", ".", "directory on the disk to be measured")
	flags.IntVar(&b.Others, "others", 8, "workspaces beside the greedy one")
	flags.IntVar(&b.Connections, "connections", 512, "client connections")
	flags.DurationVar(&b.Each, "each", 5*time.Second, "length of a level")
	flags.Float64SliceVar(&b.Factors, "factors", []float64{2, 5, 10}, "multiples of the peak")
	out.flag(cmd)
	return cmd
}
