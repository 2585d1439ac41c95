package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Distribution is one content for many recipients. The API's documentation says
// what its members mean; Content, Routing and somebody to send to are needed.
type Distribution struct {
	Content     map[string]Content `json:"content"` // by channel, or "default"
	Recipients  []Recipient        `json:"recipients,omitempty"`
	Audience    *Audience          `json:"audience,omitempty"`
	Routing     Routing            `json:"routing"`
	Rate        *Rate              `json:"rate,omitempty"`
	Window      *Window            `json:"window,omitempty"`
	ScheduledAt *time.Time         `json:"scheduledAt,omitempty"`
	ExpiresIn   int                `json:"expiresIn,omitempty"` // seconds
	Reference   string             `json:"reference,omitempty"`
}

// Content is what is sent over one channel. {{name}} in Content and in
// TemplateParams stands for what a recipient has.
type Content struct {
	Content          string            `json:"content,omitempty"`
	ContentType      string            `json:"contentType,omitempty"`
	TemplateID       string            `json:"templateId,omitempty"`
	TemplateParams   map[string]string `json:"templateParams,omitempty"`
	TemplateLanguage string            `json:"templateLanguage,omitempty"`
	MediaURL         string            `json:"mediaUrl,omitempty"`
	MediaType        string            `json:"mediaType,omitempty"`
	Filename         string            `json:"filename,omitempty"`
	From             string            `json:"from,omitempty"`
}

// Recipient is one of a distribution: a contact, or addresses by channel.
type Recipient struct {
	ContactID string            `json:"contactId,omitempty"`
	To        map[string]string `json:"to,omitempty"`
	Params    map[string]any    `json:"params,omitempty"` // texts, numbers, booleans
}

// Audience is every contact that has one of the tags.
type Audience struct {
	Tags []string `json:"tags"`
}

// Routing says over which channels a recipient is reached.
type Routing struct {
	Mode          string   `json:"mode"` // fallback, all or first_reachable
	Channels      []string `json:"channels,omitempty"`
	SuccessStatus string   `json:"successStatus,omitempty"`
	Timeout       int      `json:"timeout,omitempty"` // seconds
}

// Rate is how fast messages are made.
type Rate struct {
	PerSecond int `json:"perSecond"`
}

// Window is the part of the day in which messages are made.
type Window struct {
	From            string `json:"from"` // such as 09:00
	To              string `json:"to"`
	Timezone        string `json:"timezone"` // an IANA name, or recipient
	DefaultTimezone string `json:"defaultTimezone,omitempty"`
}

// DistributionCounts are recipients and what became of them.
type DistributionCounts struct {
	Recipients int `json:"recipients"`
	Messages   int `json:"messages"`
	Invalid    int `json:"invalid"`
	Duplicates int `json:"duplicates"`
	OptedOut   int `json:"optedOut"`
}

// Forecast is what a distribution comes to as things are.
type Forecast struct {
	DistributionID string `json:"distributionId"` // empty: it was only estimated
	Status         string `json:"status"`
	Test           bool   `json:"test"`
	DistributionCounts
	Exact    bool `json:"exact"` // false: an audience was estimated
	Estimate struct {
		Segments int  `json:"segments"` // of SMS
		Seconds  *int `json:"seconds"`  // at the Rate
	} `json:"estimate"`
	InvalidRecipients []InvalidRecipient `json:"invalidRecipients"` // the first hundred
	Warnings          []Fault            `json:"warnings"`
}

// InvalidRecipient is one who gets no message, and why.
type InvalidRecipient struct {
	Index     *int   `json:"index"` // in Recipients; nil: of the audience
	ContactID string `json:"contactId"`
	Fault
}

// DistributionStatus is how far a distribution has come. A listing has neither
// Statuses, Outcome nor InvalidRecipients.
type DistributionStatus struct {
	DistributionID string     `json:"distributionId"`
	Status         string     `json:"status"` // expanding, running, paused, completed or canceled
	Mode           string     `json:"mode"`
	Channels       []string   `json:"channels"`
	Tags           []string   `json:"tags"`
	Reference      string     `json:"reference"`
	ScheduledAt    *time.Time `json:"scheduledAt"`
	Progress       struct {
		Expected int `json:"expected"` // recipients
		Done     int `json:"done"`
	} `json:"progress"`
	Counts DistributionCounts `json:"counts"`
	// TakingBack: it is canceled, and messages are still being taken back.
	TakingBack bool      `json:"takingBack"`
	Test       bool      `json:"test"`
	CreatedAt  time.Time `json:"createdAt"`
	UpdatedAt  time.Time `json:"updatedAt"`
	// Statuses count the messages by channel and status.
	Statuses          map[string]map[string]int `json:"statuses"`
	Outcome           DistributionOutcome       `json:"outcome"`
	InvalidRecipients []InvalidRecipient        `json:"invalidRecipients"` // the first hundred
}

// DistributionOutcome is what became of the messages of a distribution.
type DistributionOutcome struct {
	Waiting  int            `json:"waiting"`
	Withheld int            `json:"withheld"` // of these, by a pause when their turn had come
	Sent     int            `json:"sent"`     // delivered and read ones, too
	Canceled int            `json:"canceled"`
	Failed   int            `json:"failed"`  // expired ones, too
	Skipped  int            `json:"skipped"` // no channel could be tried
	Reasons  map[string]int `json:"reasons"` // codes of those that failed or were skipped
}

const distributionsPath = "/api/v1/content/distributions"

func distributionPath(id string) string { return distributionsPath + "/" + url.PathEscape(id) }

// Distribute sends one content to many recipients: when it returns without an
// error, the whole request is on the relay's disk. idempotencyKey may be empty:
// one is drawn.
func (c *Client) Distribute(ctx context.Context, d Distribution, idempotencyKey string) (*Forecast, error) {
	r := request{}
	r.idempotent(idempotencyKey)
	return c.distribute(ctx, &r, d)
}

// Estimate says what a distribution would come to, and sends nothing.
func (c *Client) Estimate(ctx context.Context, d Distribution) (*Forecast, error) {
	return c.distribute(ctx, &request{query: queryOf("dryRun", "true"), repeatable: true}, d)
}

func (c *Client) distribute(ctx context.Context, r *request, d Distribution) (*Forecast, error) {
	r.method, r.path = http.MethodPost, "/api/v1/content/distribute"
	var out data[*Forecast]
	err := c.call(ctx, r, d, &out)
	return out.Data, err
}

// Distribution looks a distribution up.
func (c *Client) Distribution(ctx context.Context, id string) (*DistributionStatus, error) {
	return c.distribution(ctx, http.MethodGet, distributionPath(id))
}

// Distributions lists distributions, newest first, fetching pages as they are
// asked for. After an error it ends.
func (c *Client) Distributions(ctx context.Context) iter.Seq2[*DistributionStatus, error] {
	return pages[*DistributionStatus](ctx, c, distributionsPath, nil)
}

// PauseDistribution has no more messages made, and none started that waits. Those
// that a provider has go on.
func (c *Client) PauseDistribution(ctx context.Context, id string) (*DistributionStatus, error) {
	return c.distribution(ctx, http.MethodPost, distributionPath(id)+"/pause")
}

// ResumeDistribution goes on with a paused distribution.
func (c *Client) ResumeDistribution(ctx context.Context, id string) (*DistributionStatus, error) {
	return c.distribution(ctx, http.MethodPost, distributionPath(id)+"/resume")
}

// CancelDistribution has no more messages made, and takes those back that no
// provider has.
func (c *Client) CancelDistribution(ctx context.Context, id string) (*DistributionStatus, error) {
	return c.distribution(ctx, http.MethodPost, distributionPath(id)+"/cancel")
}

// distribution makes a request about one distribution. To ask for the state that
// it has is no error, so all of them can be made twice.
func (c *Client) distribution(ctx context.Context, method, path string) (*DistributionStatus, error) {
	var out data[*DistributionStatus]
	err := c.call(ctx, &request{method: method, path: path, repeatable: true}, nil, &out)
	return out.Data, err
}
