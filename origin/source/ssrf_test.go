package source

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func TestPublic(t *testing.T) {
	for _, a := range []string{
		"8.8.8.8", "1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.167.1.1",
		"223.255.255.255", "2606:2800:220:1::1", "2a00:1450:4001::1", "2620:fe::fe", "::ffff:8.8.8.8",
	} {
		if !public(netip.MustParseAddr(a)) {
			t.Errorf("%s is refused", a)
		}
	}
	for _, a := range []string{
		"127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
		"100.64.0.1", "100.127.255.255", "0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"192.0.0.1", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "192.88.99.1",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
		"64:ff9b::808:808", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:0:53aa::1", "2001:db8::1", "3fff::1",
		"fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "100::1", "5f00::1", "2600::1%eth0",
	} {
		if public(netip.MustParseAddr(a)) {
			t.Errorf("%s is let through", a)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address is let through")
	}
}

// fakeDNS answers every question for an address with the given ones, over UDP.
func fakeDNS(t *testing.T, answers ...string) *net.Resolver {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			// RFC 1035 §4: a header of 12 bytes, the name, type and class.
			end := 12
			for end < n && buf[end] != 0 {
				end += int(buf[end]) + 1
			}
			end += 5
			if end > n {
				continue
			}
			kind := binary.BigEndian.Uint16(buf[end-4:])
			reply := append([]byte{}, buf[:end]...)
			reply[2], reply[3] = 0x81, 0x80
			count := 0
			for _, a := range answers {
				addr := netip.MustParseAddr(a)
				if addr.Is4() && kind != 1 || addr.Is6() && kind != 28 {
					continue
				}
				count++
				reply = append(reply, 0xc0, 12, byte(kind>>8), byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(addr.BitLen()/8))
				reply = append(reply, addr.AsSlice()...)
			}
			binary.BigEndian.PutUint16(reply[6:], uint16(count))
			clear(reply[8:12])
			_, _ = conn.WriteTo(reply, from)
		}
	}()
	dialer := new(net.Dialer)
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestPrivateByName(t *testing.T) {
	var hits atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hits.Add(1) }))
	defer server.Close()
	port := server.URL[strings.LastIndexByte(server.URL, ':'):]
	refuse := func(a netip.AddrPort) bool { return public(a.Addr()) }
	for _, answers := range [][]string{
		{"127.0.0.1"}, {"10.0.0.1"}, {"169.254.169.254"}, {"::1"}, {"::ffff:127.0.0.1"}, {"fd00::1", "192.168.0.1"}, {"0.0.0.0"}, {"::"},
	} {
		h, err := newHTTP(HTTPConfig{Base: "http://images.example.org" + port}, fakeDNS(t, answers...), refuse)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Open(t.Context(), "a.jpg"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%v: %v", answers, err)
		}
		if err := h.Check(t.Context()); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%v: Check gives %v", answers, err)
		}
	}
	if hits.Load() > 0 {
		t.Errorf("%d requests arrived", hits.Load())
	}
	// The same way in with the address allowed, so that the refusals mean something.
	h, err := newHTTP(HTTPConfig{Base: "http://images.example.org" + port}, fakeDNS(t, "127.0.0.1"), func(netip.AddrPort) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Open(t.Context(), "a.jpg"); fault.Is(err, fault.Forbidden) || hits.Load() == 0 {
		t.Errorf("allowed: %v, %d requests", err, hits.Load())
	}
}

// TestNameChangesItsMind is DNS rebinding: public when first asked, private when
// the connection is made again.
func TestNameChangesItsMind(t *testing.T) {
	s := newWeb(t)
	s.put("a.jpg", []byte("abc"))
	allowed := true
	h, err := newHTTP(HTTPConfig{Base: s.URL + "/base"}, nil, func(netip.AddrPort) bool { return allowed })
	if err != nil {
		t.Fatal(err)
	}
	o := open(t, h, "a.jpg")
	allowed = false
	h.client.CloseIdleConnections()
	if _, err := o.ReadAt(t.Context(), make([]byte, 1), 0); !fault.Is(err, fault.Forbidden) {
		t.Errorf("gives %v", err)
	}
}

func TestRedirects(t *testing.T) {
	var inside atomic.Int64
	victim := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inside.Add(1) }))
	defer victim.Close()
	friend := newWeb(t)
	friend.put("moved.jpg", []byte("abc"))
	var target atomic.Value
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", target.Load().(string))
		w.WriteHeader(http.StatusFound)
	}))
	defer front.Close()
	frontAddr, friendAddr := netip.MustParseAddrPort(hostOf(front)), netip.MustParseAddrPort(hostOf(friend.Server))
	victimPort := hostOf(victim)[strings.IndexByte(hostOf(victim), ':'):]
	// Two servers of this machine play public ones; for the rest the rules hold.
	permit := func(a netip.AddrPort) bool { return a == frontAddr || a == friendAddr || public(a.Addr()) }
	newFront := func(allowed ...string) *HTTP {
		h, err := newHTTP(HTTPConfig{Base: front.URL, AllowedHosts: append(allowed, hostOf(front))},
			fakeDNS(t, "127.0.0.1"), permit)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	h := newFront("127.0.0.1"+victimPort, "localhost"+victimPort, "[::1]"+victimPort, "[::ffff:127.0.0.1]"+victimPort, "169.254.169.254",
		"evil.example.org")
	for _, to := range []string{
		// Allowed by name, refused by address.
		victim.URL, "http://localhost" + victimPort + "/", "http://[::1]" + victimPort + "/", "http://[::ffff:127.0.0.1]" + victimPort + "/",
		"http://169.254.169.254/latest/meta-data/", "http://evil.example.org/",
		// Not among the allowed hosts.
		"http://other.example.org/", "http://0x7f.1" + victimPort + "/", "http://127.1" + victimPort + "/", "//2130706433" + victimPort + "/",
		"http://" + hostOf(front) + "@127.0.0.1" + victimPort + "/", "http://" + hostOf(front) + ":x@evil.example.org/",
		"http://evil.example.org:8080/", "http://127.0.0.1.evil.example.org/", "http://127.0.0.1:1/",
		// Not HTTP, or endless.
		"file:///etc/passwd", "gopher://127.0.0.1" + victimPort + "/", front.URL + "/again",
	} {
		target.Store(to)
		if _, err := h.Open(t.Context(), "a.jpg"); !fault.Is(err, fault.Forbidden) {
			t.Errorf("redirected to %s: %v", to, err)
		}
	}
	if inside.Load() > 0 {
		t.Errorf("%d requests arrived inside", inside.Load())
	}
	target.Store(friend.URL + "/base/moved.jpg")
	if _, err := newFront().Open(t.Context(), "a.jpg"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a host that is not allowed: %v", err)
	}
	p := make([]byte, 3)
	if _, err := open(t, newFront(hostOf(friend.Server)), "a.jpg").ReadAt(t.Context(), p, 0); err != nil || string(p) != "abc" {
		t.Errorf("an allowed redirect: %q, %v", p, err)
	}
}

// TestNoDowngrade refuses a redirect from https to http.
func TestNoDowngrade(t *testing.T) {
	h := newTestHTTP(t, HTTPConfig{Base: "https://example.org", AllowedHosts: []string{"example.org"}})
	req := httptest.NewRequest(http.MethodGet, "http://example.org/x", nil)
	via := []*http.Request{httptest.NewRequest(http.MethodGet, "https://example.org/x", nil)}
	if err := h.checkRedirect(req, via); err == nil {
		t.Error("it is followed")
	}
	req = httptest.NewRequest(http.MethodGet, "https://EXAMPLE.org./x", nil)
	if err := h.checkRedirect(req, via); err != nil {
		t.Errorf("the same host: %v", err)
	}
}

func TestEnvironmentProxyIsNotUsed(t *testing.T) {
	var hits atomic.Int64
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hits.Add(1) }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	h := newTestHTTP(t, HTTPConfig{Base: "http://no-such-host.invalid/", Timing: Timing{Total: 300 * time.Millisecond}})
	if _, err := h.Open(t.Context(), "a.jpg"); err == nil || hits.Load() > 0 {
		t.Errorf("%v, %d requests to the proxy", err, hits.Load())
	}
	if h.client.Transport.(*http.Transport).Proxy != nil {
		t.Error("the transport has a proxy")
	}
}
