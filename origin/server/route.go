package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/answer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

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
	if b.public == nil {
		return path
	}
	return answer.Strip(path, b.public.Path)
}

// call is one request on its way to an answer.
type call struct {
	*Server
	w       recorder
	r       *http.Request
	work    context.Context // of r, and of withSlot its deadline
	fields  fields
	path    string // escaped, without the public prefix
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
	c := &call{Server: s, w: recorder{ResponseWriter: w, head: r.Method == http.MethodHead}, r: r, work: r.Context(), private: private}
	c.path = s.base.strip(escapedPath(r))
	c.record.route = answer.RouteOf(c.path)
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
	if c.private {
		c.set("X-Content-Type-Options", "nosniff")
		return
	}
	c.setAll(answer.Public(make([]answer.Header, 0, 4)))
}

// public dispatches a request of the public listener.
func (c *call) public() {
	if c.record.route == answer.Hook {
		if err := c.hook(); err != nil {
			c.fail(err)
		}
		return
	}
	if c.record.route != answer.Health && !c.edge.admits(c.r.Header) {
		c.fail(fault.New("server.public", fault.Forbidden, "this server answers its edge only"))
		return
	}
	switch c.r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		c.setAll(answer.Preflight(nil))
		c.w.WriteHeader(http.StatusNoContent)
		return
	default:
		c.w.Header().Set("Allow", answer.Allowed)
		c.fail(fault.New("server.public", fault.MethodNotAllowed, "this method is not allowed here; allowed are "+answer.Allowed))
		return
	}
	var err error
	if c.place, err = c.base.of(c.r); err != nil {
		c.fail(err)
		return
	}
	switch c.record.route {
	case answer.Static:
		err = c.static()
	case answer.Health:
		err = c.health()
	case answer.IIIF:
		err = c.withSlot((*call).iiif)
	case answer.Gallery:
		err = c.withSlot((*call).front)
	case answer.Viewer:
		err = c.withSlot((*call).viewer)
	default:
		err = c.withSlot((*call).document)
	}
	if err != nil {
		c.fail(err)
	}
}

// admin dispatches a request of the administrator's listener.
func (c *call) admin() {
	var err error
	switch {
	case c.r.Method != http.MethodGet && c.r.Method != http.MethodHead:
		c.w.Header().Set("Allow", "GET, HEAD")
		err = fault.E("server.admin", fault.MethodNotAllowed, nil)
	case c.record.route == answer.Health:
		err = c.health()
	case c.path == "/counters":
		c.record.route = answer.Counters
		err = c.showCounters()
	default:
		c.record.route = answer.None
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
	work := newDeadline(c.work, c.config.RequestTimeout)
	defer work.end()
	c.work = work
	return f(c)
}
