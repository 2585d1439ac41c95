package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"messagehub/store"
	"messagehub/store/message"
)

func restoreCommand(s streams) *cobra.Command {
	var data dataFlag
	var erasures string
	cmd := &cobra.Command{
		Use: "restore BACKUP", Short: "Make a data directory from a backup", Args: cobra.ExactArgs(1),
		Long: `Checks every file of the backup against its list, then copies it to the data
directory, which must be missing or empty. Messages accepted after the backup
are not in it; those that were waiting then will be sent again. What was erased
after the backup is in it: give the list of erasures, and it is erased again as
soon as a server runs.`,
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := data.path()
			if err != nil {
				return err
			}
			var again []message.Erasure
			if erasures != "" {
				if again, err = readErasures(erasures); err != nil {
					return err
				}
			}
			m, err := store.Restore(args[0], dir, nil)
			switch {
			case errors.Is(err, store.ErrNotEmpty):
				return fail(exitFailure, "name a new directory with --data, or move that one away", "%s is not empty", dir)
			case errors.Is(err, store.ErrBadBackup):
				return fail(exitCorrupt, "", "%w", err)
			case err != nil:
				return err
			}
			if n, err := repeatErasures(dir, again); err != nil {
				return err
			} else if erasures != "" {
				fmt.Fprintf(s.out, "erasing again: %d contacts of %d in the list\n", n, len(again))
			}
			_, err = fmt.Fprintf(s.out, "restored %s from %s: %d messages, %d files, %s\n", dir, args[0], m.Accepted, len(m.Files), sizeText(m.Bytes()))
			return err
		},
	}
	data.flag(cmd)
	cmd.Flags().StringVar(&erasures, "erasures", "", `list of "messagehub contacts erasures -o json"`)
	return cmd
}
