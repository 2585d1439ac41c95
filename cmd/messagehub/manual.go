package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func docsCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "docs", Short: "Write the manual pages of the commands"}
	cmd.AddCommand(&cobra.Command{
		Use: "man DIR", Short: "Write one manual page for each command", Args: cobra.ExactArgs(1),
		Long:    "Writes the manual pages of section 1 into a directory, which is made if it is not there.",
		Example: `  messagehub docs man /usr/local/share/man/man1`,
		RunE:    func(cmd *cobra.Command, args []string) error { return writeManual(s, cmd.Root(), args[0]) },
	})
	return cmd
}

// writeManual writes the pages of all commands that are not hidden.
func writeManual(s streams, root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make directory %s: %w", dir, reason(err))
	}
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Section: "1", Source: "messagehub " + version, Manual: "MessageHub"}
	if err := doc.GenManTree(root, header, dir); err != nil {
		return fmt.Errorf("write manual: %w", reason(err))
	}
	pages, err := filepath.Glob(filepath.Join(dir, root.Name()+"*.1"))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%d pages in %s\n", len(pages), dir)
	return err
}
