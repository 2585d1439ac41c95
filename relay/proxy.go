package relay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// proxyHeader reads the PROXY protocol header, version 1 or 2, that a load
// balancer writes in front of a connection. Only trusted proxies may send
// one, and on such a listener they must.
type proxyHeader struct{ trusted []netip.Prefix }

var (
	errProxyPeer = errors.New("PROXY header from an untrusted peer")
	errProxyForm = errors.New("not a PROXY header")
)

const (
	proxyV1Max  = 107 // bytes, with the line end
	proxyV2Head = 16
	proxyV2Max  = proxyV2Head + 2048
	proxyV2Sign = "\r\n\r\n\x00\r\nQUIT\n"
)

// read reads the header. It returns the client's address, or nil where the
// proxy speaks for itself, and the bytes read beyond the header.
func (h *proxyHeader) read(nc net.Conn) (net.Addr, []byte, error) {
	if !within(h.trusted, plain4(addrOf(nc.RemoteAddr()))) {
		return nil, nil, errProxyPeer
	}
	buf := make([]byte, 0, proxyV2Max)
	for {
		client, n, err := parseProxy(buf)
		if err == nil {
			return client, buf[n:], nil
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) || len(buf) == cap(buf) {
			return nil, nil, err
		}
		m, err := nc.Read(buf[len(buf):cap(buf)])
		if m == 0 && err != nil {
			return nil, nil, fmt.Errorf("read PROXY header: %w", err)
		}
		buf = buf[:len(buf)+m]
	}
}

// parseProxy parses the header at the start of b and returns its length.
// io.ErrUnexpectedEOF means that b is the beginning of one.
func parseProxy(b []byte) (client net.Addr, n int, err error) {
	switch {
	case hasPrefixSoFar(b, "PROXY "):
		return parseProxyV1(b)
	case hasPrefixSoFar(b, proxyV2Sign):
		return parseProxyV2(b)
	}
	return nil, 0, errProxyForm
}

// hasPrefixSoFar reports whether b begins with prefix, or may yet.
func hasPrefixSoFar(b []byte, prefix string) bool {
	n := min(len(b), len(prefix))
	return string(b[:n]) == prefix[:n]
}

func parseProxyV1(b []byte) (net.Addr, int, error) {
	end := bytes.Index(b[:min(len(b), proxyV1Max)], []byte("\r\n"))
	if end < 0 {
		if len(b) >= proxyV1Max {
			return nil, 0, errProxyForm
		}
		return nil, 0, io.ErrUnexpectedEOF
	}
	fields := strings.Split(string(b[:end]), " ")
	if len(fields) >= 2 && fields[1] == "UNKNOWN" {
		return nil, end + 2, nil
	}
	if len(fields) != 6 || (fields[1] != "TCP4" && fields[1] != "TCP6") {
		return nil, 0, errProxyForm
	}
	addr, err := netip.ParseAddr(fields[2])
	port, errPort := strconv.ParseUint(fields[4], 10, 16)
	if err != nil || errPort != nil || addr.Is4() != (fields[1] == "TCP4") {
		return nil, 0, errProxyForm
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, uint16(port))), end + 2, nil
}

// parseProxyV2 parses
//
//	signature 12 | version 4, command 4 | family 4, transport 4 | length 16 | addresses | extensions
func parseProxyV2(b []byte) (net.Addr, int, error) {
	if len(b) < proxyV2Head {
		return nil, 0, io.ErrUnexpectedEOF
	}
	n := proxyV2Head + int(binary.BigEndian.Uint16(b[14:]))
	version, command, family := b[12]>>4, b[12]&15, b[13]>>4
	if n > proxyV2Max || version != 2 || command > 1 {
		return nil, 0, errProxyForm
	}
	if len(b) < n {
		return nil, 0, io.ErrUnexpectedEOF
	}
	body := b[proxyV2Head:n]
	switch {
	case command == 0: // LOCAL: the proxy's own health check
		return nil, n, nil
	case family == 1 && len(body) >= 12:
		return v2Addr(body[:4], body[8:10]), n, nil
	case family == 2 && len(body) >= 36:
		return v2Addr(body[:16], body[32:34]), n, nil
	case family == 0:
		return nil, n, nil
	}
	return nil, 0, errProxyForm
}

func v2Addr(ip, port []byte) net.Addr {
	addr, _ := netip.AddrFromSlice(ip) // 4 or 16 bytes
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(addr, binary.BigEndian.Uint16(port)))
}
