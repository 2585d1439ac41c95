package webhook

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"messagehub/store/message"
)

const (
	// MaxEndpoints is how many endpoints a workspace has at most, for live and
	// for test messages each.
	MaxEndpoints = 20
	// editTries bounds how often an edit begins anew after another one.
	editTries = 10
)

// ErrTooMany is the answer to one endpoint more than a workspace may have.
var ErrTooMany = errors.New("workspace has as many endpoints as it may have")

// Book holds the endpoints. What is not a workspace's own is
// [message.ErrNotFound].
type Book interface {
	Endpoint(ws message.WorkspaceID, id message.ID) (message.Endpoint, error)
	Endpoints(ws message.WorkspaceID) ([]message.Endpoint, error)
	AllEndpoints() ([]message.Endpoint, error)
}

// Editor changes endpoints, durably and together with the audit entries.
type Editor interface {
	PutEndpoint(e message.Endpoint, why ...message.AuditEntry) (message.Endpoint, error)
	DeleteEndpoint(ws message.WorkspaceID, id message.ID, why ...message.AuditEntry) error
}

// Who asks for something, for the audit log: and what he can see.
type Who struct {
	Workspace message.WorkspaceID
	Test      bool
	Actor     string
	Address   string
	RequestID string
	At        message.Time
}

func (w *Who) entry(action string, id message.ID) message.AuditEntry {
	return message.AuditEntry{
		At: w.At, Actor: w.Actor, Action: action, Object: endpointID(id), Address: w.Address, RequestID: w.RequestID,
	}
}

// Change is what a client wants to be different; nil: nothing.
type Change struct {
	URL, Description *string
	Types            *[]string // empty: every type
	Enabled          *bool
}

func (c *Change) apply(e *message.Endpoint, at message.Time) {
	if c.URL != nil {
		e.URL = strings.Clone(*c.URL)
	}
	if c.Description != nil {
		e.Description = strings.Clone(*c.Description)
	}
	if c.Types != nil {
		e.Types = slices.Clone(*c.Types)
	}
	switch {
	case c.Enabled == nil:
	case *c.Enabled:
		e.Disabled, e.DisabledAt = message.NotDisabled, 0
	case e.Disabled == message.NotDisabled:
		e.Disabled, e.DisabledAt = message.DisabledByClient, at
	}
}

// Create makes an endpoint. It gets the events from then on. The secret is
// shown this once.
func (d *Deliverer) Create(who Who, c Change) (e message.Endpoint, secret string, err error) {
	all, err := d.List(who)
	if err != nil {
		return e, "", err
	}
	if len(all) >= MaxEndpoints {
		return e, "", ErrTooMany
	}
	e = message.Endpoint{ID: message.NewEndpointID(), Workspace: who.Workspace, Test: who.Test, CreatedAt: who.At, UpdatedAt: who.At}
	c.apply(&e, who.At)
	if secret, err = d.addSecret(&e, 0); err != nil {
		return e, "", err
	}
	why := who.entry("webhook.create", e.ID)
	why.After = describe(&e)
	if e, err = d.Editor.PutEndpoint(e, why); err != nil {
		return e, "", err
	}
	d.Put(e)
	return e, secret, nil
}

// List returns the endpoints that who can see, by id.
func (d *Deliverer) List(who Who) ([]message.Endpoint, error) {
	all, err := d.Book.Endpoints(who.Workspace)
	return slices.DeleteFunc(all, func(e message.Endpoint) bool { return e.Test != who.Test }), err
}

// Get returns an endpoint, or [message.ErrNotFound].
func (d *Deliverer) Get(who Who, id message.ID) (message.Endpoint, error) {
	e, err := d.Book.Endpoint(who.Workspace, id)
	if err == nil && e.Test != who.Test {
		return message.Endpoint{}, message.ErrNotFound
	}
	return e, err
}

// Update changes an endpoint.
func (d *Deliverer) Update(who Who, id message.ID, c Change) (message.Endpoint, error) {
	return d.edit(who, id, "webhook.update", func(e *message.Endpoint) error {
		c.apply(e, who.At)
		return nil
	})
}

// Rotate draws a new secret. The old one signs beside it for the overlap.
func (d *Deliverer) Rotate(who Who, id message.ID, overlap time.Duration) (e message.Endpoint, secret string, err error) {
	e, err = d.edit(who, id, "webhook.rotate", func(e *message.Endpoint) (err error) {
		secret, err = d.addSecret(e, who.At.Add(overlap))
		return err
	})
	return e, secret, err
}

// Delete removes an endpoint, and what waits for it.
func (d *Deliverer) Delete(who Who, id message.ID) error {
	e, err := d.Get(who, id)
	if err != nil {
		return err
	}
	why := who.entry("webhook.delete", id)
	why.Before = describe(&e)
	if err := d.Editor.DeleteEndpoint(who.Workspace, id, why); err != nil {
		return err
	}
	d.Remove(who.Workspace, id)
	return nil
}

// Disable is for the endpoint's own courier, which puts the answer in force.
func (d *Deliverer) Disable(e message.Endpoint, reason message.DisableReason) (message.Endpoint, error) {
	who := Who{Workspace: e.Workspace, Test: e.Test, Actor: "system", At: d.Now()}
	return d.change(who, e.ID, "webhook.disable", func(e *message.Endpoint) error {
		if e.Disabled == message.NotDisabled {
			e.Disabled, e.DisabledAt = reason, who.At
		}
		return nil
	})
}

// edit changes an endpoint and tells its courier.
func (d *Deliverer) edit(who Who, id message.ID, action string, change func(*message.Endpoint) error) (message.Endpoint, error) {
	e, err := d.change(who, id, action, change)
	if err == nil {
		d.Put(e)
	}
	return e, err
}

// change changes an endpoint as it is now, however often others do at the same
// time.
func (d *Deliverer) change(who Who, id message.ID, action string, change func(*message.Endpoint) error) (message.Endpoint, error) {
	for try := 0; ; try++ {
		e, err := d.Get(who, id)
		if err != nil {
			return e, err
		}
		why := who.entry(action, id)
		why.Before = describe(&e)
		if err := change(&e); err != nil {
			return e, err
		}
		e.UpdatedAt, why.After = who.At, describe(&e)
		e, err = d.Editor.PutEndpoint(e, why)
		if !errors.Is(err, message.ErrRevision) || try == editTries {
			return e, err
		}
	}
}

// describe shows an endpoint to the audit log: without what may be secret.
func describe(e *message.Endpoint) string {
	types := EveryType
	if len(e.Types) > 0 {
		types = strings.Join(e.Types, ",")
	}
	text := fmt.Sprintf("url=%s types=%s test=%t secrets=%d", withoutQuery(e.URL), types, e.Test, len(e.Secrets))
	if e.Disabled != message.NotDisabled {
		text += " disabled=" + e.Disabled.String()
	}
	return text
}

func withoutQuery(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	u.RawQuery, u.User = "", nil
	return u.String()
}
