package store

import (
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"messagehub/store/message"
)

var (
	// ErrNameTaken: another workspace has the name.
	ErrNameTaken = errors.New("workspace name is taken")
	// ErrNoWorkspace: there is no such workspace.
	ErrNoWorkspace = errors.New("no such workspace")
	// ErrNoKey: there is no such key.
	ErrNoKey = fmt.Errorf("no such key: %w", message.ErrNotFound)
)

// PutWorkspace writes a workspace: a new one, with the next free id, where
// its ID is 0, else the one of that ID. The audit entries are written in the
// same record. It returns the workspace as it is stored.
func (s *Store) PutWorkspace(w message.Workspace, why ...message.AuditEntry) (message.Workspace, error) {
	o := &putWorkspace{workspace: w, why: why}
	if err := s.commit(o); err != nil {
		return message.Workspace{}, fmt.Errorf("put workspace: %w", err)
	}
	return o.workspace, nil
}

// Workspaces returns every workspace, by id.
func (s *Store) Workspaces() ([]message.Workspace, error) {
	if err := s.reading.enter(); err != nil {
		return nil, err
	}
	defer s.reading.leave()
	var all []message.Workspace
	err := eachRow(s.db, []byte{prefixWorkspace, byID}, func(_, value []byte) error {
		w, err := decodeWorkspace(string(value))
		all = append(all, w)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read workspaces: %w", err)
	}
	return all, nil
}

// Workspace returns the workspace of an id, or ErrNoWorkspace.
func (s *Store) Workspace(id message.WorkspaceID) (message.Workspace, error) {
	if err := s.reading.enter(); err != nil {
		return message.Workspace{}, err
	}
	defer s.reading.leave()
	return s.workspace(id)
}

func (s *Store) workspace(id message.WorkspaceID) (message.Workspace, error) {
	value, err := readRow(s.db, appendWorkspaceKey(nil, id))
	if errors.Is(err, pebble.ErrNotFound) {
		err = ErrNoWorkspace
	}
	if err != nil {
		return message.Workspace{}, fmt.Errorf("read workspace: %w", err)
	}
	return decodeWorkspace(value)
}

// WorkspaceByName returns the workspace of a name, or ErrNoWorkspace.
func (s *Store) WorkspaceByName(name string) (message.Workspace, error) {
	if err := s.reading.enter(); err != nil {
		return message.Workspace{}, err
	}
	defer s.reading.leave()
	value, err := readRow(s.db, appendNameKey(nil, name))
	if errors.Is(err, pebble.ErrNotFound) {
		err = ErrNoWorkspace
	}
	if err != nil {
		return message.Workspace{}, fmt.Errorf("read workspace: %w", err)
	}
	id, err := decodeWorkspaceID(value)
	if err != nil {
		return message.Workspace{}, err
	}
	return s.workspace(id)
}

// PutKey writes a key, new or changed; LastUsed is left to TouchKeys. The
// audit entries are written in the same record.
func (s *Store) PutKey(k message.Key, why ...message.AuditEntry) error {
	if err := s.commit(&putKey{key: k, why: why}); err != nil {
		return fmt.Errorf("put key: %w", err)
	}
	return nil
}

// Key returns the key of an id, or ErrNoKey.
func (s *Store) Key(id message.ID) (message.Key, error) {
	if err := s.reading.enter(); err != nil {
		return message.Key{}, err
	}
	defer s.reading.leave()
	value, err := readRow(s.db, appendKeyKey(nil, byID, id))
	if errors.Is(err, pebble.ErrNotFound) {
		err = ErrNoKey
	}
	if err != nil {
		return message.Key{}, fmt.Errorf("read key: %w", err)
	}
	k, err := decodeKey(id, value)
	if err != nil {
		return message.Key{}, err
	}
	switch value, err = readRow(s.db, appendKeyKey(nil, byUse, id)); {
	case err == nil:
		k.LastUsed, err = decodeUse(value)
	case errors.Is(err, pebble.ErrNotFound):
		err = nil
	}
	return k, err
}

// Keys goes through every key, by id. An error ends it. The store may be used
// meanwhile: a key that is put behind the walk is met, one before it is not.
func (s *Store) Keys() iter.Seq2[message.Key, error] {
	return func(yield func(message.Key, error) bool) {
		page := make([]message.Key, 0, keyPage)
		for from := (message.ID{}); ; from = after(page[len(page)-1].ID) {
			var err error
			if page, err = s.keyPage(page[:0], from); err != nil {
				yield(message.Key{}, fmt.Errorf("read keys: %w", err))
				return
			}
			for _, k := range page {
				if !yield(k, nil) {
					return
				}
			}
			if len(page) < keyPage {
				return
			}
		}
	}
}

// KeyUse says that a key was used.
type KeyUse struct {
	ID message.ID
	At message.Time
}

// maxTouched bounds the keys of one operation, so that it does not hold up
// messages.
const maxTouched = 1000

// TouchKeys notes when keys were last used, to the minute.
func (s *Store) TouchKeys(uses []KeyUse) error {
	for len(uses) > 0 {
		n := min(len(uses), maxTouched)
		if err := s.commit(&touchKeys{uses[:n]}); err != nil {
			return fmt.Errorf("touch keys: %w", err)
		}
		uses = uses[n:]
	}
	return nil
}
