package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Received is a message that a recipient wrote.
type Received struct {
	ID                string     `json:"id"`
	Channel           string     `json:"channel"`
	Sender            string     `json:"sender"` // that it came to
	Test              bool       `json:"test"`
	From              string     `json:"from"`
	Kind              string     `json:"kind"` // text, or what else it is at the provider
	Text              string     `json:"text"`
	ProviderMessageID string     `json:"providerMessageId"`
	ReplyTo           string     `json:"replyTo"` // the provider's id of what it answers
	At                *time.Time `json:"at"`
	ReceivedAt        time.Time  `json:"receivedAt"`
}

const receivedPath = "/api/v1/messages/received"

// Received lists what recipients wrote, newest first, fetching pages as they are
// asked for. After an error it ends.
func (c *Client) Received(ctx context.Context) iter.Seq2[*Received, error] {
	return pages[*Received](ctx, c, receivedPath, nil)
}

// ReceivedMessage looks up what a recipient wrote.
func (c *Client) ReceivedMessage(ctx context.Context, id string) (*Received, error) {
	var out data[*Received]
	err := c.do(ctx, http.MethodGet, receivedPath+"/"+url.PathEscape(id), nil, &out)
	return out.Data, err
}
