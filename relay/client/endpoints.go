package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Endpoint is where events are posted to.
type Endpoint struct {
	ID             string     `json:"id"`
	URL            string     `json:"url"`
	EventTypes     []string   `json:"eventTypes"`
	Description    string     `json:"description"`
	Enabled        bool       `json:"enabled"`
	DisabledReason string     `json:"disabledReason"`
	DisabledAt     *time.Time `json:"disabledAt"`
	Test           bool       `json:"test"`
	CreatedAt      time.Time  `json:"createdAt"`
	UpdatedAt      time.Time  `json:"updatedAt"`
	// Secret is there when it was just drawn: keep it, it is not shown again.
	Secret string `json:"secret"`
}

// EndpointChange makes an endpoint, or changes the members that are not nil.
type EndpointChange struct {
	URL         *string   `json:"url,omitempty"`
	EventTypes  *[]string `json:"eventTypes,omitempty"` // "*" is every type
	Description *string   `json:"description,omitempty"`
	Enabled     *bool     `json:"enabled,omitempty"`
}

const endpointsPath = "/api/v1/webhooks/endpoints"

func endpointPath(id string) string { return endpointsPath + "/" + url.PathEscape(id) }

// CreateEndpoint makes an endpoint for the given types of events; none means
// all of them.
func (c *Client) CreateEndpoint(ctx context.Context, url string, types ...string) (*Endpoint, error) {
	change := EndpointChange{URL: &url}
	if len(types) > 0 {
		change.EventTypes = &types
	}
	return c.endpoint(ctx, http.MethodPost, endpointsPath, change)
}

// Endpoint looks an endpoint up.
func (c *Client) Endpoint(ctx context.Context, id string) (*Endpoint, error) {
	return c.endpoint(ctx, http.MethodGet, endpointPath(id), nil)
}

// UpdateEndpoint changes an endpoint.
func (c *Client) UpdateEndpoint(ctx context.Context, id string, change EndpointChange) (*Endpoint, error) {
	return c.endpoint(ctx, http.MethodPatch, endpointPath(id), change)
}

// RotateEndpoint draws a new secret. For the overlap both sign; in whole
// seconds, at most a week.
func (c *Client) RotateEndpoint(ctx context.Context, id string, overlap time.Duration) (*Endpoint, error) {
	in := map[string]int{"overlap": int(overlap / time.Second)}
	return c.endpoint(ctx, http.MethodPost, endpointPath(id)+"/rotate", in)
}

func (c *Client) endpoint(ctx context.Context, method, path string, in any) (*Endpoint, error) {
	var out data[*Endpoint]
	err := c.do(ctx, method, path, in, &out)
	return out.Data, err
}

// Endpoints lists all endpoints.
func (c *Client) Endpoints(ctx context.Context) ([]Endpoint, error) {
	var out data[[]Endpoint]
	err := c.do(ctx, http.MethodGet, endpointsPath, nil, &out)
	return out.Data, err
}

// DeleteEndpoint removes an endpoint, with what waits for it.
func (c *Client) DeleteEndpoint(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, endpointPath(id), nil, nil)
}

// EndpointTest is what came of a test event.
type EndpointTest struct {
	EventID        string `json:"eventId"`
	Outcome        string `json:"outcome"`
	ResponseStatus int    `json:"responseStatus"` // 0: there was no answer
	LatencyMs      int    `json:"latencyMs"`
}

// TestEndpoint has a webhook.test event posted now.
func (c *Client) TestEndpoint(ctx context.Context, id string) (*EndpointTest, error) {
	var out data[*EndpointTest]
	err := c.do(ctx, http.MethodPost, endpointPath(id)+"/test", struct{}{}, &out)
	return out.Data, err
}

// ReplayEvent has one event delivered again.
func (c *Client) ReplayEvent(ctx context.Context, id, eventID string) error {
	return c.do(ctx, http.MethodPost, endpointPath(id)+"/replay", map[string]string{"eventId": eventID}, nil)
}

// ReplayRange has the events between two moments delivered again; a zero until
// is now.
func (c *Client) ReplayRange(ctx context.Context, id string, since, until time.Time) error {
	in := map[string]string{"since": since.UTC().Format(time.RFC3339Nano)}
	if !until.IsZero() {
		in["until"] = until.UTC().Format(time.RFC3339Nano)
	}
	return c.do(ctx, http.MethodPost, endpointPath(id)+"/replay", in, nil)
}

// Delivery is one attempt to post an event.
type Delivery struct {
	EventID        string     `json:"eventId"`
	EventType      string     `json:"eventType"`
	At             time.Time  `json:"at"`
	Attempt        int        `json:"attempt"`
	Outcome        string     `json:"outcome"`
	ResponseStatus int        `json:"responseStatus"`
	LatencyMs      int        `json:"latencyMs"`
	GivenUp        bool       `json:"givenUp"`
	NextAttemptAt  *time.Time `json:"nextAttemptAt"`
}

// Deliveries lists the latest attempts at an endpoint, newest first.
func (c *Client) Deliveries(ctx context.Context, id string) iter.Seq2[*Delivery, error] {
	return pages[*Delivery](ctx, c, endpointPath(id)+"/deliveries", nil)
}
