package main

import (
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"messagehub/bench"
)

func benchLoadCommand(s streams) *cobra.Command {
	load := bench.Load{}
	cmd := &cobra.Command{
		Use: "load URL", Short: "Put load on a running relay, with the key in MESSAGEHUB_KEY", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := url.Parse(args[0])
			if err != nil || target.Host == "" {
				return usage("%q is no URL: give one such as http://127.0.0.1:8080", args[0])
			}
			load.Target, load.Key = target, os.Getenv("MESSAGEHUB_KEY")
			r, err := load.Run(cmd.Context())
			if err != nil {
				return err
			}
			return r.Print(s.out)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&load.Channel, "channel", "whatsapp", "channel of the messages")
	flags.IntVar(&load.Connections, "connections", 256, "client connections")
	flags.DurationVar(&load.Duration, "each", 10*time.Second, "how long to measure")
	flags.DurationVar(&load.Warmup, "warmup", time.Second, "how long to run before")
	flags.Float64Var(&load.PerSecond, "rate", 0, "constant rate of an open loop, requests a second; 0: closed loop")
	flags.Uint64Var(&load.First, "first", 0, "number of the first recipient")
	return cmd
}
