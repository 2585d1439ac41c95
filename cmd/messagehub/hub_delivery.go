package main

import (
	"errors"

	"messagehub/actors"
	"messagehub/actors/channel"
	"messagehub/store/message"
)

// makeDelivery makes the lanes: live ones of the configuration's senders, test
// ones of the sandbox's.
func (h *Hub) makeDelivery() error {
	senders, err := h.liveSenders()
	if err != nil {
		return err
	}
	if h.sandbox != nil {
		senders = append(senders, h.sandbox.senders...)
	}
	for i := range senders {
		s := &senders[i]
		s.Vault = h.vault.of(message.Lane{Channel: s.Channel, Test: s.Test}, s.Name)
	}
	d := h.config.Delivery
	h.makeMetrics()
	h.system, err = actors.New(actors.Options{
		Specs: h.specs, Senders: senders, Log: h.store, Backlog: h.store, Reports: h.store, Inbox: newInbox(h.store, h.config.Inbound, h.log.Logger), Shards: h.store.Shards(),
		Mailbox: d.Mailbox, Window: d.Window, Drain: d.Drain, Listener: h.deliveryListener(),
	})
	if err != nil {
		return err
	}
	return h.pauseSenders()
}

// pauseSenders pauses what an operator has paused before a restart.
func (h *Hub) pauseSenders() error {
	paused, err := pauses{h.vault}.all()
	if err != nil {
		return err
	}
	for _, s := range h.system.Senders() {
		if paused[pauseName(s.Lane, s.Name)] {
			h.log.Warn("sender is paused", "channel", s.Lane.String(), "sender", s.Name)
			err = errors.Join(err, h.system.Pause(s.Lane, s.Name, true))
		}
	}
	return err
}

func (h *Hub) liveSenders() ([]actors.Sender, error) {
	var senders []actors.Sender
	for _, s := range h.config.Senders {
		spec, ok := specNamed(h.specs, s.Channel)
		if !ok {
			return nil, fail(exitConfig, "", "sender %s: there is no channel %s", s.Name, s.Channel)
		}
		sender := channel.Sender{Name: s.Name, Settings: s.Settings}
		if h.config.PublicURL != "" {
			sender.CallbackURL = callbackURL(h.config.PublicURL, s.Channel, s.Name)
		}
		senders = append(senders, actors.Sender{Channel: s.Channel, Sender: sender, Pace: paceOf(&spec, s.Settings)})
	}
	return senders, nil
}

func specNamed(specs []channel.Spec, name string) (channel.Spec, bool) {
	for _, spec := range specs {
		if spec.Name == name {
			return spec, true
		}
	}
	return channel.Spec{}, false
}

// unbound stands for "no bound": delivery takes 0 for the channel's own pace.
const unbound = 1_000_000

// paceOf is the channel's pace as a sender's settings change it.
func paceOf(spec *channel.Spec, v channel.Values) channel.Pace {
	p := spec.Pace.With(v)
	if p.PerSecond == 0 {
		p.PerSecond, p.Burst = unbound, unbound
	}
	return p
}
