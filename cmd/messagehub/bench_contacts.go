package main

import (
	"context"

	"github.com/spf13/cobra"

	"messagehub/bench"
)

func benchContactsCommand(s streams) *cobra.Command {
	b := bench.Contacts{}
	cmd := scenarioCommand(s, "contacts", "An import of many contacts, and look-ups by address",
		func(ctx context.Context, binary string) (finding, error) {
			b.Binary = binary
			return b.Run(ctx, s.err)
		})
	flags := cmd.Flags()
	flags.StringVar(&b.Dir, "dir", ".", "directory on the disk to be measured")
	flags.IntVar(&b.Count, "contacts", 1_000_000, "contacts to import")
	flags.IntVar(&b.LookUps, "lookups", 20_000, "look-ups by address")
	return cmd
}
