package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"messagehub/bench"
	"messagehub/store"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// benchProduct is what the bench must know of this program.
func benchProduct() (bench.Product, error) {
	binary, err := os.Executable()
	if err != nil {
		return bench.Product{}, fmt.Errorf("find the binary: %w", err)
	}
	return bench.Product{Binary: binary, Version: versionText(), Admin: benchAdmin{}, Open: openToFill}, nil
}

// benchAdmin implements [bench.Admin] over the admin socket.
type benchAdmin struct{}

// CreateWorkspace implements [bench.Admin].
func (benchAdmin) CreateWorkspace(dir, name string, perMinute int) error {
	_, err := administer[workspaceView](dir, "workspaces.create", newWorkspace{Name: name, PerMinute: perMinute})
	return err
}

// CreateKey implements [bench.Admin].
func (benchAdmin) CreateKey(dir, workspace string, test bool) (string, error) {
	key, err := administer[createdKey](dir, "keys.create", newKey{
		Workspace: workspace, Test: test, Scopes: []string{"messages:send", "messages:read", "contacts:write", "content:distribute"},
	})
	return key.Key, err
}

// openToFill opens the store in dir with the workspace of the given name.
func openToFill(dir, workspace string) (bench.Log, message.WorkspaceID, func() error, error) {
	st, err := store.Open(dir, store.Options{})
	if err != nil {
		return nil, 0, nil, err
	}
	w, err := st.WorkspaceByName(workspace)
	if err != nil {
		return nil, 0, nil, errors.Join(err, st.Close())
	}
	st.Start(store.Hooks{})
	return st, w.ID, st.Close, nil
}

// benchFillCommand is the child process that fills a log.
func benchFillCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use: "fill DIR FILLING", Short: "Fill the log of a scenario", Hidden: true, Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var f bench.Filling
			if err := json.UnmarshalStrict([]byte(args[1]), &f); err != nil {
				return err
			}
			p, err := benchProduct()
			if err != nil {
				return err
			}
			stop, release := signals(cmd.Context())
			defer release()
			return bench.Fill(stop, p, args[0], f, s.out)
		},
	}
}
