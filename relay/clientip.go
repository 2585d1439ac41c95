package relay

import (
	"bytes"
	"net"
	"net/netip"
	"strings"
)

const forwardedFor = "x-forwarded-for"

// maxForwarded bounds the X-Forwarded-For lines of one request.
const maxForwarded = 8

// clientIP says who sent a request: the peer of the socket, unless it is a
// trusted proxy; then the right-most address of X-Forwarded-For that is not
// one. The zero address means that a trusted proxy named something that can't
// be read: nobody is known then.
func clientIP(peer netip.Addr, forwarded [][]byte, trusted []netip.Prefix) netip.Addr {
	client := plain4(peer)
	if !within(trusted, client) {
		return client
	}
	for i := len(forwarded) - 1; i >= 0; i-- {
		line := forwarded[i]
		for {
			comma := bytes.LastIndexByte(line, ',')
			addr, ok := parseHop(line[comma+1:])
			if !ok {
				return netip.Addr{}
			}
			client = addr
			if !within(trusted, client) {
				return client
			}
			if comma < 0 {
				break
			}
			line = line[:comma]
		}
	}
	return client
}

// parseHop reads an address with or without a port.
func parseHop(text []byte) (netip.Addr, bool) {
	s := strings.Trim(borrow(text), " \t")
	if addr, err := netip.ParseAddr(s); err == nil {
		return plain4(addr), true
	}
	if hop, err := netip.ParseAddrPort(s); err == nil {
		return plain4(hop.Addr()), true
	}
	return netip.Addr{}, false
}

// plain4 drops what hides an address from a prefix: the zone, and the form
// of an IPv4 address mapped into IPv6.
func plain4(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// within reports whether one of the prefixes holds a, which is plain.
func within(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// plainPrefixes returns prefixes in the form that plain addresses match, in
// memory of its own.
func plainPrefixes(prefixes []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(prefixes))
	for _, p := range prefixes {
		addr, bits := p.Addr().WithZone(""), p.Bits()
		if addr.Is4In6() && bits >= 96 {
			addr, bits = addr.Unmap(), bits-96
		}
		out = append(out, netip.PrefixFrom(addr, bits).Masked())
	}
	return out
}

// clientAddress returns the client's address, or the zero address if it is
// not known. It is worked out when it is first asked for.
func (c *call) clientAddress() netip.Addr {
	if c.located {
		return c.client
	}
	c.located = true
	peer := addrOf(c.http.RemoteAddr())
	if !c.head.forwarded || len(c.server.o.TrustedProxies) == 0 {
		c.client = plain4(peer)
		return c.client
	}
	var lines [maxForwarded][]byte
	n, ok := forwardedLines(c.head.raw, &lines)
	if ok {
		c.client = clientIP(peer, lines[:n], c.server.o.TrustedProxies)
	}
	return c.client
}

// forwardedLines collects the values of X-Forwarded-For in order. It reports
// false if there are too many.
func forwardedLines(raw []byte, lines *[maxForwarded][]byte) (n int, ok bool) {
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte{'\n'})
		raw = rest
		name, value, found := bytes.Cut(line, []byte{':'})
		if !found || len(name) != len(forwardedFor) || !is(name, forwardedFor) {
			continue
		}
		if n == maxForwarded {
			return 0, false
		}
		lines[n] = bytes.Trim(value, " \t\r")
		n++
	}
	return n, true
}

func addrOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr()
	}
	return netip.Addr{}
}
