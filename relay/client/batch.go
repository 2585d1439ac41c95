package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// The bounds of a batch.
const (
	// MaxBatch is how many messages SendBatch takes.
	MaxBatch = 1000
	// MaxLines is how many SendLines takes.
	MaxLines = 10_000
	// MaxBatchBytes is the largest body of either.
	MaxBatchBytes = 16 << 20
)

// Batch is many messages for one request.
type Batch struct {
	Messages []Message `json:"messages"`
	// Defaults has the members that a message lacks.
	Defaults *Message `json:"defaults,omitempty"`
	// Atomic: one bad message, and none is taken.
	Atomic bool `json:"atomic,omitempty"`
	// DedupeReference: a Reference that was in a batch of the last 24 hours is
	// not sent again.
	DedupeReference bool `json:"dedupeReference,omitempty"`
}

// BatchResult says what became of each message of a batch.
type BatchResult struct {
	BatchID    string      `json:"batchId"`
	Accepted   int         `json:"accepted"`
	Rejected   int         `json:"rejected"`
	Duplicates int         `json:"duplicates"`
	Results    []BatchItem `json:"results"` // in the order sent
}

// BatchItem is what became of one message: Error is nil if it was taken.
type BatchItem struct {
	Index     int    `json:"index"`
	MessageID string `json:"messageId"`
	Status    string `json:"status"` // duplicate: the first one's id is MessageID
	Error     *Error `json:"error"`
}

// SendBatch sends up to MaxBatch messages at once. That messages were rejected,
// even all of them, is no error but part of the result. idempotencyKey may be
// empty: one is drawn.
func (c *Client) SendBatch(ctx context.Context, b Batch, idempotencyKey string) (*BatchResult, error) {
	r := request{method: http.MethodPost, path: batchPath}
	r.idempotent(idempotencyKey)
	body, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("encode batch: %w", err)
	}
	r.body = body
	return c.batch(ctx, &r)
}

const batchPath = "/api/v1/messages/batch"

// LineOptions is what can be said beside lines.
type LineOptions struct {
	IdempotencyKey  string // empty: one is drawn
	Atomic          bool
	DedupeReference bool
}

func (o *LineOptions) query() url.Values {
	q := url.Values{}
	if o.Atomic {
		q.Set("atomic", "true")
	}
	if o.DedupeReference {
		q.Set("dedupeReference", "true")
	}
	return q
}

// SendLines is SendBatch for messages that are NDJSON already, one on each line,
// up to MaxLines of them.
func (c *Client) SendLines(ctx context.Context, lines []byte, o LineOptions) (*BatchResult, error) {
	r := request{method: http.MethodPost, path: batchPath, query: o.query(), body: lines}
	r.idempotent(o.IdempotencyKey)
	r.set("Content-Type", "application/x-ndjson")
	return c.batch(ctx, &r)
}

// batch makes the request. A batch of nothing but bad messages is answered 400
// with the results.
func (c *Client) batch(ctx context.Context, r *request) (*BatchResult, error) {
	body, err := c.repeat(ctx, r)
	var refused *Error
	if err != nil && (!errors.As(err, &refused) || refused.Status != http.StatusBadRequest || refused.Code != "") {
		return nil, err
	}
	var out data[*BatchResult]
	if e := json.Unmarshal(body, &out); e != nil || out.Data == nil {
		return nil, errors.Join(err, fmt.Errorf("read answer: %w", errors.Join(e, errNoResult)))
	}
	return out.Data, nil
}

var errNoResult = errors.New("it holds no results")

// chunkBytes keeps a chunk of a stream below MaxBatchBytes, whatever its last
// message is like.
const chunkBytes = 4 << 20

// SendStream sends any number of messages, as chunks of NDJSON, and yields what
// became of each, in order; Index counts through. It holds one chunk in memory.
// The first error ends it: what was yielded before is taken. With an
// IdempotencyKey the same stream can be sent again, for 24 hours, and goes on
// where it was.
func (c *Client) SendStream(ctx context.Context, messages iter.Seq[Message], o LineOptions) iter.Seq2[BatchItem, error] {
	return func(yield func(BatchItem, error) bool) {
		s := stream{c: c, options: o, yield: yield}
		for m := range messages {
			if !s.add(ctx, &m) {
				return
			}
		}
		s.flush(ctx)
	}
}

// stream gathers messages into chunks.
type stream struct {
	c       *Client
	options LineOptions
	yield   func(BatchItem, error) bool
	chunk   bytes.Buffer
	lines   int
	done    int // messages of earlier chunks
	chunks  int
}

// add takes one message; false ends the stream.
func (s *stream) add(ctx context.Context, m *Message) bool {
	line, err := json.Marshal(m)
	if err != nil {
		s.yield(BatchItem{}, fmt.Errorf("encode message %d: %w", s.done+s.lines, err))
		return false
	}
	if s.lines == MaxLines || s.lines > 0 && s.chunk.Len()+len(line) >= chunkBytes {
		if !s.flush(ctx) {
			return false
		}
	}
	s.chunk.Write(append(line, '\n'))
	s.lines++
	return true
}

// flush sends what was gathered.
func (s *stream) flush(ctx context.Context) bool {
	if s.lines == 0 {
		return true
	}
	o := s.options
	if o.IdempotencyKey != "" {
		o.IdempotencyKey = fmt.Sprintf("%s-%d", o.IdempotencyKey, s.chunks)
	}
	result, err := s.c.SendLines(ctx, s.chunk.Bytes(), o)
	if err != nil {
		s.yield(BatchItem{}, err)
		return false
	}
	for _, item := range result.Results {
		item.Index += s.done
		if !s.yield(item, nil) {
			return false
		}
	}
	s.done, s.lines, s.chunks = s.done+s.lines, 0, s.chunks+1
	s.chunk.Reset()
	return true
}

// BatchStatus is how far the messages of a batch have come.
type BatchStatus struct {
	BatchID    string         `json:"batchId"`
	CreatedAt  time.Time      `json:"createdAt"`
	Accepted   int            `json:"accepted"`
	Rejected   int            `json:"rejected"`
	Duplicates int            `json:"duplicates"`
	Counts     map[string]int `json:"counts"` // of the accepted ones, by status
}

// Batch looks a batch up.
func (c *Client) Batch(ctx context.Context, batchID string) (*BatchStatus, error) {
	var out data[*BatchStatus]
	err := c.do(ctx, http.MethodGet, "/api/v1/batches/"+url.PathEscape(batchID), nil, &out)
	return out.Data, err
}
