package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Workspace is what a key belongs to.
type Workspace struct {
	Name      string    `json:"name"`
	Tier      string    `json:"tier"`
	CreatedAt time.Time `json:"createdAt"`
	Limits    struct {
		RequestsPerMinute int `json:"requestsPerMinute"`
		BodyBytes         int `json:"bodyBytes"`
		BatchMessages     int `json:"batchMessages"`
		BatchLines        int `json:"batchLines"`
		WebhookEndpoints  int `json:"webhookEndpoints"`
	} `json:"limits"`
}

// Workspace looks up the client's own workspace. This, and the calls about keys,
// need the scope keys:manage.
func (c *Client) Workspace(ctx context.Context) (*Workspace, error) {
	var out data[*Workspace]
	err := c.do(ctx, http.MethodGet, "/api/v1/workspace", nil, &out)
	return out.Data, err
}

// Key is an API key.
type Key struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Shown      string     `json:"shown"` // prefix and last four
	Test       bool       `json:"test"`
	Scopes     []string   `json:"scopes"`
	Allow      []string   `json:"allow"`     // addresses and networks; empty: everywhere
	PerMinute  int        `json:"perMinute"` // 0: no limit of its own
	CreatedAt  time.Time  `json:"createdAt"`
	ExpiresAt  *time.Time `json:"expiresAt"`
	RevokedAt  *time.Time `json:"revokedAt"`
	LastUsedAt *time.Time `json:"lastUsedAt"` // to the minute
	Successor  string     `json:"successor"`  // that it was rotated to
	// Secret is there when it was just drawn: keep it, it is not shown again.
	Secret string `json:"secret"`
}

// KeyDraft is a key to make. What is nil the new key has of the one that asks.
type KeyDraft struct {
	Scopes    []string   `json:"scopes"`
	Name      string     `json:"name,omitempty"`
	Test      *bool      `json:"test,omitempty"`
	Allow     []string   `json:"allow,omitempty"`
	PerMinute *int       `json:"perMinute,omitempty"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
}

// KeyChange changes what is not nil of a key.
type KeyChange struct {
	Name      *string
	Allow     *[]string
	PerMinute *int       // 0: no limit of its own
	ExpiresAt *time.Time // the zero time: no end
}

// MarshalJSON implements [json.Marshaler].
func (k KeyChange) MarshalJSON() ([]byte, error) {
	out := map[string]any{}
	if k.Name != nil {
		out["name"] = *k.Name
	}
	if k.Allow != nil {
		out["allow"] = append([]string{}, *k.Allow...)
	}
	if k.PerMinute != nil {
		out["perMinute"] = nullIf(*k.PerMinute == 0, *k.PerMinute)
	}
	if k.ExpiresAt != nil {
		out["expiresAt"] = nullIf(k.ExpiresAt.IsZero(), *k.ExpiresAt)
	}
	return json.Marshal(out)
}

func nullIf(empty bool, value any) any {
	if empty {
		return nil
	}
	return value
}

const keysPath = "/api/v1/keys"

func keyPath(id string) string { return keysPath + "/" + url.PathEscape(id) }

// CreateKey makes a key.
func (c *Client) CreateKey(ctx context.Context, d KeyDraft) (*Key, error) {
	return c.key(ctx, http.MethodPost, keysPath, d)
}

// GetKey looks a key up.
func (c *Client) GetKey(ctx context.Context, id string) (*Key, error) {
	return c.key(ctx, http.MethodGet, keyPath(id), nil)
}

// UpdateKey changes a key.
func (c *Client) UpdateKey(ctx context.Context, id string, change KeyChange) (*Key, error) {
	return c.key(ctx, http.MethodPatch, keyPath(id), change)
}

// RotateKey makes a key that may do the same. The old one is valid for the
// overlap; in whole seconds, at most 90 days.
func (c *Client) RotateKey(ctx context.Context, id string, overlap time.Duration) (*Key, error) {
	return c.key(ctx, http.MethodPost, keyPath(id)+"/rotate", map[string]int{"overlap": int(overlap / time.Second)})
}

// RevokeKey has a key refused from the next request on.
func (c *Client) RevokeKey(ctx context.Context, id string) (*Key, error) {
	return c.key(ctx, http.MethodDelete, keyPath(id), nil)
}

func (c *Client) key(ctx context.Context, method, path string, in any) (*Key, error) {
	var out data[*Key]
	err := c.do(ctx, method, path, in, &out)
	return out.Data, err
}

// Keys lists keys, newest first. With unusedFor, those alone that are valid and
// were not used for so long; 0: all.
func (c *Client) Keys(ctx context.Context, unusedFor time.Duration) iter.Seq2[*Key, error] {
	return pages[*Key](ctx, c, keysPath, queryOf("unusedFor", count(int(unusedFor/time.Second))))
}
