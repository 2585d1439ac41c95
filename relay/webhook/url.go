package webhook

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const (
	maxURL      = 2048
	maxHostName = 253
)

// CheckURL returns what is wrong with the URL of an endpoint, in words that
// follow "url"; nil if nothing is. Names are not resolved: the guard decides
// about addresses when it comes to a connection.
func (r *Rules) CheckURL(text string) error {
	if len(text) > maxURL || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' || c == '\\' }) {
		return errors.New("must have at most 2,048 characters, all of them ASCII, without spaces and backslashes; write other letters of a name in Punycode, and of a path with %")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "" || u.Host == "":
		return errors.New("must be a whole URL, such as https://example.com/webhooks")
	case u.Scheme == "http" && !r.HTTP:
		return errors.New("must begin with https://")
	case u.Scheme != "https" && u.Scheme != "http":
		return errors.New("must begin with https://")
	case u.User != nil || strings.Contains(u.Host, "@"):
		return errors.New("must not hold a user or a password; the signature says who it comes from")
	case u.Fragment != "" || strings.Contains(text, "#"):
		return errors.New("must not have a fragment: it would not be sent")
	}
	if err := checkPort(u); err != nil {
		return err
	}
	return r.checkHost(u.Hostname())
}

// checkPort keeps clients from speaking to what listens on well-known ports.
func checkPort(u *url.URL) error {
	text := u.Port()
	if text == "" && !strings.HasSuffix(u.Host, ":") {
		return nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || (port < 1024 && port != 80 && port != 443) {
		return errors.New("must have no port, or 80, 443 or one from 1024 to 65535")
	}
	return nil
}

func (r *Rules) checkHost(host string) error {
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" || r.Guard.Check(addr) != nil {
			return errors.New("must not lead to a private, loopback, link-local or otherwise special address")
		}
		return nil
	}
	name := strings.TrimSuffix(host, ".")
	last := name[strings.LastIndexByte(name, '.')+1:]
	// Some resolvers read 2130706433, 127.1 and 0x7f.1 as addresses.
	if number := strings.Trim(last, "0123456789") == "" || strings.HasPrefix(strings.ToLower(last), "0x"); number || len(name) > maxHostName {
		return errors.New("must name a host, such as example.com, or an address written out in full")
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return errors.New("must name a host, such as example.com")
		}
	}
	return nil
}
