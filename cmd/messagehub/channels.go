package main

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func channelsCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "channels", Short: "See, test, pause and resume the senders of a running server"}
	cmd.AddCommand(
		sendersCommand(s, "list [CHANNEL[/SENDER]]", "List the senders and how they stand", "channels.list", cobra.MaximumNArgs(1), printSenders),
		sendersCommand(s, "test [CHANNEL[/SENDER]]", "Ask the providers whether the senders are in order, without sending", "channels.test", cobra.MaximumNArgs(1), printTested),
		sendersCommand(s, "pause CHANNEL[/SENDER]", "Let senders start nothing; messages that no other sender can take wait", "channels.pause", cobra.ExactArgs(1), printSenders),
		sendersCommand(s, "resume CHANNEL[/SENDER]", "Let paused senders go on", "channels.resume", cobra.ExactArgs(1), printSenders),
	)
	return cmd
}

// sendersCommand makes a command that does verb to senders and prints them.
func sendersCommand(s streams, use, short, verb string, args cobra.PositionalArgs, show func(streams, []senderView) error) *cobra.Command {
	var data dataFlag
	var out output
	var which whichSenders
	cmd := &cobra.Command{
		Use: use, Short: short, Args: args, ValidArgsFunction: completeSenders(&data, &which),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				which.Channel, which.Sender, _ = strings.Cut(args[0], "/")
			}
			dir, err := data.path()
			if err != nil {
				return err
			}
			all, err := administer[[]senderView](dir, verb, which)
			if err != nil {
				return err
			}
			if err := out.show(s, all, func() error { return show(s, all) }); err != nil {
				return err
			}
			return failedSenders(all)
		},
	}
	cmd.Flags().BoolVar(&which.Sandbox, "sandbox", false, "the senders of test messages")
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

// failedSenders makes the exit code of a test.
func failedSenders(all []senderView) error {
	bad := 0
	for i := range all {
		if all[i].Error != "" {
			bad++
		}
	}
	if bad == 0 {
		return nil
	}
	return fail(exitFailure, "correct the settings named above, then reload the configuration", "%d of %d senders are not in order", bad, len(all))
}

const noSenders = "no senders: the section senders of the configuration names them"

func printSenders(s streams, all []senderView) error {
	rows := make([][]string, len(all))
	for i, v := range all {
		rows[i] = []string{
			v.Channel, v.Sender, v.State, v.Reason, v.Since, strconv.FormatInt(v.Pending, 10),
			strconv.Itoa(v.InFlight) + "/" + strconv.Itoa(v.Limit), rateOf(v.PerSecond),
		}
	}
	return printTable(s, "CHANNEL SENDER STATE REASON SINCE PENDING IN-FLIGHT PER-SECOND", rows, noSenders)
}

func printTested(s streams, all []senderView) error {
	rows := make([][]string, len(all))
	for i, v := range all {
		rows[i] = []string{v.Channel, v.Sender, v.Account, cmp.Or(v.Error, v.Untested, "ok")}
	}
	return printTable(s, "CHANNEL SENDER ACCOUNT RESULT", rows, noSenders)
}

func rateOf(perSecond float64) string {
	if perSecond == 0 {
		return ""
	}
	return strconv.FormatFloat(perSecond, 'f', -1, 64)
}
