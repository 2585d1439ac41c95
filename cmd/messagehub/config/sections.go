package config

import (
	"net/netip"
	"time"

	"github.com/goccy/go-yaml/ast"

	"messagehub/store/message"
)

const year = 365 * 24 * time.Hour

// root reads the whole file: the table of what it may hold.
func (r *reader) root(n ast.Node) {
	c := r.config
	r.section("", n, section{
		"listen":         r.listen(&c.Listen),
		"ops":            r.or("off", func() { c.Ops = "" }, r.listen(&c.Ops)),
		"publicURL":      r.url(&c.PublicURL),
		"trustedProxies": r.networks(&c.TrustedProxies),
		"proxyProtocol":  r.flag(&c.ProxyProtocol),
		"data":           r.text(&c.Data),
		"sandbox":        r.flag(&c.Sandbox),
		"log":            r.log,
		"store":          r.store,
		"delivery":       r.delivery,
		"webhooks":       r.webhooks,
		"limits":         r.limits,
		"tiers":          r.tiers,
		"vaultKeyFile":   r.text(&c.VaultKeyFile),
		"inbound":        r.inbound,
		"senders":        r.senders,
	})
	if len(r.faults.List) > 0 {
		return
	}
	if c.Data == "" {
		r.faultAt(nil, "data", "is missing", "name the directory that holds the messages, such as data: /var/lib/messagehub")
	}
	if c.ProxyProtocol && len(c.TrustedProxies) == 0 {
		r.faultAt(nil, "proxyProtocol", "needs trustedProxies: anybody could claim any address", "list the load balancers' networks, such as trustedProxies: [10.0.0.0/8]")
	}
}

func (r *reader) networks(into *[]netip.Prefix) read {
	return func(path string, n ast.Node) {
		for i, entry := range r.items(path, n) {
			var p netip.Prefix
			r.prefix(&p)(item(path, i), entry)
			if p.IsValid() {
				*into = append(*into, p)
			}
		}
	}
}

func (r *reader) log(path string, n ast.Node) {
	l := &r.config.Log
	r.section(path, n, section{
		"level":    r.level(&l.Level),
		"attempts": r.flag(&l.Attempts),
		"format": value(r, &l.JSON, func(s string) (bool, string) {
			if s != "text" && s != "json" {
				return false, "text or json"
			}
			return s == "json", ""
		}),
	})
}

func (r *reader) inbound(path string, n ast.Node) {
	in := &r.config.Inbound
	r.section(path, n, section{
		"workspace": r.text(&in.Workspace),
		"keywords": r.or("off", func() { in.Keywords = nil }, func(path string, n ast.Node) {
			in.Keywords = nil
			for i, entry := range r.items(path, n) {
				r.channelName(&in.Keywords)(item(path, i), entry)
			}
		}),
	})
}

// channelName reads the name of a channel that there is.
func (r *reader) channelName(into *[]string) read {
	return func(path string, n ast.Node) {
		var name string
		r.text(&name)(path, n)
		for _, spec := range r.loader.Specs {
			if spec.Name == name {
				*into = append(*into, name)
				return
			}
		}
		if name != "" {
			r.fault(n, path, "names no channel", "name one of the channels, such as sms")
		}
	}
}

func (r *reader) store(path string, n ast.Node) {
	s := &r.config.Store
	s.Unsettled = sameAsRetention
	r.section(path, n, section{
		"retention": r.or("forever", func() { s.Retention = 0 }, r.duration(&s.Retention, 24*time.Hour, 10*year)),
		"unsettled": r.or("forever", func() { s.Unsettled = 0 }, r.duration(&s.Unsettled, 24*time.Hour, 10*year)),
		"lowWater":  r.or("off", func() { s.LowWater = -1 }, r.size(&s.LowWater, 1<<20, 1<<40)),
		"cache":     r.size(&s.Cache, 1<<20, 1<<40),
	})
	switch {
	case s.Unsettled == sameAsRetention:
		s.Unsettled = s.Retention
	case s.Unsettled != 0 && s.Unsettled < s.Retention:
		r.fault(n, join(path, "unsettled"), "is less than retention", "what is not over is kept at least as long as what is")
	}
}

// sameAsRetention stands for store.unsettled where it is not given.
const sameAsRetention = -1

// or is a read that also knows a word.
func (r *reader) or(word string, take func(), other read) read {
	return func(path string, n ast.Node) {
		if s, ok := n.(*ast.StringNode); ok && s.Value == word {
			take()
			return
		}
		other(path, n)
	}
}

func (r *reader) delivery(path string, n ast.Node) {
	d := &r.config.Delivery
	r.section(path, n, section{
		"shards":  whole(r, &d.Shards, 1, 256),
		"mailbox": whole(r, &d.Mailbox, 16, 1<<20),
		"window":  whole(r, &d.Window, 16, 1<<20),
		"drain":   r.duration(&d.Drain, time.Second, time.Minute),

		"formerSecrets": r.duration(&d.FormerSecrets, time.Minute, 30*24*time.Hour),
	})
}

func (r *reader) webhooks(path string, n ast.Node) {
	w := &r.config.Webhooks
	r.section(path, n, section{
		"allow":        r.networks(&w.Allow),
		"http":         r.flag(&w.HTTP),
		"timeout":      r.duration(&w.Timeout, time.Second, time.Minute),
		"disableAfter": r.duration(&w.DisableAfter, time.Hour, year),
	})
}

func (r *reader) limits(path string, n ast.Node) {
	l := &r.config.Limits
	r.section(path, n, section{
		"backlog":           whole(r, &l.Backlog, 1, 1<<40),
		"body":              r.size(&l.Body, 4<<10, 16<<20),
		"connections":       whole(r, &l.Connections, 16, 1<<20),
		"inFlight":          whole(r, &l.InFlight, 16, 1<<20),
		"read":              r.duration(&l.Read, time.Second, 5*time.Minute),
		"write":             r.duration(&l.Write, time.Second, 5*time.Minute),
		"idle":              r.duration(&l.Idle, time.Second, time.Hour),
		"failuresPerMinute": whole(r, &l.FailuresPerMinute, 1, 1<<20),
	})
}

// maxTier bounds a tier: far more than one machine answers.
const maxTier = 1_000_000_000

func defaultTiers() map[string]int {
	return map[string]int{"free": message.TierFree, "pro": message.TierPro, "enterprise": message.TierEnterprise}
}

func (r *reader) tiers(path string, n ast.Node) {
	for _, pair := range r.pairs(path, n) {
		name := pair.Key.GetToken().Value
		at := join(path, printable(name))
		if !plainName(name) {
			r.faultAt(pair.Key.GetToken(), at, mustBeName, "")
			continue
		}
		perMinute := 0
		whole(r, &perMinute, 1, maxTier)(at, pair.Value)
		r.config.Tiers[name] = perMinute
	}
}

const mustBeName = "must be a name of 1 to 64 letters, digits, dashes, dots and underscores"

// plainName reports whether a name can be part of an address or a log line.
func plainName(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 64 && s != "." && s != ".."
}
