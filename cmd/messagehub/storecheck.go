package main

import (
	"github.com/spf13/cobra"
)

func storeCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "store", Short: "Check a data directory"}
	_ = s
	return cmd
}
