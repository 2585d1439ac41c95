package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"messagehub/store/message/json"
)

// auditPoll is the time between two looks for new entries.
const auditPoll = 500 * time.Millisecond

func auditTailCommand(s streams) *cobra.Command {
	var data dataFlag
	var out output
	follow, lines := false, 0
	cmd := &cobra.Command{
		Use: "tail", Short: "Show the newest entries of the audit log, and those that come", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := data.path()
			if err != nil {
				return err
			}
			newest, err := administer[[]auditView](dir, "audit.list", auditRange{Limit: lines})
			if err != nil {
				return err
			}
			if err := showAudit(s, &out, newest); err != nil || !follow {
				return err
			}
			next := uint64(1)
			if len(newest) > 0 {
				next = newest[len(newest)-1].Number + 1
			}
			return followAudit(cmd.Context(), dir, next, func(l []auditView) error { return showAudit(s, &out, l) })
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with new entries, until interrupted")
	cmd.Flags().IntVarP(&lines, "lines", "n", 20, "how many of the newest")
	data.flag(cmd)
	out.flag(cmd)
	return cmd
}

// showAudit prints each entry on a line of its own, so that a follower can be
// read as it comes.
func showAudit(s streams, out *output, lines []auditView) error {
	for i := range lines {
		l := &lines[i]
		err := out.show(s, l, func() error {
			_, err := fmt.Fprintf(s.out, "%d %s %s %s %s %s %s\n", l.Number, l.At, dash(l.Actor), l.Action, dash(l.Object), dash(l.Address), dash(l.RequestID))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// followAudit shows entries from number next on as they come, until ctx ends.
// It needs a running server: without one there is nothing to wait for, and the
// directory must not be held.
func followAudit(ctx context.Context, dir string, next uint64, show func([]auditView) error) error {
	for {
		lines, err := listAudit(dir, next)
		if errors.Is(err, errNoServer) {
			return fail(exitUnavailable, "leave --follow out to see what is there", "no server runs on %s", dir)
		}
		if err != nil {
			return err
		}
		if err := show(lines); err != nil {
			return err
		}
		next += uint64(len(lines))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(auditPoll):
		}
	}
}

// listAudit asks a running server for entries.
func listAudit(dir string, from uint64) (lines []auditView, err error) {
	args, err := json.Marshal(auditRange{from, maxAuditList})
	if err != nil {
		return nil, err
	}
	reply, err := ask(dir, adminRequest{"audit.list", args})
	switch {
	case err != nil:
		return nil, err
	case reply.Error != nil:
		return nil, reply.Error.failure()
	}
	return lines, json.Unmarshal(reply.Data, &lines)
}

func auditExportCommand(s streams) *cobra.Command {
	var data dataFlag
	from := uint64(1)
	cmd := &cobra.Command{
		Use: "export", Short: "Write the audit log as NDJSON, after proving it", Args: cobra.NoArgs,
		Long: `Proves the chain of hashes, then writes every entry as one line of JSON, with its
number and its hash. Standard error says how many there are and the last hash.`,
		Example: "  messagehub audit export > audit.ndjson",
		RunE: func(*cobra.Command, []string) error {
			dir, err := data.path()
			if err != nil {
				return err
			}
			return exportAudit(s, dir, max(from, 1))
		},
	}
	cmd.Flags().Uint64Var(&from, "from", 1, "number of the first entry")
	data.flag(cmd)
	return cmd
}

func exportAudit(s streams, dir string, from uint64) error {
	proof, err := administer[auditProofView](dir, "audit.verify", nothing{})
	if err != nil {
		return err
	}
	count := 0
	for next := from; next <= proof.Entries; {
		limit := int(min(maxAuditList, proof.Entries-next+1))
		lines, err := administer[[]auditView](dir, "audit.list", auditRange{next, limit})
		if err != nil {
			return err
		}
		if len(lines) != limit {
			return fail(exitCorrupt, "", "read audit log: %d entries from number %d on, not %d", len(lines), next, limit)
		}
		for i := range lines {
			if err := printJSON(s, &lines[i]); err != nil {
				return err
			}
		}
		next, count = next+uint64(limit), count+limit
	}
	_, err = fmt.Fprintf(s.err, "%d entries, up to number %d with hash %s\n", count, proof.Entries, proof.Hash)
	return err
}
