package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
)

func auditCommand(s streams) *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Prove, list, follow and export the audit log"}
	cmd.AddCommand(auditVerifyCommand(s), auditListCommand(s), auditTailCommand(s), auditExportCommand(s))
	return cmd
}

func auditVerifyCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	cmd := &cobra.Command{
		Use: "verify", Short: "Prove that the audit log was not changed", Args: cobra.NoArgs,
		Long: `Walks the chain of hashes from the first entry to the last. The last hash covers
the whole log: one kept elsewhere proves later that nothing before it changed.`,
		RunE: func(*cobra.Command, []string) error {
			dir, err := data.path()
			if err != nil {
				return err
			}
			proof, err := administer[auditProofView](dir, "audit.verify", nothing{})
			if err != nil {
				return err
			}
			return out.show(s, proof, func() error {
				_, err := fmt.Fprintf(s.out, "the audit log holds: %d entries, last hash %s\n", proof.Entries, proof.Hash)
				return err
			})
		},
	}
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

func auditListCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	in := auditRange{}
	cmd := &cobra.Command{
		Use: "list", Short: "List entries of the audit log", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := data.path()
			if err != nil {
				return err
			}
			lines, err := administer[[]auditView](dir, "audit.list", in)
			if err != nil {
				return err
			}
			return out.show(s, lines, func() error { return printAudit(s, lines) })
		},
	}
	cmd.Flags().Uint64Var(&in.From, "from", 0, "number of the first entry (default: the newest ones)")
	cmd.Flags().IntVar(&in.Limit, "limit", 20, "how many")
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

func printAudit(s streams, lines []auditView) error {
	rows := make([][]string, len(lines))
	for i, l := range lines {
		rows[i] = []string{strconv.FormatUint(l.Number, 10), l.At, l.Actor, l.Action, l.Object, l.Address, l.RequestID}
	}
	return printTable(s, "NUMBER AT ACTOR ACTION OBJECT ADDRESS REQUEST", rows, "the audit log is empty")
}
