package channeltest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"messagehub/actors/channel"
	"messagehub/store/message"
)

func (c *Case) spec(t *testing.T) {
	s := &c.Spec
	if !regexp.MustCompile(`^[a-z]+$`).MatchString(s.Name) || s.Title == "" {
		t.Errorf("name %q, title %q", s.Name, s.Title)
	}
	if len(s.Contents) == 0 {
		t.Error("no contents")
	}
	if s.Best != message.Sent && s.Best != message.Delivered && s.Best != message.Read {
		t.Errorf("best status is %v", s.Best)
	}
	if s.New == nil || s.Simulator == nil || s.CheckRecipient == nil {
		t.Fatal("New, Simulator or CheckRecipient is nil")
	}
	if s.Pace.PerSecond < 0 || s.Pace.InFlight < 1 || s.Pace.Timeout <= 0 {
		t.Errorf("pace %+v", s.Pace)
	}
	if c.Stream == nil && s.Best != message.Sent && (s.SignatureHeader == "" || c.Sign == nil || len(c.Callbacks) == 0) {
		t.Error("a channel with receipts needs a SignatureHeader, and its case Sign and Callbacks")
	}
	t.Run("settings", c.settings)
}

func (c *Case) settings(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range c.Spec.Settings {
		if !regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`).MatchString(s.Name) || seen[s.Name] {
			t.Errorf("setting %q: bad name, or twice", s.Name)
		}
		seen[s.Name] = true
		if s.Help == "" {
			t.Errorf("setting %s has no help", s.Name)
		}
		if s.Secret && s.Default != "" {
			t.Errorf("secret setting %s has a default", s.Name)
		}
		if s.Secret && s.Sandbox != "" && len(s.Sandbox) < 8 {
			t.Errorf("secret setting %s: the sandbox's value is too short to be searched for", s.Name)
		}
	}
	if base := channel.Sandbox(c.Spec.Settings)["baseURL"]; base != "http://sandbox.invalid/"+c.Spec.Name {
		t.Errorf("the sandbox's baseURL is %q", base)
	}
	if _, err := channel.Complete(c.Spec.Settings, channel.Sandbox(c.Spec.Settings)); err != nil {
		t.Errorf("sandbox settings: %v", err)
	}
	c.required(t)
}

// required checks that each required setting is asked for by name.
func (c *Case) required(t *testing.T) {
	for _, s := range c.Spec.Settings {
		if !s.Required {
			continue
		}
		given := channel.Sandbox(c.Spec.Settings)
		delete(given, s.Name)
		if _, err := channel.Complete(c.Spec.Settings, given); err == nil || !strings.Contains(err.Error(), s.Name) {
			t.Errorf("without %s: %v", s.Name, err)
		}
	}
}

func (c *Case) recipients(t *testing.T) {
	accepted, refused := 0, 0
	for _, r := range c.Recipients {
		err := c.Spec.CheckRecipient(r.To)
		switch {
		case r.OK && err != nil:
			t.Errorf("%q: %v", r.To, err)
		case !r.OK && err == nil:
			t.Errorf("%q is taken", r.To)
		}
		if r.OK {
			accepted++
		} else {
			refused++
		}
	}
	if accepted == 0 || refused == 0 {
		t.Error("the table needs good and bad addresses")
	}
}

func (c *Case) contents(t *testing.T) {
	if c.Spec.CheckContent == nil {
		return
	}
	for _, row := range c.Contents {
		t.Run(row.Name, func(t *testing.T) {
			step := row.Step
			fault := c.Spec.CheckContent(&step)
			switch {
			case fault == nil && row.Param != "":
				t.Errorf("no fault, want one of %s", row.Param)
			case fault != nil && fault.Param != row.Param:
				t.Errorf("fault %+v, want one of %q", *fault, row.Param)
			case fault != nil && (!slices.Contains(faultCodes(), fault.Code) || fault.Message == ""):
				t.Errorf("fault %+v has no message or a code that the API does not document for contents", *fault)
			}
		})
	}
	for i := range c.Sends {
		if s := &c.Sends[i]; s.Refused == "" {
			if fault := c.Spec.CheckContent(&s.Step); fault != nil {
				t.Errorf("send %s: fault %+v", s.Name, *fault)
			}
		}
	}
}

// faultCodes are the API's codes that are about the content of a message.
func faultCodes() []string {
	return []string{
		"content_required", "content_too_long", "invalid_parameter", "missing_parameter", "template_required", "unsupported_content_type",
	}
}
