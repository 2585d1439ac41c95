package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
)

// Imported says what became of an import's lines.
type Imported struct {
	Lines   int `json:"lines"`
	Created int `json:"created"`
	Updated int `json:"updated"`
	Failed  int `json:"failed"`
	// Errors are the first thousand faults of each request.
	Errors []ImportFault `json:"errors"`
}

// ImportFault is what is wrong with a line; the first one is 1.
type ImportFault struct {
	Line int `json:"line"`
	Fault
}

// ImportContacts makes contacts, or changes those with the same ExternalID, which
// each of them needs. They go out as requests of a few megabytes, so any number
// will do, and each is tried again where it may help. After an error the result
// is that of the requests before; the same import can be made again.
func (c *Client) ImportContacts(ctx context.Context, contacts iter.Seq[ContactChange]) (*Imported, error) {
	i := contactImport{c: c, sum: new(Imported)}
	for contact := range contacts {
		if err := i.add(ctx, &contact); err != nil {
			return i.sum, err
		}
	}
	return i.sum, i.flush(ctx)
}

// contactImport gathers contacts into requests.
type contactImport struct {
	c     *Client
	chunk bytes.Buffer
	sum   *Imported
}

func (i *contactImport) add(ctx context.Context, contact *ContactChange) error {
	line, err := json.Marshal(contact)
	if err != nil {
		return fmt.Errorf("encode contact: %w", err)
	}
	if i.chunk.Len() > 0 && i.chunk.Len()+len(line) >= chunkBytes {
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	i.chunk.Write(append(line, '\n'))
	return nil
}

// flush sends what was gathered.
func (i *contactImport) flush(ctx context.Context) error {
	if i.chunk.Len() == 0 {
		return nil
	}
	part, err := i.c.importLines(ctx, &request{body: i.chunk.Bytes(), repeatable: true}, "application/x-ndjson")
	if err != nil {
		return err
	}
	i.chunk.Reset()
	for _, f := range part.Errors {
		f.Line += i.sum.Lines
		i.sum.Errors = append(i.sum.Errors, f)
	}
	i.sum.Lines += part.Lines
	i.sum.Created += part.Created
	i.sum.Updated += part.Updated
	i.sum.Failed += part.Failed
	return nil
}

// ImportFile imports contacts from a text of the type text/csv or
// application/x-ndjson, of any length, in one request that is made once.
func (c *Client) ImportFile(ctx context.Context, text io.Reader, contentType string) (*Imported, error) {
	return c.importLines(ctx, &request{stream: text}, contentType)
}

func (c *Client) importLines(ctx context.Context, r *request, contentType string) (*Imported, error) {
	r.method, r.path = http.MethodPost, contactsPath+"/import"
	r.set("Content-Type", contentType)
	var out data[*Imported]
	if err := c.call(ctx, r, nil, &out); err != nil {
		return nil, err
	}
	if out.Data == nil {
		return nil, fmt.Errorf("read answer: %w", errNoResult)
	}
	return out.Data, nil
}
