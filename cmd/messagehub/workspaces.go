package main

import (
	"strconv"

	"github.com/spf13/cobra"
)

func workspacesCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "workspaces", Short: "Create and list workspaces"}
	cmd.AddCommand(workspacesCreateCommand(s), workspacesListCommand(s))
	return cmd
}

func workspacesCreateCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	in := newWorkspace{}
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create a workspace", Args: cobra.ExactArgs(1),
		Example: "  messagehub workspaces create acme --tier pro --data /var/lib/messagehub",
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			if cmd.Flags().Changed("per-minute") {
				in.Tier = ""
			}
			dir, err := data.path()
			if err != nil {
				return err
			}
			w, err := administer[workspaceView](dir, "workspaces.create", in)
			if err != nil {
				return err
			}
			return out.show(s, w, func() error { return printWorkspaces(s, []workspaceView{w}) })
		},
	}
	cmd.Flags().StringVar(&in.Tier, "tier", "free", "tier: free, pro, enterprise, or one of the configuration")
	cmd.Flags().IntVar(&in.PerMinute, "per-minute", 0, "requests a minute, instead of a tier")
	cmd.MarkFlagsMutuallyExclusive("tier", "per-minute")
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

func workspacesListCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	cmd := &cobra.Command{
		Use: "list", Short: "List the workspaces", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := data.path()
			if err != nil {
				return err
			}
			all, err := administer[[]workspaceView](dir, "workspaces.list", nothing{})
			if err != nil {
				return err
			}
			return out.show(s, all, func() error { return printWorkspaces(s, all) })
		},
	}
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

func printWorkspaces(s streams, all []workspaceView) error {
	rows := make([][]string, len(all))
	for i, w := range all {
		rows[i] = []string{strconv.FormatUint(uint64(w.ID), 10), w.Name, w.Tier, strconv.Itoa(w.PerMinute), w.CreatedAt}
	}
	return printTable(s, "ID NAME TIER PER-MINUTE CREATED", rows, `no workspaces yet: make one with "messagehub workspaces create NAME"`)
}
