package main

import (
	"errors"
	"slices"

	"messagehub/cmd/messagehub/config"
	"messagehub/relay"
	"messagehub/store/message"
)

// reload reads the configuration again. It is checked whole before anything
// of it counts: a file with a fault changes nothing.
func (h *Hub) reload(load func() (*config.Config, error)) {
	c, err := load()
	if err != nil {
		h.refuseReload(err)
		return
	}
	workspaces, err := h.store.Workspaces()
	if err != nil {
		h.refuseReload(err)
		return
	}
	if err := h.setSenders(c.Senders); err != nil {
		h.refuseReload(err)
		return
	}
	h.tiers.set(c.Tiers)
	for _, w := range workspaces {
		h.keys.PutWorkspace(h.tiers.apply(w))
	}
	h.setLimits(c.Limits)
	h.log.adjust(c.Log)
	if rest := needRestart(h.config, c); len(rest) > 0 {
		h.log.Warn("changed, but in force only after a restart", "keys", rest)
	}
	h.auditReload(message.AuditEntry{Action: "config.reload"})
	h.log.Info("configuration reloaded", "configuration", describe(c))
}

// setSenders puts other senders to work. The front door stops taking "from"
// for those that go before they go, and begins to for those that come after
// they have come.
func (h *Hub) setSenders(to []config.Sender) error {
	senders, err := h.senders(to)
	if err != nil {
		return err
	}
	was := h.working
	if err := h.former.note(was, to, h.config.PublicURL, now()); err != nil {
		return err
	}
	h.admitSenders(meanwhile(h.channels(was), h.channels(to)))
	if err := h.system.Reload(senders); err != nil {
		h.admitSenders(h.channels(was))
		return err
	}
	h.working = to
	h.admitSenders(h.channels(to))
	return nil
}

// meanwhile is what the front door knows while senders change: a channel with
// senders before and after always has one, under the names that stay.
func meanwhile(was, to []relay.Channel) []relay.Channel {
	for i := range to {
		a, b := &was[i], &to[i]
		b.Configured = a.Configured && b.Configured
		b.Senders, b.TestSenders = common(a.Senders, b.Senders), common(a.TestSenders, b.TestSenders)
	}
	return to
}

func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(name string) bool { return !slices.Contains(b, name) })
}

func (h *Hub) admitSenders(channels []relay.Channel) {
	h.api.SetSenders(channels)
	if h.loopback != nil {
		h.loopback.SetSenders(channels)
	}
}

func (h *Hub) setLimits(l config.Limits) {
	for _, server := range []*relay.Server{h.api, h.loopback} {
		if server == nil {
			continue
		}
		if err := server.SetLimits(h.limits(l)); err != nil {
			h.log.Error("limits not changed", "error", err) // the loader knows the same bounds
		}
	}
}

// refuseReload tells where the file is wrong.
func (h *Hub) refuseReload(err error) {
	var faults *config.Faults
	where := err.Error()
	if errors.As(err, &faults) {
		where = faults.First()
	}
	h.log.Error("configuration not reloaded, nothing has changed", "fault", where)
	h.auditReload(message.AuditEntry{Action: "config.reload_refused", Object: where})
}

func (h *Hub) auditReload(e message.AuditEntry) {
	e.At, e.Actor = now(), "signal SIGHUP"
	h.store.AuditLater(e)
}

// needRestart names what differs and can't change while the process runs.
func needRestart(old, new *config.Config) []string {
	var keys []string
	for _, k := range []struct {
		name string
		same bool
	}{
		{"listen", old.Listen == new.Listen},
		{"ops", old.Ops == new.Ops},
		{"publicURL", old.PublicURL == new.PublicURL},
		{"trustedProxies", slices.Equal(old.TrustedProxies, new.TrustedProxies)},
		{"proxyProtocol", old.ProxyProtocol == new.ProxyProtocol},
		{"data", old.Data == new.Data},
		{"sandbox", old.Sandbox == new.Sandbox},
		{"vaultKeyFile", old.VaultKeyFile == new.VaultKeyFile},
		{"log.format", old.Log.JSON == new.Log.JSON},
		{"store", old.Store == new.Store},
		{"delivery", old.Delivery == new.Delivery},
		{"inbound", old.Inbound.Workspace == new.Inbound.Workspace && slices.Equal(old.Inbound.Keywords, new.Inbound.Keywords)},
		{"webhooks", sameWebhooks(&old.Webhooks, &new.Webhooks)},
	} {
		if !k.same {
			keys = append(keys, k.name)
		}
	}
	return keys
}

func sameWebhooks(a, b *config.Webhooks) bool {
	return slices.Equal(a.Allow, b.Allow) && a.HTTP == b.HTTP && a.Timeout == b.Timeout && a.DisableAfter == b.DisableAfter
}
