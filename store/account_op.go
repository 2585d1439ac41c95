package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"messagehub/store/message"
)

const (
	// keyWorkspaces holds the highest id given to a workspace.
	keyWorkspaces = "z/workspaces"

	maxWorkspaceName = 255
	minute           = message.Time(60_000)
)

// Why an account operation is refused.
var (
	errWorkspaceName = fmt.Errorf("name of a workspace must have 1 to %d bytes", maxWorkspaceName)
	errWorkspacesOut = errors.New("no workspace id is left")
	errKeyID         = errors.New("key has no id")
	errKeyMembers    = errors.New("key has an address range, a scope or a limit that is not valid")
	errLimit         = errors.New("limit of a workspace is not valid")
)

// putWorkspace is the operation of PutWorkspace. apply fills in the id.
type putWorkspace struct {
	workspace message.Workspace
	why       []message.AuditEntry
}

func (o *putWorkspace) apply(t *txn) error {
	w := o.workspace
	if w.Name == "" || len(w.Name) > maxWorkspaceName {
		return errWorkspaceName
	}
	if w.PerMinute < 0 || w.PerMinute > math.MaxInt32 {
		return errLimit
	}
	holder, taken, err := t.workspaceNamed(w.Name)
	if err != nil {
		return err
	}
	if taken && holder != w.ID {
		return ErrNameTaken
	}
	if w.ID == 0 {
		w.ID, err = t.nextWorkspace()
	} else {
		err = t.renameWorkspace(&w)
	}
	if err != nil {
		return err
	}
	t.set(appendWorkspaceKey(nil, w.ID), appendWorkspace(nil, &w))
	t.set(appendNameKey(nil, w.Name), binary.AppendUvarint(nil, uint64(w.ID)))
	o.workspace = w
	return t.audit(o.why)
}

// workspaceNamed returns the workspace that has the name.
func (t *txn) workspaceNamed(name string) (message.WorkspaceID, bool, error) {
	value, ok := t.get(appendNameKey(nil, name))
	if !ok {
		return 0, false, t.err
	}
	id, err := decodeWorkspaceID(string(value))
	return id, err == nil, err
}

// nextWorkspace gives an id: one more than the last one, whatever became of it.
func (t *txn) nextWorkspace() (message.WorkspaceID, error) {
	var last message.WorkspaceID
	if value, ok := t.get([]byte(keyWorkspaces)); ok {
		var err error
		if last, err = decodeWorkspaceID(string(value)); err != nil {
			return 0, err
		}
	}
	if last++; last == 0 {
		return 0, errWorkspacesOut
	}
	t.set([]byte(keyWorkspaces), binary.AppendUvarint(nil, uint64(last)))
	return last, nil
}

// renameWorkspace prepares the change of a workspace that exists: its old name
// becomes free, and it stays as old as it is.
func (t *txn) renameWorkspace(w *message.Workspace) error {
	value, ok := t.get(appendWorkspaceKey(nil, w.ID))
	if !ok {
		return errors.Join(ErrNoWorkspace, t.err)
	}
	old, err := decodeWorkspace(string(value))
	if err != nil {
		return err
	}
	if old.Name != w.Name {
		t.delete(appendNameKey(nil, old.Name))
	}
	w.CreatedAt = old.CreatedAt
	return nil
}

// putKey is the operation of PutKey.
type putKey struct {
	key message.Key
	why []message.AuditEntry
}

func (o *putKey) apply(t *txn) error {
	if o.key.ID.IsZero() {
		return errKeyID
	}
	value := appendKey(nil, &o.key)
	if _, err := decodeKey(o.key.ID, string(value)); err != nil {
		return errKeyMembers
	}
	if _, ok := t.get(appendWorkspaceKey(nil, o.key.Workspace)); !ok {
		return errors.Join(ErrNoWorkspace, t.err)
	}
	t.set(appendKeyKey(nil, byID, o.key.ID), value)
	return t.audit(o.why)
}

// touchKeys is the operation of TouchKeys. It reads nothing: the use of a key
// has a row of its own.
type touchKeys struct{ uses []KeyUse }

func (o *touchKeys) apply(t *txn) error {
	for _, u := range o.uses {
		t.set(appendKeyKey(nil, byUse, u.ID), appendTime(nil, u.At-u.At%minute))
	}
	return nil
}
