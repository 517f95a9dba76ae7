package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// HTTPConfig configures an HTTP(S) source.
type HTTPConfig struct {
	// Base is the URL that keys are appended to, segment by segment:
	// "https://images.example.org/masters". Required.
	Base string
	// AllowedHosts are the only hosts that are ever asked, by the base and by
	// redirects: "host", which allows the usual port of the scheme, or
	// "host:port". Default: the host and port of Base.
	AllowedHosts []string
	// AllowPrivate allows hosts with loopback, private and other addresses that
	// are not public. Default false: whoever can change a DNS record or a
	// redirect must not reach the origin's own network.
	AllowPrivate bool
	// Header is sent with every request to the host of Base, and nowhere else
	// (Authorization, for example). Default none.
	Header http.Header
	// Timing bounds the waiting; see its fields.
	Timing Timing
	// WholeBytes is the memory, in bytes, for objects of servers that do not
	// answer range requests, and so the size of the largest such object. Default
	// 64 MiB; negative means that such servers are refused.
	WholeBytes int64
}

const (
	maxRedirects      = 5
	defaultWholeBytes = 64 << 20
	// dialTimeout is one connection attempt: a round trip around the world and
	// one lost packet.
	dialTimeout = 1200 * time.Millisecond
)

// HTTP is a Source that reads from an HTTP server. Environment proxies are not
// used: the guard could not see where they connect to.
type HTTP struct {
	base   *url.URL
	header http.Header
	hosts  map[string]bool
	client *http.Client
	timing Timing
	wholes *wholes
}

var (
	errRedirect = errors.New("redirect refused")
	errAnswer   = errors.New("the answer makes no sense")
)

// NewHTTP makes an HTTP source. Nothing is sent. Invalid names a mistake in cfg.
func NewHTTP(cfg HTTPConfig) (*HTTP, error) {
	return newHTTP(cfg, nil, func(addr netip.AddrPort) bool { return cfg.AllowPrivate || public(addr.Addr()) })
}

// newHTTP is NewHTTP with a name resolver (nil: the system's) and a test for
// addresses.
func newHTTP(cfg HTTPConfig, resolver *net.Resolver, permit func(netip.AddrPort) bool) (*HTTP, error) {
	const op = "source.NewHTTP"
	base, err := parseBase(cfg.Base)
	if err != nil {
		return nil, err
	}
	h := &HTTP{base: base, header: http.Header{}, hosts: map[string]bool{}, timing: cfg.Timing.withDefaults()}
	for name, values := range cfg.Header {
		switch http.CanonicalHeaderKey(name) {
		case "Host", "Range", "If-Match", "If-Unmodified-Since", "If-Range", "Accept-Encoding":
			return nil, fault.New(op, fault.Invalid, "the source's header must not set "+http.CanonicalHeaderKey(name))
		}
		h.header[http.CanonicalHeaderKey(name)] = values
	}
	for _, a := range cfg.AllowedHosts {
		u, err := url.Parse(base.Scheme + "://" + a)
		if err != nil || u.Host != a || !validHost(u.Hostname()) || !validPort(u.Port()) {
			return nil, fault.New(op, fault.Invalid, "the allowed hosts must be names or addresses, with or without a port")
		}
		for _, scheme := range []string{"http", "https"} {
			h.hosts[hostPort(scheme, u.Hostname(), u.Port())] = true
		}
	}
	if len(h.hosts) == 0 {
		h.hosts[hostPort(base.Scheme, base.Hostname(), base.Port())] = true
	}
	if !h.hosts[hostPort(base.Scheme, base.Hostname(), base.Port())] {
		return nil, fault.New(op, fault.Invalid, "the source's own host is not among the allowed hosts")
	}
	if ip, err := netip.ParseAddr(base.Hostname()); err == nil && !permit(netip.AddrPortFrom(ip, portOf(base))) {
		return nil, fault.New(op, fault.Invalid, "the source has a private address, which is not allowed")
	}
	budget := cfg.WholeBytes
	if budget == 0 {
		budget = defaultWholeBytes
	}
	h.wholes = &wholes{budget: max(budget, 0), byID: map[string]*whole{}}
	h.client = &http.Client{
		Transport:     newTransport(guardedDialer(dialTimeout, resolver, permit)),
		CheckRedirect: h.checkRedirect,
	}
	return h, nil
}

// newTransport returns a transport for range reads. It speaks HTTP/1.1: parallel
// reads get connections of their own, and one that hangs is given up alone.
func newTransport(dialer *net.Dialer) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            dialer.DialContext,
		Protocols:              protocols,
		TLSHandshakeTimeout:    dialTimeout,
		MaxIdleConnsPerHost:    32,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
}

// portOf returns the port of a URL that parseBase has checked.
func portOf(u *url.URL) uint16 {
	n, ok := parseDigits(u.Port())
	switch {
	case ok:
		return uint16(n)
	case u.Scheme == "http":
		return 80
	}
	return 443
}

// checkRedirect follows redirects to allowed hosts only, never from https to
// http, and takes the configured header off when the host is another.
func (h *HTTP) checkRedirect(req *http.Request, via []*http.Request) error {
	u := req.URL
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("%w: too many", errRedirect)
	case u.User != nil, u.Scheme != "http" && u.Scheme != "https", !validPort(u.Port()),
		u.Scheme == "http" && via[len(via)-1].URL.Scheme == "https",
		!h.hosts[hostPort(u.Scheme, u.Hostname(), u.Port())]:
		return fmt.Errorf("%w: %s://%s", errRedirect, u.Scheme, u.Host)
	}
	req.Header.Del("Referer")
	if hostPort(u.Scheme, u.Hostname(), u.Port()) != hostPort(h.base.Scheme, h.base.Hostname(), h.base.Port()) {
		for name := range h.header {
			req.Header.Del(name)
		}
	}
	return nil
}

// locate returns the URL of a valid key.
func (h *HTTP) locate(key string) string {
	var b strings.Builder
	b.WriteString(h.base.String())
	for i, segment := range strings.Split(key, "/") {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(url.PathEscape(segment))
	}
	return b.String()
}

// do sends one request. The response has a status that the caller expects; any
// other is turned into a failure. The caller closes the body.
func (h *HTTP) do(ctx context.Context, op, method, location string, header http.Header, expect ...int) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, location, nil)
	if err != nil {
		return nil, fault.E(op, fault.Internal, err)
	}
	for name, values := range h.header {
		req.Header[name] = values
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := h.client.Do(req)
	switch {
	case errors.Is(err, errPrivate), errors.Is(err, errRedirect):
		return nil, fault.E(op, fault.Forbidden, err)
	case err != nil:
		return nil, unavailable(op, err)
	}
	for _, status := range expect {
		if resp.StatusCode == status {
			if e := resp.Header.Get("Content-Encoding"); e != "" && e != "identity" {
				resp.Body.Close()
				return nil, fault.E(op, fault.Unsupported, fmt.Errorf("content encoding %q", e))
			}
			return resp, nil
		}
	}
	// A little of an error page is read so that its connection can be kept.
	_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
	resp.Body.Close()
	return nil, fault.E(op, statusKind(resp.StatusCode), errors.New(resp.Status))
}

// statusKind maps unexpected statuses. What is not a clear word about the object
// is an outage: only 404 and 410 prove an absence.
func statusKind(status int) fault.Kind {
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return fault.NotFound
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusUnavailableForLegalReasons:
		return fault.Forbidden
	case http.StatusPreconditionFailed, http.StatusRequestedRangeNotSatisfiable:
		return fault.Conflict
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return fault.Unsupported
	}
	return fault.Unavailable
}

// Check implements Source: any answer of the server to a request for its base
// shows that it is there, but one of the 5xx.
func (h *HTTP) Check(ctx context.Context) error {
	const op = "source.HTTP.Check"
	return h.timing.try(ctx, op, func(ctx context.Context) error {
		resp, err := h.do(ctx, op, http.MethodHead, h.base.String(), nil, http.StatusOK)
		switch {
		case err == nil:
			return resp.Body.Close()
		case errors.Is(err, errPrivate), errors.Is(err, errRedirect):
			return err
		case !fault.Is(err, fault.Unavailable):
			return nil
		}
		return err
	})
}

// Close implements Source.
func (h *HTTP) Close() error {
	h.client.CloseIdleConnections()
	return nil
}
