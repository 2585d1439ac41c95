package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"messagehub/bench"
)

func benchCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Short: "Measure", Hidden: true}
	cmd.AddCommand(benchAcceptCommand(s), benchBareCommand(s), benchLoadCommand(s), benchOverloadCommand(s), benchRestartCommand(s), benchContactsCommand(s))
	return cmd
}

// finding is what a scenario of the bench found.
type finding interface{ Print(w io.Writer) error }

// scenarioCommand makes the command of a scenario that runs this very binary
// as the server under load.
func scenarioCommand(s streams, use, short string, run func(ctx context.Context, binary string) (finding, error)) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			binary, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find the binary: %w", err)
			}
			r, err := run(cmd.Context(), binary)
			if err != nil {
				return err
			}
			return out.show(s, r, func() error { return r.Print(s.out) })
		},
	}
	out.flag(cmd)
	return cmd
}

func benchAcceptCommand(s streams) *cobra.Command {
	b := bench.Accept{}
	cmd := scenarioCommand(s, "accept", "Durable 202s beside a bare server that answers the same bytes",
		func(ctx context.Context, binary string) (finding, error) {
			b.Binary = binary
			return b.Run(ctx, s.err)
		})
	flags := cmd.Flags()
	flags.StringVar(&b.Dir, "dir", ".", "directory on the disk to be measured")
	flags.IntVar(&b.Connections, "connections", 256, "client connections")
	flags.IntVar(&b.Rounds, "rounds", 5, "rounds on each side, alternating")
	flags.DurationVar(&b.Each, "each", 5*time.Second, "length of a round")
	return cmd
}

func benchBareCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "bare", Short: "Run the bare server of the comparison", Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(s.out, ln.Addr()); err != nil {
				return err
			}
			return bench.ServeBare(ln)
		},
	}
}
