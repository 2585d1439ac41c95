package main

import (
	"messagehub/actors"
	"messagehub/actors/channel"
	"messagehub/cmd/messagehub/config"
	"messagehub/store/message"
)

// makeDelivery makes the lanes.
func (h *Hub) makeDelivery() error {
	senders, err := h.senders(h.config.Senders)
	if err != nil {
		return err
	}
	for _, s := range senders {
		if s.Paused {
			h.log.Warn("sender is paused", "channel", message.Lane{Channel: s.Channel, Test: s.Test}.String(), "sender", s.Name)
		}
	}
	d := h.config.Delivery
	h.makeMetrics()
	h.inbox = newInbox(h.store, h.config.Inbound, h.log.Logger)
	h.system, err = actors.New(actors.Options{
		Specs: h.specs, Senders: senders, Log: h.store, Backlog: h.store, Reports: h.store,
		Inbox: h.inbox, Shards: h.store.Shards(),
		Mailbox: d.Mailbox, Window: d.Window, Drain: d.Drain, Overlap: d.FormerSecrets, Listener: h.deliveryListener(),
	})
	return err
}

// senders makes the senders of all lanes: live ones of the configuration's,
// test ones of the sandbox's. What an operator has paused starts paused.
func (h *Hub) senders(configured []config.Sender) ([]actors.Sender, error) {
	senders, err := h.liveSenders(configured)
	if err != nil {
		return nil, err
	}
	if h.sandbox != nil {
		tests, err := h.sandbox.senders(configured)
		if err != nil {
			return nil, err
		}
		senders = append(senders, tests...)
	}
	paused, err := h.pauses.all()
	if err != nil {
		return nil, err
	}
	for i := range senders {
		s := &senders[i]
		lane := message.Lane{Channel: s.Channel, Test: s.Test}
		s.Vault, s.Paused = h.vault.of(lane, s.Name), paused[pauseName(lane, s.Name)]
	}
	return senders, nil
}

func (h *Hub) liveSenders(configured []config.Sender) ([]actors.Sender, error) {
	var senders []actors.Sender
	for _, s := range configured {
		spec, ok := specNamed(h.specs, s.Channel)
		if !ok {
			return nil, fail(exitConfig, "", "sender %s: there is no channel %s", s.Name, s.Channel)
		}
		sender := channel.Sender{Name: s.Name, Settings: s.Settings}
		if h.config.PublicURL != "" {
			sender.CallbackURL = callbackURL(h.config.PublicURL, s.Channel, s.Name)
		}
		former, err := h.former.of(s, now())
		if err != nil {
			return nil, err
		}
		senders = append(senders, actors.Sender{
			Channel: s.Channel, Sender: sender, Pace: paceOf(&spec, s.Settings), Share: actors.Share(s.Share), Former: former,
		})
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
