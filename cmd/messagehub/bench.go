package main

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"messagehub/bench"
)

func benchCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Short: "Measure", Hidden: true}
	cmd.AddCommand(benchAcceptCommand(s), benchBareCommand(s), benchLoadCommand(s), benchOverloadCommand(s), benchRestartCommand(s))
	return cmd
}

func benchAcceptCommand(s streams) *cobra.Command {
	b := bench.Accept{}
	var out output
	cmd := &cobra.Command{
		Use: "accept", Short: "Durable 202s beside a bare server that answers the same bytes", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			binary, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find the binary: %w", err)
			}
			b.Binary = binary
			c, err := b.Run(cmd.Context(), s.err)
			if err != nil {
				return err
			}
			return out.show(s, c, func() error { return c.Print(s.out) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&b.Dir, "dir", ".", "directory on the disk to be measured")
	flags.IntVar(&b.Connections, "connections", 256, "client connections")
	flags.IntVar(&b.Rounds, "rounds", 5, "rounds on each side, alternating")
	flags.DurationVar(&b.Each, "each", 5*time.Second, "length of a round")
	out.flag(cmd)
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
