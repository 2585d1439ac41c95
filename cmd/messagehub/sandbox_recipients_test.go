package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"messagehub/actors/channel"
	"messagehub/actors/channel/all"
	"messagehub/actors/channel/sim"
	"messagehub/store/message"
)

// sandboxContents are the members that make a message of each type.
func sandboxContents(channel string, kind message.ContentType) string {
	template := `"contentType": "template", "templateId": "order_shipped", "templateParams": {"1": "A-17"}`
	switch {
	case kind == message.Text:
		return `"content": "Hello"`
	case kind == message.Media:
		return `"contentType": "media", "mediaUrl": "https://example.com/photo.jpg", "mediaType": "image"`
	case kind == message.BrandMessage:
		return `"contentType": "brandmessage", "content": "Hello"`
	case channel == "sms":
		return strings.Replace(template, "order_shipped", "HXb5b62575e6e4ff6129ad7c8efe1f983e", 1)
	}
	return template
}

// endOf says how a message to a reserved recipient ends on a channel, and with
// which code its attempt.
func endOf(spec *channel.Spec, kind message.ContentType, name string) (status message.Status, code string) {
	best := func(s message.Status) message.Status {
		if spec.Best.Reaches(s) {
			return s
		}
		return spec.Best
	}
	if spec.Name == "kakao" && kind == message.Template && name == "timeout" { // AlimTalk is looked up
		return message.Sent, ""
	}
	switch spec.Name + " " + name {
	case "line opted_out": // LINE takes what is for who has blocked the account
		return message.Sent, ""
	case "line timeout": // repeated under its retry key, LINE says that it has it
		return message.Sent, ""
	case "zalo failed": // Zalo reports no failures
		return message.Sent, ""
	case "zalo provider_500": // Zalo's documentation does not say that nothing was sent
		return message.Failed, "outcome_unknown"
	}
	switch name {
	case "read", "out_of_order":
		return best(message.Read), ""
	case "sent_only", "no_receipt":
		return message.Sent, ""
	case "failed":
		if spec.Best == message.Sent { // nothing could tell
			return message.Sent, ""
		}
		return message.Failed, "*"
	case "not_on_channel":
		return message.Failed, "not_on_channel"
	case "opted_out":
		return message.Failed, "*"
	case "provider_500":
		return message.Failed, "provider_error"
	case "timeout":
		return message.Failed, "outcome_unknown"
	}
	return best(message.Delivered), ""
}

// sandboxCase is one message of the table.
type sandboxCase struct {
	spec *channel.Spec
	kind message.ContentType
	name string
	id   string
}

func (c *sandboxCase) String() string { return c.spec.Name + " " + c.kind.String() + " sim:" + c.name }

// Every reserved recipient does on every channel, with every content type, what
// the page sandbox says. Nothing is waited for: the sandbox's clock is moved
// past retries and holds.
func TestReservedRecipientsOnEveryChannel(t *testing.T) {
	dir := t.TempDir()
	th := startHub(t, dir, nil)
	specs := all.Specs()
	// Failures of a provider open its sender's breaker, in real time: they come
	// one after the other, with successes between them.
	waves := make([][]*sandboxCase, 1+3) // no channel has more than three content types
	n := 0
	for i := range specs {
		for k, kind := range specs[i].Contents {
			for _, name := range sim.ReservedNames() {
				wave := 0
				if name == "provider_500" {
					wave = 1 + k
				}
				waves[wave] = append(waves[wave], &sandboxCase{spec: &specs[i], kind: kind, name: name})
				n++
			}
		}
	}
	if n < 18*len(sim.ReservedNames()) {
		t.Errorf("only %d cases", n)
	}
	for i, wave := range waves {
		for _, c := range wave {
			c.id = th.send(c.body())
		}
		th.untilAllEnd(dir, wave, i > 0)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := th.sandbox.world.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	for _, c := range slices.Concat(waves...) { // and there it stays
		if m := th.look(c.id); !c.ended(&m) {
			t.Errorf("%s: %s, %s", c, m.Status, m.path())
		}
	}
}

func (c *sandboxCase) body() string {
	to := "sim:" + c.name
	if c.name == "slow" {
		to += ":0.2"
	}
	return fmt.Sprintf(`{"to": %q, "channel": %q, %s}`, to, c.spec.Name, sandboxContents(c.spec.Name, c.kind))
}

func (c *sandboxCase) ended(m *gotMessage) bool {
	status, code := endOf(c.spec, c.kind, c.name)
	last := m.Attempts[len(m.Attempts)-1]
	switch {
	case m.Status != status.String():
		return false
	case code == "":
		return last.Error == nil
	}
	return last.Error != nil && (code == "*" || last.Error.Code == code)
}

// untilAllEnd waits until every message has come to its end. relieve sends
// another one beside each that does not.
func (th *testHub) untilAllEnd(dir string, cases []*sandboxCase, relieve bool) {
	th.t.Helper()
	for deadline := time.Now().Add(patience); len(cases) > 0; {
		var waiting []*sandboxCase
		var texts []string
		for _, c := range cases {
			if m := th.look(c.id); !c.ended(&m) {
				waiting, texts = append(waiting, c), append(texts, fmt.Sprintf("%s: %s, %s", c, m.Status, m.path()))
			}
		}
		if cases = waiting; time.Now().After(deadline) {
			th.t.Fatalf("no end:\n%s", strings.Join(texts, "\n"))
		}
		for _, c := range cases {
			if relieve {
				good := sandboxCase{spec: c.spec, kind: c.kind, name: "sent_only"}
				th.await(th.send(good.body()), "message.sent")
			}
		}
		mustAdminister[advanced](th.t, dir, "sandbox.advance", advance{By: time.Minute})
	}
}
