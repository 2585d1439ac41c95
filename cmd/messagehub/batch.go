package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"messagehub/relay/client"
)

type batchFlags struct {
	output
	rejected string
	chunk    int
	dedupe   bool
	restart  bool
}

func batchCommand(s streams) *cobra.Command {
	f := &batchFlags{}
	cmd := &cobra.Command{
		Use: "batch FILE", Short: "Send the messages of a file", Args: cobra.ExactArgs(1),
		Long: `Sends the messages of a file through the API at $` + envURL + ` with the key in
$` + envKey + `, in chunks: NDJSON, one message on each line, read as it is sent; or a
JSON document as the API takes it, {"messages": […], "defaults": {…}}, or an array,
of any length. "-" reads the standard input.

Messages that are not taken go into a report, with the reason. If it is stopped,
the same command goes on where it was: no message is sent twice within 24 hours
of the stop. It ends with 1 if messages were not taken.`,
		Example: `  messagehub batch messages.ndjson
  messagehub batch messages.json --rejected bad.ndjson
  zcat messages.ndjson.gz | messagehub batch - --rejected bad.ndjson`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), s, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.rejected, "rejected", "", "file for the messages that are not taken (default: FILE.rejected.ndjson)")
	flags.IntVar(&f.chunk, "chunk", 1000, "messages in one request, at most 10000")
	flags.BoolVar(&f.dedupe, "dedupe-reference", false, "do not send what has a reference of a batch of the last 24 hours")
	flags.BoolVar(&f.restart, "restart", false, "begin anew, though an earlier run was stopped")
	_ = cmd.MarkFlagFilename("rejected")
	f.flag(cmd)
	return cmd
}

func (f *batchFlags) run(ctx context.Context, s streams, name string) error {
	if f.chunk < 1 || f.chunk > client.MaxLines {
		return usage("--chunk must be 1 to %d, not %d", client.MaxLines, f.chunk)
	}
	a, err := newAPI()
	if err != nil {
		return err
	}
	a.client.Tries = 0 // a batch is worth waiting for
	ctx, release := signals(ctx)
	defer release()
	run, err := openBatchRun(name, f)
	if err != nil {
		return err
	}
	in, err := openBatchFile(s, name)
	if err != nil {
		return err
	}
	defer in.Close()
	report, err := run.openReport()
	if err != nil {
		return err
	}
	defer report.Close()
	p := newProgress(s.err, in.size)
	err = (&batchSender{client: a.client, flags: f, run: run, report: report}).send(ctx, newChunker(p.reading(in), f.chunk))
	p.end()
	if err != nil {
		return f.stopped(ctx, name, run, a.failure(err))
	}
	if err := run.finish(); err != nil {
		return err
	}
	return f.sum(s, run)
}

// stopped says how to go on.
func (f *batchFlags) stopped(ctx context.Context, name string, run *batchRun, err error) error {
	if run.path == "" {
		return err
	}
	remedy := fmt.Sprintf("%d messages are done; run the same command again to go on behind them", run.Done)
	if ctx.Err() != nil {
		return fail(exitInterrupted, remedy, "stopped sending %s", name)
	}
	return fail(exitCode(err), remedyOf(err)+remedy, "%w", err)
}

// batchSum is what came of a file.
type batchSum struct {
	Messages   int    `json:"messages"`
	Accepted   int    `json:"accepted"`
	Rejected   int    `json:"rejected"`
	Duplicates int    `json:"duplicates"`
	Report     string `json:"report,omitempty"`
}

func (f *batchFlags) sum(s streams, run *batchRun) error {
	sum := batchSum{run.Done, run.Accepted, run.Rejected, run.Duplicates, ""}
	if run.Rejected > 0 {
		sum.Report = run.report
	} else if err := os.Remove(run.report); err != nil {
		return fmt.Errorf("remove empty report: %w", reason(err))
	}
	err := f.show(s, sum, func() error {
		_, err := fmt.Fprintf(s.out, "%d messages: %d accepted, %d rejected, %d sent before\n", sum.Messages, sum.Accepted, sum.Rejected, sum.Duplicates)
		return err
	})
	if err == nil && sum.Rejected > 0 {
		return fail(exitFailure, "each line says why: correct them, and send them as a file of their own", "%d messages were not taken: see %s", sum.Rejected, sum.Report)
	}
	return err
}
