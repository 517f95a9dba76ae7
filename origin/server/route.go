package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// route is what a path is about, as it stands in logs and counters.
type route string

const (
	routeBase    route = "base"
	routeInfo    route = "info"
	routeImage   route = "image"
	routeIIIF    route = "iiif" // below /iiif/ but of no known form
	routeGallery route = "gallery"
	routeViewer  route = "viewer"
	routeStatic  route = "static"
	routeHealth  route = "health"
	routeCounter route = "counters"
	routeNone    route = "none"
)

// routeOf returns the route of an escaped path. Routing is by hand because
// ServeMux decodes, cleans and redirects paths, which destroys identifiers.
func routeOf(path string) route {
	switch path {
	case "/":
		return routeGallery
	case "/favicon.ico", "/robots.txt":
		return routeStatic
	case "/health", "/health/live", "/health/ready":
		return routeHealth
	case "/viewer":
		return routeViewer
	}
	switch {
	case strings.HasPrefix(path, "/iiif/"):
		return routeIIIF
	case strings.HasPrefix(path, "/viewer/"):
		return routeViewer
	case strings.HasPrefix(path, "/static/"):
		return routeStatic
	}
	return routeNone
}

// escapedPath returns the path as the client sent it. URL.EscapedPath is not
// that: when the path holds a character that should have been escaped, it escapes
// the decoded path anew, and an identifier's %2F becomes a slash.
func escapedPath(r *http.Request) string {
	target := r.RequestURI
	if !strings.HasPrefix(target, "/") { // http://host/path, as to a proxy
		_, rest, ok := strings.Cut(target, "://")
		slash := strings.IndexByte(rest, '/')
		if !ok || slash < 0 {
			return r.URL.EscapedPath()
		}
		target = rest[slash:]
	}
	path, _, _ := strings.Cut(target, "?")
	return path
}

// strip removes the public prefix when what remains is a path of ours; proxies
// differ in whether they do.
func (b *base) strip(path string) string {
	if b.public == nil || b.public.Path == "" {
		return path
	}
	rest, ok := strings.CutPrefix(path, b.public.Path)
	if ok && rest == "" {
		rest = "/"
	}
	if ok && routeOf(rest) != routeNone {
		return rest
	}
	return path
}

// call is one request on its way to an answer.
type call struct {
	*Server
	w       *recorder
	r       *http.Request
	work    context.Context // of r, and of withSlot its deadline
	path    string          // escaped, without the public prefix
	place   place
	private bool // of the admin listener: no CORS
	record  record
}

func (s *Server) servePublic(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, false, (*call).public)
}

func (s *Server) serveAdmin(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, true, (*call).admin)
}

// serve runs handle with everything that each request gets: common headers,
// recovery from panics, counting and a line in the log.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, private bool, handle func(*call)) {
	start := time.Now()
	c := &call{Server: s, w: &recorder{ResponseWriter: w, head: r.Method == http.MethodHead}, r: r, work: r.Context(), private: private}
	c.path = s.base.strip(escapedPath(r))
	c.record.route = routeOf(c.path)
	c.commonHeaders()
	s.counters.inFlight.Add(1)
	defer func() {
		s.counters.inFlight.Add(-1)
		p, begun := recover(), c.w.status != 0
		if p != nil {
			c.record.err = fault.E("server.serve", fault.Internal, fmt.Errorf("panic: %v", p))
			c.record.stack = string(debug.Stack())
			s.counters.panics.Add(1)
			if !begun {
				c.fail(c.record.err)
			}
		}
		s.finish(c, time.Since(start))
		if p != nil && begun {
			// Half an answer has gone out: only a broken connection tells the client.
			panic(http.ErrAbortHandler)
		}
	}()
	handle(c)
}

func (c *call) commonHeaders() {
	h := c.w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if c.private {
		return
	}
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Link, ETag, Location, Retry-After")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

const allowed = "GET, HEAD, OPTIONS"

// public dispatches a request of the public listener.
func (c *call) public() {
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		c.preflight()
		return
	default:
		c.w.Header().Set("Allow", allowed)
		c.fail(fault.New("server.public", fault.MethodNotAllowed, "this method is not allowed here; allowed are "+allowed))
		return
	}
	var err error
	if c.place, err = c.base.of(c.r); err != nil {
		c.fail(err)
		return
	}
	switch c.record.route {
	case routeStatic:
		err = c.static()
	case routeHealth:
		err = c.health()
	case routeIIIF:
		err = c.withSlot((*call).iiif)
	case routeGallery:
		err = c.withSlot((*call).gallery)
	case routeViewer:
		err = c.withSlot((*call).viewer)
	default:
		err = fault.New("server.public", fault.NotFound, "there is nothing at this address")
	}
	if err != nil {
		c.fail(err)
	}
}

// preflight answers OPTIONS for any path: whether a request may be sent from
// another site does not depend on what is there. The wildcard of Allow-Headers
// does not cover Authorization, and old browsers do not know it.
func (c *call) preflight() {
	h := c.w.Header()
	h.Set("Allow", allowed)
	h.Set("Access-Control-Allow-Methods", allowed)
	h.Set("Access-Control-Allow-Headers", "*, Authorization, Accept, Content-Type, Range, If-None-Match, If-Modified-Since, X-Requested-With")
	h.Set("Access-Control-Max-Age", "86400")
	c.w.WriteHeader(http.StatusNoContent)
}

// admin dispatches a request of the administrator's listener.
func (c *call) admin() {
	var err error
	switch {
	case c.r.Method != http.MethodGet && c.r.Method != http.MethodHead:
		c.w.Header().Set("Allow", "GET, HEAD")
		err = fault.E("server.admin", fault.MethodNotAllowed, nil)
	case c.record.route == routeHealth:
		err = c.health()
	case c.path == "/counters":
		c.record.route = routeCounter
		err = c.showCounters()
	default:
		c.record.route = routeNone
		err = fault.New("server.admin", fault.NotFound, "here are /health, /health/live, /health/ready and /counters")
	}
	if err != nil {
		c.fail(err)
	}
}

// withSlot runs f when fewer than MaxConcurrent requests are at it, under the
// deadline of a request.
func (c *call) withSlot(f func(*call) error) error {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	default:
		return fault.E("server.withSlot", fault.Unavailable, errors.New("MaxConcurrent is reached"))
	}
	var cancel context.CancelFunc
	c.work, cancel = context.WithTimeout(c.work, c.config.RequestTimeout)
	defer cancel()
	return f(c)
}
