// Package server is the HTTP face of the origin: it turns URLs into requests of
// the protocol (wasm/iiif), asks for descriptions and renderings, and answers
// with the right statuses and headers. It also shows a gallery and a viewer to
// people, tells probes whether the process is well, and writes the access log.
//
// Guarantees: every public answer carries CORS headers; errors are never stored
// by caches and never show internal text; a panic ends one request and not the
// process; a request that only wants to know whether something changed renders
// nothing; at shutdown, running requests are finished.
//
// It is not for pixels or storage (see render, source), nor for TLS, which a
// proxy or an edge ends.
package server

import (
	"cmp"
	"context"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// Config are the settings of a Server. The zero value is usable.
type Config struct {
	// PublicURL is what clients reach the server by: scheme, host and, behind a
	// proxy that puts it under a folder, a path prefix, which the proxy may strip
	// or leave. Info.json and redirects are built from it. When it is empty the
	// request's own Host is used. Default: empty.
	PublicURL string
	// TrustedProxies are the peers whose X-Forwarded-Proto, -Host, -Prefix and -For
	// are believed. Ignored for URLs when PublicURL is set. Default: none, because
	// anyone can send these headers.
	TrustedProxies []netip.Prefix

	// EdgeSecrets, when there are any, refuse every public request that does not bear
	// one of them in the header X-Vitrine-Edge, with 403; only health is answered to
	// all. Several are for changing them without a gap. Default: none, all are served.
	EdgeSecrets []string

	// Limits bound the results, and are what info.json declares.
	Limits iiif.Limits
	// Style names every setting that changes the pixels of answers (quality,
	// filter…). It is part of ETags, so that clients see a changed setting.
	Style string

	// ImageCacheControl is the Cache-Control of images. Default a day, and a week
	// while a new one is fetched: ETags make asking again cheap.
	ImageCacheControl string
	// InfoCacheControl is the Cache-Control of info.json and of the redirect to it.
	// Default 5 minutes, because it says how a changed image must be asked for.
	InfoCacheControl string

	// PublicationBase is the URL of Deps.Publication, without a slash at the end. Its
	// path is where the documents are answered; without one, / is the publication's
	// first page and the gallery is at /images. Required with a Publication.
	PublicationBase string
	// DocumentCacheControl is the Cache-Control of published documents. Default a
	// minute, as at the edge.
	DocumentCacheControl string
	// HookTokens are those that /hooks/directus and /hooks/publish take, in
	// Authorization: Bearer or in X-Vitrine-Token. An edge secret is taken as well, and
	// needed no more than by health. Default: none, and there are no hooks.
	HookTokens []string

	// Title is the name of the gallery. Default "Vitrine".
	Title string
	// PageSize is the number of images on a page of the gallery, 1 to 200. Default
	// 48: it fills rows of 2, 3, 4 and 6.
	PageSize int
	// Robots is the text of /robots.txt. The default keeps crawlers to the pages
	// for people: following image URLs, they would have everything rendered.
	Robots string

	// RequestTimeout bounds the work for one request, without the sending. Default 60 s.
	RequestTimeout time.Duration
	// MaxConcurrent is how many requests that need images may run or wait. More are
	// answered 503 at once. Default 1024; it bounds memory for answers being sent.
	MaxConcurrent int
	// MaxHeaderBytes bounds the request line and headers. Default 16 KiB: an
	// identifier takes 3 KiB at most.
	MaxHeaderBytes int
	// RetryAfter is what 503 answers suggest, in whole seconds. Default 5 s.
	RetryAfter time.Duration
	// CheckTimeout bounds each part of the readiness check. Default 2 s, below the
	// patience of usual probes.
	CheckTimeout time.Duration

	// DrainDelay is how long Serve goes on accepting requests after it was told to
	// stop, while /health/ready already answers 503. Default 0: right without a
	// load balancer, which needs a few seconds to look.
	DrainDelay time.Duration
	// DrainTimeout is how long running requests get to finish. Default 20 s.
	DrainTimeout time.Duration
}

// Deps are what a Server works with.
type Deps struct {
	// Images answers for the stored images. Required.
	Images Images
	// Gallery lists them. Nil when the source cannot: then / asks for an identifier.
	Gallery Gallery
	// Publication has the published documents. Nil when there are none.
	Publication Publication
	// Changed is called by hooks, with their names: what is published may be out of
	// date. It returns at once. Nil when nothing is published from here.
	Changed func(hook string)
	// Checks are the parts of readiness by name, such as "source" and "cache". The
	// names are public.
	Checks map[string]Checker
	// Gauges are shown among the counters by name, such as "renderings_waiting".
	Gauges map[string]func() int64
	// Logger takes one record per request. Nil means slog.Default().
	Logger *slog.Logger
}

// Images answers for stored images. Implementations are safe for concurrent use
// and report failures as *fault.Error.
type Images interface {
	// Describe returns the newest description of an image.
	Describe(ctx context.Context, id iiif.Identifier) (Description, error)
	// Render returns the bytes of a canonical request, of the revision described.
	// Conflict means that the revision is not the newest any more.
	Render(ctx context.Context, c iiif.Canonical, d Description) (Result, error)
}

// Description is what is known of one revision of an image without rendering it.
type Description struct {
	// Info is what info.json says.
	Info iiif.Info
	// Revision changes with the stored image. Not empty.
	Revision string
	// Modified is when the stored image was last changed; zero when unknown.
	Modified time.Time
	// Stale says that this was the newest a while ago, and that its source cannot
	// be asked now.
	Stale bool
}

// Result is a rendered image.
type Result struct {
	// Data is the file. It is only read.
	Data []byte
	// File, unless it is nil, holds the answer in place of Data: Length bytes from
	// Offset. It is read at offsets only.
	File           *os.File
	Offset, Length int64
	// Release, unless it is nil, is called when Data or File is not used any more.
	Release func()
	// ContentType is its media type.
	ContentType string
	// Cached says that it was not rendered now.
	Cached bool
}

// Gallery lists images.
type Gallery interface {
	// List returns a page of the images.
	List(ctx context.Context, q Query) (Page, error)
}

// Query selects a page of the gallery.
type Query struct {
	// Search limits it to images whose identifier contains the text, ignoring case.
	Search string
	// After is the Next of the page before; "" for the first page.
	After string
	// Limit is the greatest number of entries, at least 1.
	Limit int
}

// Page is a part of the gallery.
type Page struct {
	// Entries may be fewer than asked for while Next is not empty.
	Entries []Entry
	// Next is the After of the following page, "" at the end.
	Next string
}

// Entry is an image of the gallery.
type Entry struct {
	// Identifier is decoded. Entries that can be no identifier are left out.
	Identifier string
	// Title is shown below the image. "" means one made from the identifier.
	Title string
}

// Checker reports whether something that the server needs works. ctx has a deadline.
type Checker interface {
	Check(ctx context.Context) error
}

// Server answers HTTP requests. It is made by New and safe for concurrent use.
type Server struct {
	config   Config
	deps     Deps
	log      *slog.Logger
	base     base
	edge     edgeGuard
	pages    *template.Template
	assets   map[string]*asset // by path below /static/
	csp      string
	slots    chan struct{} // of MaxConcurrent
	counters counters
	ready    readiness
	started  time.Time

	published published
	hooks     tokens
}

// New makes a Server. A Config that makes no sense is Invalid.
func New(c Config, d Deps) (*Server, error) {
	const op = "server.New"
	if d.Images == nil {
		return nil, fault.E(op, fault.Invalid, errors.New("no Images"))
	}
	if d.Logger == nil {
		d.Logger = slog.Default()
	}
	c.ImageCacheControl = cmp.Or(c.ImageCacheControl, "public, max-age=86400, stale-while-revalidate=604800")
	c.InfoCacheControl = cmp.Or(c.InfoCacheControl, "public, max-age=300")
	c.DocumentCacheControl = cmp.Or(c.DocumentCacheControl, "public, max-age=60")
	c.Title = cmp.Or(c.Title, "Vitrine")
	c.PageSize = cmp.Or(c.PageSize, 48)
	c.Robots = cmp.Or(c.Robots, "User-agent: *\nDisallow: /iiif/\n")
	c.RequestTimeout = cmp.Or(c.RequestTimeout, 60*time.Second)
	c.MaxConcurrent = cmp.Or(c.MaxConcurrent, 1024)
	c.MaxHeaderBytes = cmp.Or(c.MaxHeaderBytes, 16<<10)
	c.RetryAfter = cmp.Or(c.RetryAfter, 5*time.Second)
	c.CheckTimeout = cmp.Or(c.CheckTimeout, 2*time.Second)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, 20*time.Second)
	if c.PageSize < 1 || c.PageSize > 200 || c.MaxConcurrent < 1 {
		return nil, fault.E(op, fault.Invalid, errors.New("PageSize or MaxConcurrent out of range"))
	}
	for _, v := range []string{c.ImageCacheControl, c.InfoCacheControl, c.DocumentCacheControl} {
		if !isHeaderValue(v) {
			return nil, fault.E(op, fault.Invalid, errors.New("a Cache-Control is no header value"))
		}
	}
	s := &Server{
		config: c, deps: d, log: d.Logger,
		slots:   make(chan struct{}, c.MaxConcurrent),
		started: time.Now().Truncate(time.Second),
	}
	var err error
	if s.base, err = newBase(c.PublicURL, c.TrustedProxies); err != nil {
		return nil, fault.E(op, fault.Invalid, err)
	}
	if s.edge, err = newEdgeGuard(c.EdgeSecrets); err != nil {
		return nil, fault.E(op, fault.Invalid, err)
	}
	if d.Publication != nil {
		if s.published, err = newPublished(c.PublicationBase); err != nil {
			return nil, fault.E(op, fault.Invalid, err)
		}
	}
	if s.hooks, err = newTokens(c.HookTokens); err != nil {
		return nil, fault.E(op, fault.Invalid, err)
	}
	if s.assets, err = loadAssets(); err != nil {
		return nil, fault.E(op, fault.Internal, err)
	}
	if s.pages, err = s.loadPages(); err != nil {
		return nil, fault.E(op, fault.Internal, err)
	}
	s.csp = contentPolicy(s.base.public)
	s.ready.init(d.Checks, c.CheckTimeout, s.log)
	if c.PublicURL == "" {
		s.log.Warn("no public URL is set: URLs are built from each request's Host; set one in production")
	}
	return s, nil
}

// contentPolicy returns the policy of pages: nothing but what comes from here, or
// from the public URL when that is elsewhere. Framing is left open, because
// collections embed the viewer and there is no session to steal clicks from.
func contentPolicy(public *url.URL) string {
	self := "'self'"
	if public != nil {
		self += " " + public.Scheme + "://" + public.Host
	}
	return strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'",
		"img-src data: " + self, "connect-src " + self,
		"form-action 'self'", "base-uri 'none'",
	}, "; ")
}

func isHeaderValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// Handler returns the public face.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.servePublic) }

// Admin returns the handler of the administrator's listener: /health,
// /health/live, /health/ready and /counters. It must not be public. Nothing in it
// waits for images.
func (s *Server) Admin() http.Handler { return http.HandlerFunc(s.serveAdmin) }
