package access

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"messagehub/store/message"
)

const (
	// MaxPerMinute bounds a limit of one's own.
	MaxPerMinute = 1_000_000_000
	// MaxName bounds the name of a key, in bytes.
	MaxName = 128
	// MaxAllow bounds the allowlist of a key.
	MaxAllow = 100
)

// Name returns the id of a key as clients see it.
func Name(id message.ID) string { return string(message.AppendID(nil, message.PrefixKey, id)) }

// Shown returns what may be shown of a key: its prefix and the last four.
func Shown(k *message.Key) string {
	if k.Test {
		return message.KeyPrefixTest + "…" + k.Last4
	}
	return message.KeyPrefixLive + "…" + k.Last4
}

// ParseAllowed reads an entry of an allowlist: an address, or a network.
func ParseAllowed(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

// Fault is the error of something that no key can have.
type Fault struct {
	Param string
	// Rule says what it must be, in words that follow the parameter's name.
	Rule string
}

func (f *Fault) Error() string { return f.Param + " " + f.Rule }

// check returns a *Fault for a key that can't be.
func check(k *message.Key, now message.Time) error {
	switch {
	case len(k.Name) > MaxName || strings.ContainsFunc(k.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return &Fault{"name", fmt.Sprintf("must be at most %d bytes of plain text", MaxName)}
	case k.Scopes == 0:
		return &Fault{"scopes", "must name at least one scope"}
	case len(k.Allow) > MaxAllow:
		return &Fault{"allow", fmt.Sprintf("must have at most %d entries", MaxAllow)}
	case k.PerMinute < 0 || k.PerMinute > MaxPerMinute:
		return &Fault{"perMinute", fmt.Sprintf("must be 1 to %d", MaxPerMinute)}
	case k.ExpiresAt != 0 && k.ExpiresAt <= now:
		return &Fault{"expiresAt", "must lie ahead: the key would have expired already"}
	}
	return nil
}

// describe is a key as the audit log shows it.
func describe(k *message.Key) string {
	text := fmt.Sprintf("workspace=%d name=%q test=%t scopes=%s allow=%v perMinute=%d", k.Workspace, k.Name, k.Test,
		strings.Join(k.Scopes.Names(), ","), k.Allow, k.PerMinute)
	for _, at := range []struct {
		name string
		time message.Time
	}{{"expires", k.ExpiresAt}, {"revoked", k.RevokedAt}} {
		if at.time != 0 {
			text += " " + at.name + "=" + at.time.Std().Format(time.RFC3339)
		}
	}
	if !k.Successor.IsZero() {
		text += " successor=" + Name(k.Successor)
	}
	return text
}
