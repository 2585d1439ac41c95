package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"messagehub/relay/client"
	"messagehub/store/message/json"
)

// batchRun is how far a file has been sent. It lies beside the file until all of
// it is done; the standard input has none.
type batchRun struct {
	path   string // empty: it is not kept
	report string
	// Run begins the Idempotency-Keys, so that a chunk whose answer was lost is
	// not sent twice by the run that goes on.
	Run        string `json:"run"`
	Size       int64  `json:"size"` // of the file: another one is not gone on with
	Chunk      int    `json:"chunk"`
	Done       int    `json:"done"` // messages
	Accepted   int    `json:"accepted"`
	Rejected   int    `json:"rejected"`
	Duplicates int    `json:"duplicates"`
	// Reported is how long the report was then: what is behind it will be
	// written again.
	Reported int64 `json:"reported"`
}

// openBatchRun reads what an earlier run has left, or begins one.
func openBatchRun(name string, f *batchFlags) (*batchRun, error) {
	r := &batchRun{Run: rand.Text(), Chunk: f.chunk, report: cmp.Or(f.rejected, name+".rejected.ndjson")}
	if name == "-" {
		r.report = cmp.Or(f.rejected, "rejected.ndjson")
		return r, nil
	}
	r.path = name + ".progress"
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, reason(err))
	}
	r.Size = info.Size()
	b, err := os.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) || f.restart {
		return r, nil
	}
	was := batchRun{path: r.path, report: r.report}
	if err == nil {
		err = json.UnmarshalStrict(b, &was)
	}
	if err != nil {
		return nil, fail(exitUsage, "begin anew with --restart", "read %s: %w", r.path, reason(err))
	}
	if was.Size != r.Size || was.Chunk != r.Chunk {
		return nil, fail(exitUsage, "give the file and --chunk of that run, or begin anew with --restart",
			"a run of %s was stopped after %d messages, and the file or --chunk is another now", name, was.Done)
	}
	return &was, nil
}

// openReport opens the file of the rejected messages where the run goes on.
func (r *batchRun) openReport() (*os.File, error) {
	file, err := os.OpenFile(r.report, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = file.Truncate(r.Reported)
	}
	if err == nil {
		_, err = file.Seek(r.Reported, 0)
	}
	if err != nil {
		return nil, fail(exitFailure, "name another file with --rejected", "write %s: %w", r.report, reason(err))
	}
	return file, nil
}

// save keeps how far it is.
func (r *batchRun) save() error {
	if r.path == "" {
		return nil
	}
	b, err := json.Marshal(r)
	if err == nil {
		err = writePrivate(r.path, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep %s: %w", r.path, reason(err))
	}
	return nil
}

// finish removes what is kept: there is nothing to go on with.
func (r *batchRun) finish() error {
	if r.path == "" {
		return nil
	}
	if err := os.Remove(r.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", r.path, reason(err))
	}
	return nil
}

// batchSender sends one file.
type batchSender struct {
	client *client.Client
	flags  *batchFlags
	run    *batchRun
	report *os.File
}

// send sends the chunks that are not done, one after the other.
func (b *batchSender) send(ctx context.Context, in *chunker) error {
	if err := in.skip(b.run.Done); err != nil {
		return err
	}
	// Before the first chunk, so that its key is known if it is the last.
	if err := b.run.save(); err != nil {
		return err
	}
	for {
		c, err := in.read()
		if err != nil || len(c.lines) == 0 {
			return err
		}
		result, err := b.client.SendLines(ctx, c.body, client.LineOptions{
			IdempotencyKey: b.run.Run + "-" + strconv.Itoa(b.run.Done), DedupeReference: b.flags.dedupe,
		})
		if err != nil {
			return err
		}
		if err := b.note(&c, result); err != nil {
			return err
		}
	}
}

// rejection is a line of the report.
type rejection struct {
	Message int            `json:"message"` // its number in the file, from 1
	Code    string         `json:"code"`
	Text    string         `json:"text"`
	Errors  []client.Fault `json:"errors"`
	Line    string         `json:"line"` // as it was
}

// note writes down what came of a chunk: the report first.
func (b *batchSender) note(c *chunk, result *client.BatchResult) error {
	for _, item := range result.Results {
		if item.Error == nil || item.Index >= len(c.lines) {
			continue
		}
		line, err := json.Marshal(rejection{b.run.Done + item.Index + 1, item.Error.Code, item.Error.Message, item.Error.Errors, string(c.lines[item.Index])})
		if err == nil {
			_, err = b.report.Write(append(line, '\n'))
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", b.run.report, reason(err))
		}
	}
	at, err := b.report.Seek(0, 1)
	if err != nil {
		return fmt.Errorf("write %s: %w", b.run.report, reason(err))
	}
	r := b.run
	r.Done, r.Reported = r.Done+len(c.lines), at
	r.Accepted, r.Rejected, r.Duplicates = r.Accepted+result.Accepted, r.Rejected+result.Rejected, r.Duplicates+result.Duplicates
	return r.save()
}
