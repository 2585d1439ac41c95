package channel

import (
	"net"
	"strings"
)

// place is a host as a URL names it. It borrows the URL's text.
type place struct {
	secure bool
	name   string // with port, where the URL has one
}

func (p place) clone() place { return place{p.secure, strings.Clone(p.name)} }

func (p place) scheme() string {
	if p.secure {
		return "https"
	}
	return "http"
}

// address is what to connect to: host and port.
func (p place) address() string {
	if strings.Contains(p.name, ":") {
		return p.name
	}
	if p.secure {
		return net.JoinHostPort(p.name, "443")
	}
	return net.JoinHostPort(p.name, "80")
}

// split splits a URL into its place and what is asked for there. ok is false
// for one that must be read more carefully: it may be invalid, or be written
// otherwise on the wire than here.
func split(url string) (at place, path string, ok bool) {
	rest, plain := strings.CutPrefix(url, "http://")
	if !plain {
		if rest, at.secure = strings.CutPrefix(url, "https://"); !at.secure {
			return at, "", false
		}
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at.name, path = rest[:end], rest[end:]
	path, _, _ = strings.Cut(path, "#")
	if path == "" {
		path = "/"
	}
	return at, path, path[0] == '/' && isHost(at.name) && isPath(path)
}

// isHost takes names and addresses with or without a port.
func isHost(name string) bool {
	host, port, ported := strings.Cut(name, ":")
	if strings.HasPrefix(name, "[") || ported && !isPort(port) {
		return false // an IPv6 address is read with care
	}
	for i := range len(host) {
		if c := host[i]; !isLetter(c) && !isDigit(c) && c != '-' && c != '.' {
			return false
		}
	}
	return host != ""
}

func isPort(text string) bool {
	for i := range len(text) {
		if !isDigit(text[i]) {
			return false
		}
	}
	return text != "" && len(text) <= 5
}

// isPath reports whether path, with its query, goes out as it is.
func isPath(path string) bool {
	for i := 0; i < len(path); i++ {
		c := path[i]
		if isLetter(c) || isDigit(c) || strings.IndexByte("/-._~!$&'()*+,;=:@?", c) >= 0 {
			continue
		}
		if c != '%' || i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
			return false
		}
		i += 2
	}
	return true
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isHex(c byte) bool    { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// plain reports whether the call's method and header go out as they are.
func (c *Call) plain() bool {
	if !isToken(c.Method) || !isValue(c.ContentType) {
		return false
	}
	for name, value := range c.Header {
		if !isToken(name) || !isValue(value) || framing(name) {
			return false
		}
	}
	return true
}

// framing reports whether a field of the header would say how the request is
// framed, or for whom it is: net/http ignores those.
func framing(name string) bool {
	for _, own := range [...]string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Upgrade", "User-Agent"} {
		if len(name) == len(own) && strings.EqualFold(name, own) {
			return true
		}
	}
	return false
}

func isToken(text string) bool {
	for i := range len(text) {
		if c := text[i]; !isLetter(c) && !isDigit(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return text != ""
}

func isValue(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
