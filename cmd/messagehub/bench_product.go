package main

import (
	"errors"
	"fmt"
	"os"

	"messagehub/bench"
	"messagehub/store"
	"messagehub/store/message"
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
