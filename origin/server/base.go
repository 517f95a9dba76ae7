package server

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// base finds the absolute URL that clients see. With a public URL nothing of the
// request matters; without one its Host does, and the word of trusted proxies.
type base struct {
	public  *url.URL // nil without one
	trusted []netip.Prefix
}

func newBase(publicURL string, trusted []netip.Prefix) (base, error) {
	b := base{trusted: trusted}
	if publicURL == "" {
		return b, nil
	}
	u, err := url.Parse(publicURL)
	switch {
	case err != nil:
		return b, err
	case u.Scheme != "http" && u.Scheme != "https", u.User != nil, u.RawQuery != "", u.Fragment != "", !isHost(u.Host):
		return b, errors.New("the public URL is not like https://host/prefix")
	}
	u.Path, u.RawPath = strings.TrimRight(u.EscapedPath(), "/"), ""
	if u.Path != "" && !isPrefix(u.Path) {
		return b, errors.New("the path of the public URL is not made of plain segments")
	}
	b.public = u
	return b, nil
}

// place is where a request was sent to, as its client sees it.
type place struct {
	origin string // scheme://host[:port]
	prefix string // "" or "/folder"
}

// url returns the absolute URL of an escaped path of ours.
func (p place) url(path string) string { return p.origin + p.prefix + path }

// of returns the place of a request. A Host that cannot be one is Invalid: it
// would be written into URLs that caches keep.
func (b *base) of(r *http.Request) (place, error) {
	if b.public != nil {
		return place{b.public.Scheme + "://" + b.public.Host, b.public.Path}, nil
	}
	scheme, host, prefix := "http", r.Host, ""
	if r.TLS != nil {
		scheme = "https"
	}
	if len(b.trusted) > 0 && b.trusts(r.RemoteAddr) {
		if v := lastOf(r.Header, "X-Forwarded-Proto"); v == "http" || v == "https" {
			scheme = v
		}
		if v := lastOf(r.Header, "X-Forwarded-Host"); isHost(v) {
			host = v
		}
		if v := strings.TrimRight(lastOf(r.Header, "X-Forwarded-Prefix"), "/"); isPrefix(v) {
			prefix = v
		}
	}
	if host == "" { // HTTP/1.0
		if a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
			host = a.String()
		}
	}
	if !isHost(host) {
		return place{}, fault.New("server.base", fault.Invalid, "the Host header is not a host")
	}
	return place{scheme + "://" + host, prefix}, nil
}

// trusts reports whether the peer is a trusted proxy.
func (b *base) trusts(peer string) bool {
	addr, err := netip.ParseAddrPort(peer)
	if err != nil {
		return false
	}
	return b.trustsAddr(addr.Addr())
}

func (b *base) trustsAddr(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	for _, p := range b.trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// client returns the address for the log: the peer, or the nearest address of
// X-Forwarded-For that no trusted proxy has.
func (b *base) client(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && b.trustsAddr(addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap()
	}
	return addr.String()
}

// lastOf returns the last element of a list header: the one that the peer wrote
// itself. Those before it came with the request and prove nothing.
func lastOf(h http.Header, name string) string {
	v := h.Values(name)
	if len(v) == 0 {
		return ""
	}
	last := v[len(v)-1]
	return strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])
}

// isHost reports whether s is a host with an optional port, of characters that
// need no escaping in a URL, in JSON or in HTML.
func isHost(s string) bool {
	if s == "" || len(s) > 255+6 {
		return false
	}
	host, port := s, ""
	if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
		host, port = s[:i], s[i+1:]
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return ok && err == nil && a.Is6() && a.Zone() == ""
	}
	for i := range len(host) {
		c := host[i]
		if !isAlnum(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return host != "" && host[0] != '.' && host[0] != '-'
}

// isPrefix reports whether s is one or more plain path segments, "/a/b".
func isPrefix(s string) bool {
	if !strings.HasPrefix(s, "/") || len(s) > 256 {
		return false
	}
	for seg := range strings.SplitSeq(s[1:], "/") {
		if seg == "" || seg == "." || seg == ".." {
			return false
		}
		for i := range len(seg) {
			if c := seg[i]; !isAlnum(c) && !strings.ContainsRune("-._~", rune(c)) {
				return false
			}
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
