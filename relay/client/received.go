package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Received is a message that a recipient wrote. Kind says what it is: text,
// image, video, audio, document, sticker, location, contact, link, button,
// media, binary, opt_in, opt_out, or the provider's word.
type Received struct {
	ID                string           `json:"id"`
	Channel           string           `json:"channel"`
	Sender            string           `json:"sender"` // that it came to
	Test              bool             `json:"test"`
	From              string           `json:"from"`
	Kind              string           `json:"kind"`
	Text              string           `json:"text"`
	Media             []ReceivedMedium `json:"media"`
	Location          *ReceivedPlace   `json:"location"`
	ProviderMessageID string           `json:"providerMessageId"`
	ReplyTo           string           `json:"replyTo"` // the provider's id of the message that it answers
	At                *time.Time       `json:"at"`      // as the provider says; nil if it does not
	ReceivedAt        time.Time        `json:"receivedAt"`
}

// ReceivedMedium is something attached: an address, or an id to fetch it with
// at the provider.
type ReceivedMedium struct {
	ID       string `json:"id"`
	URL      string `json:"url"`
	MimeType string `json:"mimeType"`
	Filename string `json:"filename"`
}

// ReceivedPlace is a location that was shared.
type ReceivedPlace struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Name      string  `json:"name"`
	Address   string  `json:"address"`
}

// Received returns the data of an event of the type message.received. Of a
// message that was erased since, only ID, Channel and Test are set.
func (e *Event) Received() (*Received, error) {
	var m struct {
		InboundID string `json:"inboundId"`
		Received
	}
	if err := json.Unmarshal(e.Data, &m); err != nil || m.InboundID == "" {
		return nil, fmt.Errorf("read event %s: %s is of no message that came in", e.ID, e.Type)
	}
	m.ID = m.InboundID
	return &m.Received, nil
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

// Writing is what a user of the sandbox writes.
type Writing struct {
	Channel  string `json:"channel"`
	Sender   string `json:"sender,omitempty"` // that he writes to; empty: the channel's first
	From     string `json:"from"`
	Kind     string `json:"kind,omitempty"` // text (default), image, opt_in or opt_out
	Text     string `json:"text,omitempty"`
	MediaURL string `json:"mediaUrl,omitempty"`
	ReplyTo  string `json:"replyTo,omitempty"` // the provider's id of a message of yours
}

// Write has a user of the sandbox write: the simulated provider brings it soon.
// It needs a test key.
func (c *Client) Write(ctx context.Context, w Writing) error {
	return c.call(ctx, &request{method: http.MethodPost, path: receivedPath}, w, nil)
}
