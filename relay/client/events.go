package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Event is something that happened, as a webhook and the feed tell it.
type Event struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
	// Raw is the whole event as it came.
	Raw json.RawMessage `json:"-"`
}

// MessageEvent is the data of an event about a message.
type MessageEvent struct {
	MessageID  string         `json:"messageId"`
	Status     string         `json:"status"` // of the message, after the event
	Channel    string         `json:"channel"`
	Test       bool           `json:"test"`
	Attempt    int            `json:"attempt"`
	Code       string         `json:"code"`
	Reference  string         `json:"reference"`
	Metadata   map[string]any `json:"metadata"`
	CreatedAt  time.Time      `json:"createdAt"`
	ReceivedAt time.Time      `json:"receivedAt"`
}

// Message returns the data of an event whose type begins with "message.".
func (e *Event) Message() (*MessageEvent, error) {
	var m MessageEvent
	if err := json.Unmarshal(e.Data, &m); err != nil || m.MessageID == "" {
		return nil, fmt.Errorf("read event %s: %s is of no message", e.ID, e.Type)
	}
	return &m, nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (e *Event) UnmarshalJSON(b []byte) error {
	type plain Event
	if err := json.Unmarshal(b, (*plain)(e)); err != nil {
		return err
	}
	e.Raw = append(json.RawMessage(nil), b...)
	return nil
}

// Feed says which events to read.
type Feed struct {
	// After is the id of an event, or what another reader stopped at; empty: the
	// oldest event that is kept.
	After string
	Types []string // empty: all
	// Follow goes on for ever, waiting for what happens next; else the end of
	// the feed is the end.
	Follow   bool
	PageSize int // events fetched at once, at most 200
}

// followWait is how many seconds the relay may hold a poll of the feed.
const followWait = 25

// Events reads the feed, in order and without gaps: whoever passes the id of
// the last event that he has dealt with as After misses nothing. After an
// error it ends.
func (c *Client) Events(ctx context.Context, f Feed) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		q := queryOf("after", f.After, "type", strings.Join(f.Types, ","))
		if f.PageSize > 0 {
			q.Set("limit", strconv.Itoa(f.PageSize))
		}
		if f.Follow {
			q.Set("wait", strconv.Itoa(followWait))
		}
		for {
			var p page[*Event]
			r := request{method: http.MethodGet, path: "/api/v1/events", query: q, repeatable: true}
			if err := c.call(ctx, &r, nil, &p); err != nil {
				yield(nil, err)
				return
			}
			for _, e := range p.Data {
				if !yield(e, nil) {
					return
				}
			}
			if p.Page.Next != "" {
				q.Set("after", p.Page.Next)
			}
			if !f.Follow && !p.Page.More {
				return
			}
		}
	}
}

// LatestEvent returns the place of the feed that it has come to: passed as
// After, it makes Events begin with what happens next.
func (c *Client) LatestEvent(ctx context.Context) (string, error) {
	var p page[*Event]
	r := request{method: http.MethodGet, path: "/api/v1/events", query: queryOf("after", "latest", "limit", "1"), repeatable: true}
	err := c.call(ctx, &r, nil, &p)
	return p.Page.Next, err
}
