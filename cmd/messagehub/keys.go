package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"messagehub/store/message"
)

func keysCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Create, list, revoke and rotate API keys"}
	cmd.AddCommand(keysCreateCommand(s), keysListCommand(s), keysRevokeCommand(s), keysRotateCommand(s))
	return cmd
}

func keysCreateCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	in := newKey{}
	expires := time.Duration(0)
	cmd := &cobra.Command{
		Use: "create", Short: "Create a key; it is shown this once", Args: cobra.NoArgs,
		Long: "Scopes: " + strings.Join(message.ScopeAll.Names(), ", ") + ".\n\"all\" stands for every one of them but keys:manage, which is asked for by name.",
		Example: `  messagehub keys create --workspace acme --name backend
  messagehub keys create --workspace acme --test --scopes all
  messagehub keys create --workspace acme --allow 203.0.113.0/24 --expires 8760h`,
		RunE: func(*cobra.Command, []string) error {
			if len(in.Scopes) == 1 && in.Scopes[0] == "all" {
				in.Scopes = message.ScopeUsual.Names()
			}
			if expires > 0 {
				in.ExpiresAt = message.TimeOf(time.Now().Add(expires))
			}
			dir, err := data.path()
			if err != nil {
				return err
			}
			key, err := administer[createdKey](dir, "keys.create", in)
			if err != nil {
				return err
			}
			return out.show(s, key, func() error { return printNewKey(s, &key) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&in.Workspace, "workspace", "", "workspace that the key belongs to")
	flags.StringVar(&in.Name, "name", "", "what the key is for")
	flags.BoolVar(&in.Test, "test", false, "a key of the sandbox: nothing leaves the process")
	flags.Bool("live", true, "a key that sends for real")
	cmd.MarkFlagsMutuallyExclusive("test", "live")
	flags.StringSliceVar(&in.Scopes, "scopes", []string{"messages:send", "messages:read"}, "what the key may do, or all")
	flags.StringSliceVar(&in.Allow, "allow", nil, "addresses and networks that it may be used from")
	flags.IntVar(&in.PerMinute, "per-minute", 0, "requests a minute of its own, below the workspace's")
	flags.DurationVar(&expires, "expires", 0, "how long it is valid, such as 720h")
	completeFlag(cmd, "scopes", scopeNames)
	_ = cmd.MarkFlagRequired("workspace")
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

func printNewKey(s streams, k *createdKey) error {
	st := styleOf(s.out)
	fmt.Fprintf(s.out, "\n  %s\n\n  %s\n\n", st.green(k.Key), st.dim("Keep it now: it is not shown again."))
	return printKey(s, &k.keyView)
}

func printKey(s streams, k *keyView) error {
	return printFields(s, "id", k.ID, "workspace", k.Workspace, "name", k.Name, "scopes", strings.Join(k.Scopes, ", "),
		"allowed from", strings.Join(k.Allow, ", "), "expires", k.ExpiresAt, "revoked", k.RevokedAt, "replaced by", k.Successor)
}

func keysListCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	in := whichKeys{}
	cmd := &cobra.Command{
		Use: "list", Short: "List keys, by prefix and last four characters", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := data.path()
			if err != nil {
				return err
			}
			keys, err := administer[[]keyView](dir, "keys.list", in)
			if err != nil {
				return err
			}
			return out.show(s, keys, func() error { return printKeys(s, keys) })
		},
	}
	cmd.Flags().StringVar(&in.Workspace, "workspace", "", "of this workspace alone")
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

func printKeys(s streams, keys []keyView) error {
	rows := make([][]string, len(keys))
	for i := range keys {
		k := &keys[i]
		rows[i] = []string{k.ID, k.Workspace, k.Name, k.Shown, k.state(time.Now()), scopesText(k.Scopes), k.LastUsed, k.ExpiresAt}
	}
	return printTable(s, "ID WORKSPACE NAME KEY STATE SCOPES LAST-USED EXPIRES", rows, `no keys yet: make one with "messagehub keys create"`)
}

// scopesText shortens the list of all usual scopes.
func scopesText(scopes []string) string {
	text, usual := strings.Join(scopes, ","), strings.Join(message.ScopeUsual.Names(), ",")
	if rest, ok := strings.CutPrefix(text, usual); ok {
		return "all" + rest
	}
	return text
}

func keysRevokeCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	cmd := &cobra.Command{
		Use: "revoke KEY-ID", Short: "End a key, from the next request on", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := data.path()
			if err != nil {
				return err
			}
			k, err := administer[keyView](dir, "keys.revoke", whichKey{args[0]})
			if err != nil {
				return err
			}
			return out.show(s, k, func() error { return printKey(s, &k) })
		},
	}
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

func keysRotateCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	in := rotation{}
	cmd := &cobra.Command{
		Use: "rotate KEY-ID", Short: "Replace a key; both are valid for a while", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			in.Key = args[0]
			dir, err := data.path()
			if err != nil {
				return err
			}
			k, err := administer[rotatedKey](dir, "keys.rotate", in)
			if err != nil {
				return err
			}
			return out.show(s, k, func() error {
				if err := printNewKey(s, &k.createdKey); err != nil {
					return err
				}
				_, err := fmt.Fprintf(s.out, "\n  The old key %s is valid until %s.\n", k.Old.ID, k.Old.ExpiresAt)
				return err
			})
		},
	}
	cmd.Flags().DurationVar(&in.Overlap, "overlap", 24*time.Hour, "how long the old key stays valid")
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}
