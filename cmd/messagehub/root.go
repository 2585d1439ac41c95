package main

import (
	"context"
	"errors"
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
	ran := false
	root := rootCommand(s, &ran)
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	cmd, err := root.ExecuteContextC(ctx)
	var known *failure
	if err != nil && !ran && !errors.As(err, &known) {
		err = fail(exitUsage, `see "`+cmd.CommandPath()+` --help"`, "%w", err)
	}
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
process, 77 key refused, 78 wrong configuration, 130 ended by a second signal.`

// rootCommand makes the tree of commands. ran becomes true when the work of
// one begins: an error before that is the command line's.
func rootCommand(s streams, ran *bool) *cobra.Command {
	root := &cobra.Command{
		Use: "messagehub", Short: "Relay for business messages", Long: rootHelp + "\n" + exitHelp,
		SilenceErrors: true, SilenceUsage: true, Version: versionText(),
	}
	root.SetVersionTemplate("messagehub {{.Version}}\n")
	root.AddGroup(
		&cobra.Group{ID: "run", Title: "Run:"},
		&cobra.Group{ID: "use", Title: "Send and look up:"},
		&cobra.Group{ID: "develop", Title: "Develop:"},
		&cobra.Group{ID: "admin", Title: "Administer:"},
	)
	group(root, "run", demoCommand(s), serveCommand(s), simCommand(s))
	group(root, "use", sendCommand(s), batchCommand(s), messagesCommand(s), contactsCommand(s),
		distributeCommand(s), distributionsCommand(s))
	group(root, "develop", triggerCommand(s), sandboxCommand(s), listenCommand(s), explainCommand(s))
	group(root, "admin", channelsCommand(s), keysCommand(s), workspacesCommand(s), storeCommand(s), backupCommand(s),
		restoreCommand(s), auditCommand(s), vaultCommand(s), configCommand(s))
	root.AddCommand(benchCommand(s), docsCommand(s), versionCommand(s))
	finish(root, ran)
	return root
}

func group(root *cobra.Command, id string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = id
	}
	root.AddCommand(commands...)
}

// finish completes every command: one without work of its own shows its
// help, and a command that begins its work notes that in ran.
func finish(cmd *cobra.Command, ran *bool) {
	run := cmd.RunE
	if run == nil && cmd.Run == nil {
		run = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	if run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			*ran = true
			return run(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		if sub.HasSubCommands() {
			sub.Args = cobra.NoArgs
		}
		finish(sub, ran)
	}
}
