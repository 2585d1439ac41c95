package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"
)

// streams are where a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, args []string, s streams) int {
	root := rootCommand(s)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	err := root.ExecuteContext(ctx)
	if err != nil {
		report(s.err, err)
	}
	return exitCode(err)
}

const rootHelp = `MessageHub relays business messages: one REST API over WhatsApp, Telegram, SMS
and more, with fallback from one channel to the next.

Start with "messagehub demo": it needs no set-up, no network and no account.`

const exitHelp = `
Exit codes: 0 done, 1 failed, 64 wrong command line, 65 damaged data, 69 server
not available, 70 store can't be written, 73 data directory in use by another
process, 77 key refused, 78 wrong configuration.`

func rootCommand(s streams) *cobra.Command {
	root := &cobra.Command{
		Use: "messagehub", Short: "Relay for business messages", Long: rootHelp + "\n" + exitHelp,
		SilenceErrors: true, SilenceUsage: true, Version: versionText(),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("messagehub {{.Version}}\n")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fail(exitUsage, `see "`+cmd.CommandPath()+` --help"`, "%w", err)
	})
	root.AddGroup(
		&cobra.Group{ID: "run", Title: "Run:"},
		&cobra.Group{ID: "use", Title: "Send and look up:"},
		&cobra.Group{ID: "admin", Title: "Administer:"},
	)
	group(root, "run", demoCommand(s), serveCommand(s), simCommand(s))
	group(root, "use", sendCommand(s), messagesCommand(s))
	group(root, "admin", keysCommand(s), workspacesCommand(s), storeCommand(s), backupCommand(s),
		restoreCommand(s), auditCommand(s), configCommand(s))
	root.AddCommand(benchCommand(s), versionCommand(s))
	refuseUnknown(root)
	return root
}

func group(root *cobra.Command, id string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = id
	}
	root.AddCommand(commands...)
}

// refuseUnknown makes every wrong argument an exit with the usage code.
func refuseUnknown(cmd *cobra.Command) {
	check := cmd.Args
	if cmd.HasSubCommands() && check == nil {
		check = cobra.NoArgs
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	if check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return fail(exitUsage, `see "`+cmd.CommandPath()+` --help"`, "%w", err)
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		refuseUnknown(sub)
	}
}
