package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"messagehub/relay/client"
	"messagehub/store/message/json"
)

// importSum is the answer to an import.
type importSum struct {
	Lines   int           `json:"lines"`
	Created int           `json:"created"`
	Updated int           `json:"updated"`
	Failed  int           `json:"failed"`
	Errors  []importError `json:"errors"`
}

type importError struct {
	Line    int     `json:"line"`
	Param   *string `json:"param"`
	Code    string  `json:"code"`
	Message string  `json:"message"`
}

type importFlags struct {
	output
	format string
}

func contactsImportCommand(s streams) *cobra.Command {
	f := &importFlags{}
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Import contacts from CSV or NDJSON", Args: cobra.ExactArgs(1),
		Long: `Makes or changes the contacts of a file, or of the standard input ("-"), each
found by its externalId. The file is sent as it is read, whatever its length. To
repeat an import is safe. It ends with 1 if lines were not taken.`,
		Example: `  messagehub contacts import crm.csv
  zcat contacts.ndjson.gz | messagehub contacts import - --format ndjson`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), s, args[0]) },
	}
	cmd.Flags().StringVar(&f.format, "format", "", "csv or ndjson (default: as the file is named)")
	f.flag(cmd)
	return cmd
}

func (f *importFlags) run(ctx context.Context, s streams, name string) error {
	kind, err := f.mediaType(name)
	if err != nil {
		return err
	}
	a, err := newAPI()
	if err != nil {
		return err
	}
	in, size := s.in, int64(-1)
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, reason(err))
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		in = file
	}
	p := newProgress(s.err, size)
	sum, err := a.importContacts(ctx, kind, p.reading(in), size)
	p.end()
	if err != nil {
		return err
	}
	return f.report(s, name, sum)
}

func (f *importFlags) mediaType(name string) (string, error) {
	switch form := cmp.Or(f.format, strings.TrimPrefix(filepath.Ext(name), ".")); form {
	case "csv":
		return "text/csv", nil
	case "ndjson", "jsonl":
		return "application/x-ndjson", nil
	}
	return "", usage("--format must say whether %s is csv or ndjson", name)
}

func (f *importFlags) report(s streams, name string, sum importSum) error {
	err := f.show(s, sum, func() error {
		for _, e := range sum.Errors {
			fmt.Fprintf(s.err, "line %d: %s\n", e.Line, e.Message)
		}
		_, err := fmt.Fprintf(s.out, "%d lines: %d contacts created, %d updated, %d lines not taken\n", sum.Lines, sum.Created, sum.Updated, sum.Failed)
		return err
	})
	if err == nil && sum.Failed > 0 {
		return fail(exitFailure, "correct them and import the file again: contacts that are there already are found by their externalId", "%d lines of %s were not taken", sum.Failed, name)
	}
	return err
}

// importContacts sends a body of any length and waits for the sum.
func (a *api) importContacts(ctx context.Context, kind string, body io.Reader, size int64) (sum importSum, err error) {
	req, err := http.NewRequestWithContext(ctx, "POST", a.base+"/api/v1/contacts/import", body)
	if err != nil {
		return sum, fmt.Errorf("make request: %w", err)
	}
	req.ContentLength = size
	req.Header.Set("Authorization", "Bearer "+a.key)
	req.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(req) // without a timeout: it takes as long as it takes
	if err != nil {
		return sum, a.failure(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return sum, fmt.Errorf("read answer: %w", reason(err))
	}
	if resp.StatusCode >= 300 {
		return sum, a.failure(client.ReadError(resp.StatusCode, resp.Header, b))
	}
	var answer struct {
		Data *importSum `json:"data"`
	}
	answer.Data = &sum
	return sum, json.Unmarshal(b, &answer)
}
