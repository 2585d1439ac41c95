package main

import (
	"errors"
	"slices"
	"testing"
	"time"

	"messagehub/relay/client"
)

// The client's contacts and distributions against the API itself.
func TestClientDistributesToContacts(t *testing.T) {
	th := startDeveloperHub(t)
	c := &client.Client{URL: th.URL(), Key: th.key}
	ctx := t.Context()
	name, tags := "Kim", []string{"vip"}
	kim, err := c.CreateContact(ctx, client.ContactChange{Name: &name, Tags: &tags, Identities: client.Identities{"sms": "+14155550100", "whatsapp": "+14155550100"}})
	if err != nil || kim.Version == "" || kim.Identities["sms"] != "+14155550100" {
		t.Fatalf("%+v, %v", kim, err)
	}
	changed, err := c.UpdateContact(ctx, kim.ID, client.ContactChange{Identities: client.Identities{"whatsapp": ""}, Metadata: map[string]any{"shop": 7}, IfVersion: kim.Version})
	if err != nil || len(changed.Identities) != 1 || changed.Metadata["shop"] != 7.0 || changed.Name != "Kim" {
		t.Fatalf("%+v, %v", changed, err)
	}
	var refused *client.Error
	if _, err := c.ReplaceContact(ctx, kim.ID, client.ContactChange{IfVersion: kim.Version}); !errors.As(err, &refused) || refused.Code != "version_mismatch" {
		t.Errorf("a contact that was changed: %v", err)
	}
	ids := [3]string{"crm-1", "crm-2", "crm-3"}
	sum, err := c.ImportContacts(ctx, slices.Values([]client.ContactChange{
		{ExternalID: &ids[0], Tags: &tags, Identities: client.Identities{"sms": "+14155550101"}, OptOut: map[string]bool{"all": true}},
		{ExternalID: &ids[1], Tags: &tags, Identities: client.Identities{"sms": "nowhere"}},
		{ExternalID: &ids[2], Tags: &tags, Identities: client.Identities{"sms": "+14155550102"}},
	}))
	if err != nil || sum.Created != 2 || sum.Failed != 1 || sum.Errors[0].Line != 2 || sum.Errors[0].Code != "invalid_recipient" {
		t.Fatalf("%+v, %v", sum, err)
	}
	n := 0
	for contact, err := range c.Contacts(ctx, client.ContactFilter{Tag: "vip", PageSize: 1}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; contact.ExternalID == "crm-1" && !contact.OptOut["all"] {
			t.Errorf("%+v", contact)
		}
	}
	if n != 3 {
		t.Errorf("%d contacts", n)
	}
	distributes(t, c)
	if e, err := c.EraseContact(ctx, kim.ID); err != nil || e.ContactID != kim.ID || e.State == "" {
		t.Errorf("%+v, %v", e, err)
	}
	if e, err := c.Erasure(ctx, kim.ID); err != nil || e.RequestedAt.IsZero() {
		t.Errorf("%+v, %v", e, err)
	}
	for m, err := range c.Received(ctx) {
		t.Errorf("received %+v, %v", m, err)
	}
}

func distributes(t *testing.T, c *client.Client) {
	ctx := t.Context()
	at := time.Now().Add(time.Hour) // so no message is made meanwhile
	d := client.Distribution{
		Content: map[string]client.Content{"default": {Content: "Sale"}}, Audience: &client.Audience{Tags: []string{"vip"}},
		Routing: client.Routing{Mode: "fallback", Channels: []string{"sms"}}, ScheduledAt: &at, Reference: "sale",
	}
	if f, err := c.Estimate(ctx, d); err != nil || f.DistributionID != "" || f.Messages != 2 || f.OptedOut != 1 || f.Exact {
		t.Errorf("%+v, %v", f, err)
	}
	f, err := c.Distribute(ctx, d, "sale-1")
	if err != nil || f.Recipients != 3 || f.Estimate.Segments == 0 {
		t.Fatalf("%+v, %v", f, err)
	}
	if again, err := c.Distribute(ctx, d, "sale-1"); err != nil || again.DistributionID != f.DistributionID {
		t.Errorf("%+v, %v", again, err)
	}
	for _, step := range []struct {
		call func(string) (*client.DistributionStatus, error)
		want string
	}{
		{func(id string) (*client.DistributionStatus, error) { return c.PauseDistribution(ctx, id) }, "paused"},
		{func(id string) (*client.DistributionStatus, error) { return c.ResumeDistribution(ctx, id) }, "expanding"},
		{func(id string) (*client.DistributionStatus, error) { return c.CancelDistribution(ctx, id) }, "canceled"},
		{func(id string) (*client.DistributionStatus, error) { return c.Distribution(ctx, id) }, "canceled"},
	} {
		if s, err := step.call(f.DistributionID); err != nil || s.Status != step.want || s.Progress.Expected != 3 || s.Tags[0] != "vip" {
			t.Errorf("%+v, %v; want %s", s, err, step.want)
		}
	}
	n := 0
	for s, err := range c.Distributions(ctx) {
		if n++; err != nil || s.DistributionID != f.DistributionID {
			t.Errorf("%+v, %v", s, err)
		}
	}
	if n != 1 {
		t.Errorf("%d distributions", n)
	}
}

// The client's keys against the API itself.
func TestClientManagesKeys(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	manager := mustAdminister[createdKey](t, dir, "keys.create", newKey{Workspace: "demo", Scopes: []string{"keys:manage", "messages:read"}})
	c := &client.Client{URL: th.URL(), Key: manager.Key}
	ctx := t.Context()
	if w, err := c.Workspace(ctx); err != nil || w.Name != "demo" || w.Limits.BatchMessages != 1000 {
		t.Fatalf("%+v, %v", w, err)
	}
	made, err := c.CreateKey(ctx, client.KeyDraft{Name: "console", Scopes: []string{"messages:read"}})
	if err != nil || made.Secret == "" {
		t.Fatalf("%+v, %v", made, err)
	}
	most, none := 5, 0
	if k, err := c.UpdateKey(ctx, made.ID, client.KeyChange{PerMinute: &most}); err != nil || k.PerMinute != 5 {
		t.Errorf("%+v, %v", k, err)
	}
	if k, err := c.UpdateKey(ctx, made.ID, client.KeyChange{PerMinute: &none}); err != nil || k.PerMinute != 0 || k.Name != "console" {
		t.Errorf("%+v, %v", k, err)
	}
	next, err := c.RotateKey(ctx, made.ID, 0)
	if err != nil || next.ID == made.ID || next.Secret == "" {
		t.Fatalf("%+v, %v", next, err)
	}
	if old, err := c.GetKey(ctx, made.ID); err != nil || old.Successor != next.ID {
		t.Errorf("%+v, %v", old, err)
	}
	if k, err := c.RevokeKey(ctx, next.ID); err != nil || k.RevokedAt == nil {
		t.Errorf("%+v, %v", k, err)
	}
	n := 0
	for _, err := range c.Keys(ctx, 0) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 4 { // the demo's own, too
		t.Errorf("%d keys", n)
	}
}
