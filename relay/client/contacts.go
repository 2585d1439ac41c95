package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"time"
)

// Contact is a person with the addresses that are known of him.
type Contact struct {
	ID           string            `json:"id"`
	ExternalID   string            `json:"externalId"`
	Name         string            `json:"name"`
	Identities   map[string]string `json:"identities"` // address by channel
	Tags         []string          `json:"tags"`
	ChannelOrder []string          `json:"channelOrder"`
	OptOut       map[string]bool   `json:"optOut"` // by channel, or "all"
	Locale       string            `json:"locale"`
	Timezone     string            `json:"timezone"`
	Metadata     map[string]any    `json:"metadata"`
	Test         bool              `json:"test"`
	CreatedAt    time.Time         `json:"createdAt"`
	UpdatedAt    time.Time         `json:"updatedAt"`
	// Version is for [ContactChange.IfVersion]; empty in a listing.
	Version string `json:"-"`
}

// ContactChange makes a contact, or changes what is not nil of one.
type ContactChange struct {
	ExternalID   *string         `json:"externalId,omitempty"`
	Name         *string         `json:"name,omitempty"`
	Identities   Identities      `json:"identities,omitempty"`
	Tags         *[]string       `json:"tags,omitempty"` // all of them
	ChannelOrder *[]string       `json:"channelOrder,omitempty"`
	OptOut       map[string]bool `json:"optOut,omitempty"` // by channel, or "all"; false: in again
	Locale       *string         `json:"locale,omitempty"`
	Timezone     *string         `json:"timezone,omitempty"`
	// Metadata are the members to set; a nil value takes one away.
	Metadata map[string]any `json:"metadata,omitempty"`
	// IfVersion refuses the change, with the code version_mismatch, unless the
	// contact is as it was seen. A lost answer is then not tried again: the change
	// may have been made.
	IfVersion string `json:"-"`
}

// Identities are addresses by channel. An empty one takes the contact's away.
type Identities map[string]string

// MarshalJSON implements [json.Marshaler].
func (i Identities) MarshalJSON() ([]byte, error) {
	out := make(map[string]*string, len(i))
	for channel, address := range i {
		if out[channel] = &address; address == "" {
			out[channel] = nil
		}
	}
	return json.Marshal(out)
}

const contactsPath = "/api/v1/contacts"

func contactPath(id string) string { return contactsPath + "/" + url.PathEscape(id) }

// CreateContact makes a contact.
func (c *Client) CreateContact(ctx context.Context, change ContactChange) (*Contact, error) {
	return c.contact(ctx, &request{method: http.MethodPost, path: contactsPath}, change)
}

// Contact looks a contact up.
func (c *Client) Contact(ctx context.Context, id string) (*Contact, error) {
	return c.contact(ctx, &request{method: http.MethodGet, path: contactPath(id), repeatable: true}, nil)
}

// UpdateContact changes a contact: what is nil stays.
func (c *Client) UpdateContact(ctx context.Context, id string, change ContactChange) (*Contact, error) {
	return c.changeContact(ctx, http.MethodPatch, id, change)
}

// ReplaceContact replaces a contact: what is nil is emptied, but for opt-outs.
func (c *Client) ReplaceContact(ctx context.Context, id string, change ContactChange) (*Contact, error) {
	return c.changeContact(ctx, http.MethodPut, id, change)
}

func (c *Client) changeContact(ctx context.Context, method, id string, change ContactChange) (*Contact, error) {
	r := request{method: method, path: contactPath(id), repeatable: change.IfVersion == ""}
	if change.IfVersion != "" {
		r.set("If-Match", change.IfVersion)
	}
	return c.contact(ctx, &r, change)
}

func (c *Client) contact(ctx context.Context, r *request, in any) (*Contact, error) {
	var out data[*Contact]
	if err := c.call(ctx, r, in, &out); err != nil || out.Data == nil {
		return nil, err
	}
	out.Data.Version = r.etag
	return out.Data, nil
}

// ContactFilter narrows a listing down; what is empty does not count.
type ContactFilter struct {
	Tag        string
	ExternalID string
	Channel    string // goes with Address
	Address    string
	PageSize   int // contacts fetched at once, at most 200
}

// Contacts lists contacts, oldest first, fetching pages as they are asked for.
// After an error it ends.
func (c *Client) Contacts(ctx context.Context, f ContactFilter) iter.Seq2[*Contact, error] {
	q := queryOf("tag", f.Tag, "externalId", f.ExternalID, "channel", f.Channel, "address", f.Address, "limit", count(f.PageSize))
	return pages[*Contact](ctx, c, contactsPath, q)
}

// Erasure is how far a contact's erasure has come.
type Erasure struct {
	ContactID   string     `json:"contactId"`
	State       string     `json:"erasure"`  // pending, purging or done
	Messages    int        `json:"messages"` // emptied
	RequestedAt time.Time  `json:"requestedAt"`
	DoneAt      *time.Time `json:"doneAt"`
}

// EraseContact removes a contact, and begins to erase its personal data from all
// that the relay holds. To ask again is no error.
func (c *Client) EraseContact(ctx context.Context, id string) (*Erasure, error) {
	return c.erasure(ctx, http.MethodDelete, contactPath(id))
}

// Erasure tells how far an erasure has come.
func (c *Client) Erasure(ctx context.Context, id string) (*Erasure, error) {
	return c.erasure(ctx, http.MethodGet, contactPath(id)+"/erasure")
}

func (c *Client) erasure(ctx context.Context, method, path string) (*Erasure, error) {
	var out data[*Erasure]
	err := c.do(ctx, method, path, nil, &out)
	return out.Data, err
}
