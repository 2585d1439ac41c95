package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"messagehub/store"
	"messagehub/store/message"
	"messagehub/store/message/json"
)

// erasureView is an erasure without anything personal: a list of them, kept
// beside the backups, is what a restore repeats.
type erasureView struct {
	ContactID   string `json:"contactId"`
	Workspace   uint32 `json:"workspace"`
	Test        bool   `json:"test"`
	State       string `json:"state"`
	Messages    int    `json:"messages"`
	RequestedAt string `json:"requestedAt"`
	DoneAt      string `json:"doneAt,omitempty"`
}

func (o *office) listErasures(string, nothing) ([]erasureView, error) {
	all, err := o.store.Erasures()
	views := make([]erasureView, len(all))
	for i, e := range all {
		views[i] = erasureView{
			ContactID: string(message.AppendID(nil, message.PrefixContact, e.Contact)), Workspace: uint32(e.Owner.Workspace), Test: e.Owner.Test,
			State: e.State.String(), Messages: e.Messages, RequestedAt: stamp(e.RequestedAt), DoneAt: stamp(e.DoneAt),
		}
	}
	return views, err
}

func contactsErasuresCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	cmd := &cobra.Command{
		Use: "erasures", Short: "List the erasures of a data directory", Args: cobra.NoArgs,
		Long: `Lists every erasure that a data directory knows, of a running server or not.
A backup holds what was erased after it: keep the list (-o json) with the
backups, and give it to "messagehub restore --erasures" to erase again.`,
		RunE: func(*cobra.Command, []string) error {
			dir, err := data.path()
			if err != nil {
				return err
			}
			all, err := administer[[]erasureView](dir, "contacts.erasures", nothing{})
			if err != nil {
				return err
			}
			return out.show(s, all, func() error {
				rows := make([][]string, len(all))
				for i, e := range all {
					rows[i] = []string{e.ContactID, strconv.Itoa(int(e.Workspace)), e.State, strconv.Itoa(e.Messages), e.RequestedAt, e.DoneAt}
				}
				return printTable(s, "CONTACT WORKSPACE STATE MESSAGES REQUESTED DONE", rows, "nothing was erased")
			})
		},
	}
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

// readErasures reads a list that "contacts erasures -o json" has written.
func readErasures(name string) ([]message.Erasure, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read erasures: %w", err)
	}
	var views []erasureView
	if err := json.UnmarshalStrict(b, &views); err != nil {
		return nil, fmt.Errorf("read erasures of %s: %w", name, err)
	}
	all := make([]message.Erasure, len(views))
	for i, v := range views {
		id, err := message.ParseID(message.PrefixContact, v.ContactID)
		at, badTime := parseStamp(v.RequestedAt)
		if err := errors.Join(err, badTime); err != nil {
			return nil, fmt.Errorf("read erasures of %s, entry %d: %w", name, i, err)
		}
		all[i] = message.Erasure{Contact: id, Owner: message.Owner{Workspace: message.WorkspaceID(v.Workspace), Test: v.Test}, RequestedAt: at}
	}
	return all, nil
}

// repeatErasures erases again what a restored backup still holds, and returns
// how much that is. The erasing itself goes on when a server runs.
func repeatErasures(dir string, all []message.Erasure) (again int, err error) {
	if len(all) == 0 {
		return 0, nil
	}
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		return 0, openFailure(dir, err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for _, e := range all {
		why := message.AuditEntry{
			At: now(), Actor: "restore", Action: "contact.erase", Object: string(message.AppendID(nil, message.PrefixContact, e.Contact)),
		}
		switch got, err := s.EraseContact(e.Owner, e.Contact, e.RequestedAt, why); {
		case err == nil && got.State != message.ErasureDone:
			again++
		case err != nil && !errors.Is(err, message.ErrNotFound):
			return again, err
		}
	}
	return again, nil
}

// parseStamp reads what stamp wrote.
func parseStamp(text string) (message.Time, error) {
	at, err := time.Parse(stampForm, text)
	return message.TimeOf(at), err
}
