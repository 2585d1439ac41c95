package config

import (
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// value makes a read of one scalar; parse says what is wrong with it, in
// words that follow "must be".
func value[T any](r *reader, into *T, parse func(string) (T, string)) read {
	return func(path string, n ast.Node) {
		text, ok := r.scalar(path, n)
		if !ok {
			return
		}
		v, must := parse(text)
		if must != "" {
			r.fault(n, path, "must be "+must, "")
			return
		}
		*into = v
	}
}

func (r *reader) text(into *string) read {
	return value(r, into, func(s string) (string, string) {
		if s == "" {
			return "", "text"
		}
		return s, ""
	})
}

func (r *reader) flag(into *bool) read {
	return value(r, into, func(s string) (bool, string) {
		if s != "true" && s != "false" {
			return false, "true or false"
		}
		return s == "true", ""
	})
}

func whole[T int | int64](r *reader, into *T, least, most T) read {
	return value(r, into, func(s string) (T, string) {
		n, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
		if err != nil || T(n) < least || T(n) > most {
			return 0, fmt.Sprintf("a whole number from %d to %d", least, most)
		}
		return T(n), ""
	})
}

// duration accepts days beside what Go does: "30d", "90s", "1h30m".
func (r *reader) duration(into *time.Duration, least, most time.Duration) read {
	return value(r, into, func(s string) (time.Duration, string) {
		d, err := time.ParseDuration(s)
		if days, ok := strings.CutSuffix(s, "d"); ok {
			var n int64
			if n, err = strconv.ParseInt(days, 10, 32); err == nil {
				d = time.Duration(n) * 24 * time.Hour
			}
		}
		if err != nil || d < least || d > most {
			return 0, fmt.Sprintf("a duration such as 30s, 5m, 12h or 30d, from %s to %s", short(least), short(most))
		}
		return d, ""
	})
}

// short writes a duration without zero parts.
func short(d time.Duration) string {
	if d >= 24*time.Hour && d%(24*time.Hour) == 0 {
		return strconv.FormatInt(int64(d/(24*time.Hour)), 10) + "d"
	}
	s := d.String()
	s = strings.TrimSuffix(s, "m0s") + strings.Repeat("m", strings.Count(s, "m0s"))
	return strings.TrimSuffix(s, "h0m") + strings.Repeat("h", strings.Count(s, "h0m"))
}

func (r *reader) size(into *int64, least, most int64) read {
	return value(r, into, func(s string) (int64, string) {
		n, ok := parseSize(s)
		if !ok || n < least || n > most {
			return 0, fmt.Sprintf("a size such as 512KiB, 64MiB or 2GiB, from %s to %s", sizeText(least), sizeText(most))
		}
		return n, ""
	})
}

// sizeUnits are the units that a size may have; 2GB or 2G is ambiguous.
func sizeUnits() []string { return []string{"", "KiB", "MiB", "GiB", "TiB"} }

func parseSize(s string) (int64, bool) {
	for i, unit := range sizeUnits() {
		digits, ok := strings.CutSuffix(s, unit)
		if n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64); ok && err == nil {
			return n << (10 * i), n >= 0 && n <= math.MaxInt64>>(10*i)
		}
	}
	return 0, false
}

func sizeText(n int64) string {
	i := 0
	for n >= 1024 && n%1024 == 0 && i < len(sizeUnits())-1 {
		n, i = n/1024, i+1
	}
	return strconv.FormatInt(n, 10) + sizeUnits()[i]
}

func (r *reader) listen(into *string) read {
	return value(r, into, func(s string) (string, string) {
		_, port, err := net.SplitHostPort(s)
		if err != nil {
			return "", `an address such as ":8080" or "127.0.0.1:8080"`
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", fmt.Sprintf("an address with a port from 0 to %d", math.MaxUint16)
		}
		return s, ""
	})
}

func (r *reader) url(into *string) read {
	take := value(r, into, func(s string) (string, string) {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "https" && u.Scheme != "http") {
			return "", "an http(s) URL without user, query and fragment, such as https://messages.example.com"
		}
		return strings.TrimRight(s, "/"), ""
	})
	return func(path string, n ast.Node) {
		if s, ok := n.(*ast.StringNode); ok && strings.Contains(s.Value, "@") {
			r.hide(n) // a password
		}
		take(path, n)
	}
}

func (r *reader) prefix(into *netip.Prefix) read {
	return value(r, into, func(s string) (netip.Prefix, string) {
		if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
			a = a.Unmap()
			return netip.PrefixFrom(a, a.BitLen()), ""
		}
		p, err := netip.ParsePrefix(s)
		if err != nil || p.Addr().Is4In6() {
			return netip.Prefix{}, "an address or a network such as 10.0.0.0/8 or 2001:db8::/32"
		}
		return p.Masked(), ""
	})
}

func (r *reader) level(into *slog.Level) read {
	return value(r, into, func(s string) (slog.Level, string) {
		level, ok := map[string]slog.Level{
			"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
		}[s]
		if !ok {
			return 0, "debug, info, warn or error"
		}
		return level, ""
	})
}
