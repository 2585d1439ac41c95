package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// SendOptions is what can be said beside a message.
type SendOptions struct {
	// IdempotencyKey names this send for 24 hours; empty: one is drawn.
	IdempotencyKey string
	// Wait has the answer held until the first attempt has an outcome, for at
	// most so many seconds (1 to 30).
	Wait int
}

// Send sends a message. When it returns without an error, the message is on
// the relay's disk.
func (c *Client) Send(ctx context.Context, m Message) (*Sent, error) {
	return c.SendWith(ctx, m, SendOptions{})
}

// SendWith is Send with options.
func (c *Client) SendWith(ctx context.Context, m Message, o SendOptions) (*Sent, error) {
	r := request{method: http.MethodPost, path: "/api/v1/messages/send"}
	r.idempotent(o.IdempotencyKey)
	if o.Wait > 0 {
		r.set("Prefer", "wait="+strconv.Itoa(o.Wait))
	}
	var out data[*Sent]
	err := c.call(ctx, &r, m, &out)
	return out.Data, err
}

// Get looks a message up.
func (c *Client) Get(ctx context.Context, messageID string) (*Status, error) {
	var out data[*Status]
	err := c.do(ctx, http.MethodGet, "/api/v1/messages/"+url.PathEscape(messageID), nil, &out)
	return out.Data, err
}

// Cancel takes a message back that no provider has yet, and returns it as it
// is then. Otherwise the error's code is not_cancelable.
func (c *Client) Cancel(ctx context.Context, messageID string) (*Status, error) {
	r := request{method: http.MethodPost, path: "/api/v1/messages/" + url.PathEscape(messageID) + "/cancel", repeatable: true}
	var out data[*Status]
	err := c.call(ctx, &r, nil, &out)
	return out.Data, err
}

// Resend sends a settled message again, as a new one. idempotencyKey may be
// empty: one is drawn.
func (c *Client) Resend(ctx context.Context, messageID, idempotencyKey string) (*Sent, error) {
	r := request{method: http.MethodPost, path: "/api/v1/messages/" + url.PathEscape(messageID) + "/resend"}
	r.idempotent(idempotencyKey)
	var out data[*Sent]
	err := c.call(ctx, &r, nil, &out)
	return out.Data, err
}

// Filter narrows a listing down; what is empty does not count.
type Filter struct {
	Status    string
	Channel   string
	To        string
	Reference string
	From      time.Time // accepted at or after
	Until     time.Time // accepted before
	PageSize  int       // messages fetched at once, at most 200
}

func (f *Filter) query() url.Values {
	q := queryOf("status", f.Status, "channel", f.Channel, "to", f.To, "reference", f.Reference, "limit", count(f.PageSize))
	for name, at := range map[string]time.Time{"from": f.From, "until": f.Until} {
		if !at.IsZero() {
			q.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	return q
}

// Messages lists messages, newest first, fetching pages as they are asked for.
// After an error it ends.
func (c *Client) Messages(ctx context.Context, f Filter) iter.Seq2[*Status, error] {
	return pages[*Status](ctx, c, "/api/v1/messages", f.query())
}

// page is the form of every listing.
type page[T any] struct {
	Data []T `json:"data"`
	Page struct {
		Next string `json:"next"`
		More bool   `json:"more"`
	} `json:"page"`
}

// pages walks a listing from page to page.
func pages[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		q := clone(query)
		for {
			var p page[T]
			r := request{method: http.MethodGet, path: path, query: q, repeatable: true}
			if err := c.call(ctx, &r, nil, &p); err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, one := range p.Data {
				if !yield(one, nil) {
					return
				}
			}
			if p.Page.Next == "" {
				return
			}
			q.Set("after", p.Page.Next)
		}
	}
}

// queryOf makes a query of names and values in turn, without the empty ones.
func queryOf(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

// count returns a number for queryOf; 0 is left out.
func count(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// clone lets an iterator be ranged over twice.
func clone(q url.Values) url.Values {
	out := make(url.Values, len(q))
	for name, values := range q {
		out[name] = append([]string(nil), values...)
	}
	return out
}
