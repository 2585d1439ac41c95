package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client speaks to a relay on behalf of one key. URL and Key are required, the
// zero values of the others are good. Its fields must not change once it is
// used; it must not be copied.
type Client struct {
	URL string // such as https://messages.example.com, without /api/v1
	Key string // cpk_live_… or cpk_test_…
	// HTTP makes the requests; nil is http.DefaultClient. Its Timeout bounds one
	// try, long polls included.
	HTTP *http.Client
	// Tries bounds how often one request is made; 0 is 5, 1 never repeats.
	Tries int
	// MaxPause bounds the pause before a further try; 0 is a minute. A refusal
	// that asks for more is returned at once.
	MaxPause time.Duration

	pace pace
}

// maxAnswer bounds the body of an answer.
const maxAnswer = 64 << 20

// request is one call of the API, as often as it takes.
type request struct {
	method, path string
	query        url.Values
	body         []byte
	stream       io.Reader // in place of body; it can be read once
	header       http.Header
	// repeatable: to make it twice does no more than to make it once.
	repeatable bool
	// etag is that of the last answer.
	etag string
}

// Do makes a request that has no method of its own here: in is sent as JSON
// unless it is nil, a [json.RawMessage] as it is; the answer's body is decoded
// into out unless that is nil. The path may have a query, header may be nil. A
// POST is repeated after a lost answer only if it has an Idempotency-Key.
func (c *Client) Do(ctx context.Context, method, path string, header http.Header, in, out any) error {
	repeatable := method != http.MethodPost || header.Get("Idempotency-Key") != ""
	r := request{method: method, path: path, header: header, repeatable: repeatable}
	return c.call(ctx, &r, in, out)
}

// do is Do without a header.
func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	return c.Do(ctx, method, path, nil, in, out)
}

// call makes a request with in as its body and decodes the answer into out.
func (c *Client) call(ctx context.Context, r *request, in, out any) error {
	var err error
	if raw, ok := in.(json.RawMessage); ok {
		r.body = raw
	} else if in != nil {
		if r.body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	answer, err := c.repeat(ctx, r)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return nil
}

// data is the form of every success.
type data[T any] struct {
	Data T `json:"data"`
}

// once makes one try. status is 0 if no answer came.
func (c *Client) once(ctx context.Context, r *request) (status int, header http.Header, body []byte, err error) {
	target := strings.TrimRight(c.URL, "/") + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, r.content())
	if err != nil {
		return 0, nil, nil, &brokenError{err}
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if r.body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+c.Key)
	resp, err := c.client().Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = &brokenError{fmt.Errorf("answer is longer than %d bytes", maxAnswer)}
	}
	if err != nil {
		return 0, nil, nil, err
	}
	return resp.StatusCode, resp.Header, body, nil
}

// content returns what the request brings.
func (r *request) content() io.Reader {
	if r.stream != nil {
		return r.stream
	}
	return bytes.NewReader(r.body)
}

func (c *Client) client() *http.Client {
	if c.HTTP != nil {
		return c.HTTP
	}
	return http.DefaultClient
}

// idempotent gives a request that makes messages its key.
func (r *request) idempotent(key string) {
	if key == "" {
		key = rand.Text()
	}
	r.set("Idempotency-Key", key)
	r.repeatable = true
}

func (r *request) set(name, value string) {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(name, value)
}
