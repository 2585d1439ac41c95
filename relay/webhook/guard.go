package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// ErrForbidden is wrapped by every error about an address that no endpoint may
// have.
var ErrForbidden = errors.New("address is not allowed for endpoints")

// Guard keeps clients from reaching through the relay into the networks that
// it stands in. It's asked about the address of each connection, after the
// name was resolved: a name that resolves to something else later is no way
// around it.
type Guard struct{ denied, allowed []netip.Prefix }

// NewGuard makes a Guard that lets through what is in the allowed networks,
// whatever else they are.
func NewGuard(allowed []netip.Prefix) *Guard {
	g := &Guard{allowed: allowed}
	for _, text := range deniedNetworks() {
		g.denied = append(g.denied, netip.MustParsePrefix(text))
	}
	return g
}

// deniedNetworks are all that are not plain addresses of the public network.
// Each is written out: what the standard library calls private or global
// leaves some of them open (IANA special-purpose address registries).
func deniedNetworks() []string {
	return []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
		"192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"168.63.129.16/32", // the host's agent in one cloud
		// Only 2000::/3 has public addresses. What else there is holds loopback,
		// the forms that hold an IPv4 address, private, link-local and multicast.
		"::/3", "4000::/2", "8000::/1",
		"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
	}
}

// Check returns an error that wraps ErrForbidden if no endpoint may have the
// address.
func (g *Guard) Check(addr netip.Addr) error {
	// A network contains neither mapped nor zoned addresses.
	plain := addr.Unmap().WithZone("")
	if within(g.allowed, plain) || (plain.IsValid() && !within(g.denied, plain)) {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrForbidden, plain)
}

func within(networks []netip.Prefix, addr netip.Addr) bool {
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}

// Control is for [net.Dialer]: it's called with the resolved address before
// the connection is made.
func (g *Guard) Control(network, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || (network != "tcp4" && network != "tcp6") {
		return fmt.Errorf("%w: %s %s", ErrForbidden, network, address)
	}
	return g.Check(to.Addr())
}
