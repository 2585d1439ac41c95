package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"messagehub/bench"
)

func benchOverloadCommand(s streams) *cobra.Command {
	b := bench.Overload{}
	cmd := scenarioCommand(s, "overload", "More than the relay can take, half of it from one greedy workspace",
		func(ctx context.Context, binary string) (finding, error) {
			b.Binary = binary
			return b.Run(ctx, s.err)
		})
	flags := cmd.Flags()
	flags.StringVar(&b.Dir, "dir", ".", "directory on the disk to be measured")
	flags.IntVar(&b.Others, "others", 8, "workspaces beside the greedy one")
	flags.IntVar(&b.Connections, "connections", 512, "client connections")
	flags.DurationVar(&b.Each, "each", 5*time.Second, "length of a level")
	flags.Float64SliceVar(&b.Factors, "factors", []float64{2, 5, 10}, "multiples of the peak")
	return cmd
}
