package main

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// dataFlag is the flag that names a data directory.
type dataFlag struct{ dir string }

func (d *dataFlag) flag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&d.dir, "data", "", "data directory (default $MESSAGEHUB_DATA, else the demo's)")
	_ = cmd.MarkFlagDirname("data")
}

// path returns the directory, absolute.
func (d *dataFlag) path() (string, error) {
	dir := cmp.Or(d.dir, os.Getenv("MESSAGEHUB_DATA"))
	if dir == "" {
		return demoDir()
	}
	return filepath.Abs(dir)
}

// demoDir is where the demo keeps its data between runs.
func demoDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		base = filepath.Join(os.TempDir(), "messagehub-"+userName())
	}
	return filepath.Abs(filepath.Join(base, "messagehub", "demo"))
}

func userName() string { return cmp.Or(os.Getenv("USER"), "user") }
