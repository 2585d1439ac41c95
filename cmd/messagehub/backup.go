package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
)

func backupCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	cmd := &cobra.Command{
		Use: "backup DIR", Short: "Copy the store to a new directory, while the server runs or not", Args: cobra.ExactArgs(1),
		Long: `Copies the store, as it is at one moment, to DIR, which must not exist. On a
running server it is the server that writes it. Where the file system allows,
tables are linked and not copied: move the copy to another disk.`,
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := data.path()
			if err != nil {
				return err
			}
			to, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			b, err := administer[backupView](dir, "backup", backupTo{to})
			if err != nil {
				return err
			}
			return out.show(s, b, func() error {
				_, err := fmt.Fprintf(s.out, "backed up %s to %s: %d messages, %d files, %s, %.1f s\n", dir, b.Dir, b.Messages, b.Files, sizeText(b.Bytes), b.Seconds)
				return err
			})
		},
	}
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

// sizeText shows a number of bytes.
func sizeText(n int64) string {
	size, unit := float64(n), 0
	for size >= 1024 && unit < 4 {
		size, unit = size/1024, unit+1
	}
	return fmt.Sprintf("%.4g %s", size, [...]string{"bytes", "KiB", "MiB", "GiB", "TiB"}[unit])
}
