package main

import (
	"errors"
	"maps"
	"slices"

	"messagehub/actors/channel"
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
	h.tiers.set(c.Tiers)
	for _, w := range workspaces {
		h.keys.PutWorkspace(h.tiers.apply(w))
	}
	h.setLimits(c.Limits)
	h.setPaces(c.Senders)
	h.log.adjust(c.Log)
	if rest := needRestart(h.config, c); len(rest) > 0 {
		h.log.Warn("changed, but in force only after a restart", "keys", rest)
	}
	h.auditReload(message.AuditEntry{Action: "config.reload"})
	h.log.Info("configuration reloaded")
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

func (h *Hub) setPaces(senders []config.Sender) {
	for _, s := range senders {
		if spec, ok := specNamed(h.specs, s.Channel); ok {
			h.system.SetPace(message.Lane{Channel: s.Channel}, s.Name, paceOf(&spec, s.Settings))
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
		{"log.format", old.Log.JSON == new.Log.JSON},
		{"store", old.Store == new.Store},
		{"delivery", old.Delivery == new.Delivery},
		{"webhooks", sameWebhooks(&old.Webhooks, &new.Webhooks)},
		{"senders", slices.EqualFunc(old.Senders, new.Senders, func(a, b config.Sender) bool {
			return a.Channel == b.Channel && a.Name == b.Name && maps.Equal(unpaced(a.Settings), unpaced(b.Settings))
		})},
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

// unpaced is a sender's settings without those that setPaces puts in force.
func unpaced(v channel.Values) channel.Values {
	rest := maps.Clone(v)
	for _, s := range channel.PaceSettings(channel.Pace{}) {
		if s.Kind != channel.KindDuration {
			delete(rest, s.Name)
		}
	}
	return rest
}
