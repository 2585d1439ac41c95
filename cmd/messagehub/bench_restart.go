package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"messagehub/bench"
	"messagehub/store"
	"messagehub/store/message"
)

func benchRestartCommand(s streams) *cobra.Command {
	b := bench.Restart{Open: openToFill}
	cmd := scenarioCommand(s, "restart", "Time from the start of a full relay to its first 202",
		func(ctx context.Context, binary string) (finding, error) {
			b.Binary = binary
			return b.Run(ctx, s.err)
		})
	flags := cmd.Flags()
	flags.StringVar(&b.Dir, "dir", ".", "directory on the disk to be measured")
	flags.IntVar(&b.Stored, "stored", 1_000_000, "messages in the log")
	flags.IntVar(&b.Pending, "pending", 100_000, "of them, still to be delivered")
	flags.IntVar(&b.Rounds, "rounds", 5, "restarts, each after kill -9")
	return cmd
}

// openToFill opens the store in dir with its first workspace.
func openToFill(dir string) (bench.Log, message.WorkspaceID, func() error, error) {
	st, err := store.Open(dir, store.Options{})
	if err != nil {
		return nil, 0, nil, err
	}
	workspaces, err := st.Workspaces()
	if err == nil && len(workspaces) == 0 {
		err = errors.New("the store has no workspace")
	}
	if err != nil {
		return nil, 0, nil, errors.Join(err, st.Close())
	}
	st.Start(store.Hooks{})
	return st, workspaces[0].ID, st.Close, nil
}
