package main

import (
	"messagehub/actors/channel"
	"messagehub/actors/channel/sim"
	"messagehub/cmd/messagehub/config"
	"messagehub/relay"
	"messagehub/store"
	"messagehub/store/message"
)

// makeAPI opens the API's listener and makes its server, and a second one for
// the sandbox.
func (h *Hub) makeAPI() (err error) {
	if h.listener, err = listen("listen", h.config.Listen); err != nil {
		return err
	}
	if h.api, err = relay.New(h.apiOptions()); err != nil || h.sandbox == nil {
		return err
	}
	h.loopback, err = relay.New(h.loopbackOptions())
	return err
}

func (h *Hub) apiOptions() relay.Options {
	c := h.config
	o := relay.Options{
		Log: h.store, Messages: h.store, Folder: h.store, Replays: h.store, Backlog: h.store,
		Batches: h.store, BatchLog: h.store, Events: h.store, Webhooks: h.webhooks,
		ContactBook: h.store, ContactLog: h.store, Imports: h.store, Erasures: h.store, Inbounds: h.store,
		Distributions: &relay.Distributions{Log: h.store, Book: h.store, Census: h.store, OptOuts: h.store, Changed: h.expander.Changed},
		Keys:          h.keys, Access: h.access, Workspaces: h.store, Audit: auditor{h.store}, Usage: h.usage, Channels: h.channels(c.Senders), Reserved: sim.ReservedNames(),
		Limits: h.limits(c.Limits), Logger: h.log.Logger, Now: now, PublicURL: c.PublicURL,
		Receipts: h.system, Reports: h.store, Failures: failures(), Received: h.metrics.ObserveReceipts,
		TrustedProxies: c.TrustedProxies, ProxyProtocol: c.ProxyProtocol, Answered: h.metrics.ObserveAnswer,
	}
	if h.acceptOnly {
		o.Backlog = nil
	}
	if h.sandbox != nil {
		o.Sandbox = sandboxUsers{h.sandbox, h.inbox}
	}
	return o
}

// loopbackOptions are those of the API as the simulators see it: at an address
// of its own, which Twilio's signature covers, and without a proxy before it.
func (h *Hub) loopbackOptions() relay.Options {
	o := h.apiOptions()
	o.PublicURL, o.TrustedProxies, o.ProxyProtocol = sandboxURL, nil, false
	return o
}

// auditor leaves refused requests to be written soon: strangers cause them,
// and must not be able to make the front door wait.
type auditor struct{ store *store.Store }

// Audit implements [relay.Audit].
func (a auditor) Audit(e message.AuditEntry) error {
	a.store.AuditLater(e)
	return nil
}

// channels tells the front door what it must know of each channel.
func (h *Hub) channels(senders []config.Sender) []relay.Channel {
	var out []relay.Channel
	for i := range h.specs {
		spec := &h.specs[i]
		c := relay.Channel{
			Name: spec.Name, Contents: spec.Contents, Best: spec.Best, Phone: spec.Phone, Idempotent: spec.Idempotent,
			CheckRecipient: spec.CheckRecipient, CheckContent: contentCheck(spec), Segments: counter(spec, senders),
		}
		for _, s := range senders {
			if s.Channel == spec.Name {
				c.Senders, c.Configured = append(c.Senders, s.Name), true
			}
		}
		if h.sandbox != nil {
			for _, twin := range sandboxTwins(spec.Name, senders) {
				c.TestSenders = append(c.TestSenders, twin.Name)
			}
		}
		out = append(out, c)
	}
	return out
}

// counter counts what a text costs at a sender of a channel; nil where the
// channel does not count.
func counter(spec *channel.Spec, senders []config.Sender) func(from string, test bool, text string) (int, string) {
	if spec.Segments == nil {
		return nil
	}
	live := map[string]func(string) (int, string){}
	for _, s := range senders {
		if s.Channel != spec.Name {
			continue
		}
		live[s.Name] = spec.Segments(s.Settings)
		if live[""] == nil { // the first takes some of those that name none
			live[""] = live[s.Name]
		}
	}
	sandbox := spec.Segments(channel.Sandbox(spec.Settings))
	return func(from string, test bool, text string) (int, string) {
		if count := live[from]; count != nil && !test {
			return count(text)
		}
		return sandbox(text)
	}
}

func contentCheck(spec *channel.Spec) func(*message.Step) *relay.Fault {
	if spec.CheckContent == nil {
		return nil
	}
	return func(step *message.Step) *relay.Fault {
		f := spec.CheckContent(step)
		if f == nil {
			return nil
		}
		return &relay.Fault{Param: f.Param, Code: relay.Code(f.Code), Message: f.Message}
	}
}
