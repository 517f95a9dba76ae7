package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// errPrivate refuses a connection to an address that is not on the public
// internet.
var errPrivate = errors.New("the address is not public")

// guardedDialer returns a dialer that refuses addresses which permit does not
// like. The check sits behind name resolution, on the address that the socket
// is about to connect to, so that neither a name that resolves to a private
// address nor one that resolves differently the second time gets through.
func guardedDialer(timeout time.Duration, resolver *net.Resolver, permit func(netip.AddrPort) bool) *net.Dialer {
	return &net.Dialer{
		Timeout:  timeout,
		Resolver: resolver,
		ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
			addr, err := netip.ParseAddrPort(address)
			if err != nil || (network != "tcp4" && network != "tcp6") || !permit(addr) {
				return fmt.Errorf("%w: %s", errPrivate, address)
			}
			return nil
		},
	}
}

// public reports whether addr is a unicast address of the public internet.
//
// IPv4 in any disguise is judged as IPv4. Of IPv6 only 2000::/3 is global
// unicast at all; the tunnels in it (Teredo, 6to4) and NAT64 outside of it are
// refused, because they can carry any IPv4 address.
func public(addr netip.Addr) bool {
	if addr.Zone() != "" {
		return false
	}
	addr = addr.Unmap()
	if addr.Is6() && !netip.MustParsePrefix("2000::/3").Contains(addr) {
		return false
	}
	for _, p := range notPublic() {
		if p.Contains(addr) {
			return false
		}
	}
	return addr.IsValid()
}

// notPublic lists the blocks of the IANA special-purpose registries (RFC 6890
// and later) that are not globally reachable, and 240/4 and multicast.
func notPublic() []netip.Prefix {
	return []netip.Prefix{
		prefix4(0, 0, 0, 0, 8),       // this network
		prefix4(10, 0, 0, 0, 8),      // private
		prefix4(100, 64, 0, 0, 10),   // carrier-grade NAT
		prefix4(127, 0, 0, 0, 8),     // loopback
		prefix4(169, 254, 0, 0, 16),  // link-local, cloud metadata
		prefix4(172, 16, 0, 0, 12),   // private
		prefix4(192, 0, 0, 0, 24),    // protocol assignments
		prefix4(192, 0, 2, 0, 24),    // documentation
		prefix4(192, 88, 99, 0, 24),  // 6to4 relays
		prefix4(192, 168, 0, 0, 16),  // private
		prefix4(198, 18, 0, 0, 15),   // benchmarks
		prefix4(198, 51, 100, 0, 24), // documentation
		prefix4(203, 0, 113, 0, 24),  // documentation
		prefix4(224, 0, 0, 0, 3),     // multicast, reserved, broadcast
		prefix6(0x2001, 0, 23),       // protocol assignments with Teredo
		prefix6(0x2001, 0xdb8, 32),   // documentation
		prefix6(0x2002, 0, 16),       // 6to4
		prefix6(0x3fff, 0, 20),       // documentation
	}
}

func prefix4(a, b, c, d byte, bits int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b, c, d}), bits)
}

func prefix6(a, b uint16, bits int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{byte(a >> 8), byte(a), byte(b >> 8), byte(b)}), bits)
}

// validHost accepts what can stand in a URL as a host: an ASCII name or an IP
// address. Names in other scripts are written in punycode.
func validHost(h string) bool {
	if h == "" || len(h) > 253 {
		return false
	}
	if _, err := netip.ParseAddr(h); err == nil {
		return true
	}
	for _, c := range []byte(h) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// validPort accepts "" and 1 … 65535.
func validPort(p string) bool {
	n, ok := parseDigits(p)
	return p == "" || ok && n >= 1 && n <= 65535
}

// hostPort returns the normal spelling of a URL's authority for the allow-list:
// lower case, no final dot, always with a port.
func hostPort(scheme, host, port string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if port == "" {
		port = "443"
		if scheme == "http" {
			port = "80"
		}
	}
	return net.JoinHostPort(host, port)
}
