// Package admin answers the administrator of the edge, and does what is due at
// night: purge rendered results, warm caches, have the origin publish.
//
//	GET  /admin/status            what is configured and what can be reached
//	POST /admin/purge?id=…        forget the rendered results of an image
//	POST /admin/purge-all         forget all rendered results
//	POST /admin/warm              ask the edge for what the body lists
//
// Every call needs "Authorization: Bearer" and the token of Config, compared in
// constant time. Without a configured token all of it is 404: what is not there
// cannot be guessed.
//
// A purge is about the bucket. Cloudflare's cache needs none: what is in it has the
// revision in its key and is only found through the index of the image, so that an
// image that changed or is gone takes it along within the TTL of the index (and a
// Worker could only reach the cache of one data centre).
package admin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/edge/fallback/relay"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Config are the settings of an Admin.
type Config struct {
	// Token is what calls must bear. "" refuses all of them.
	Token string
	// Public is the URL that viewers use. Required.
	Public *url.URL
	// Origin is the URL of the origin; nil for none.
	Origin *url.URL
	// Prefix is before all keys of the bucket, "" or ending in a slash.
	Prefix string

	// WarmList is what is warmed each night, besides the object warm.txt: URLs below
	// Public, paths, or identifiers.
	WarmList []string
	// WarmMax bounds the requests of one run. Default 200: with what each takes at the
	// origin, in the bucket and in the cache it stays far below the 10,000 subrequests
	// that a Worker has on the paid plan.
	WarmMax int
	// WarmConcurrency is how many are asked at once. Default 4; a Worker may have 6
	// connections open.
	WarmConcurrency int
	// PublishPath is where the origin is told by POST to publish, each night. "" does not.
	PublishPath string
	// KeepsRendered is shown by the status: whether results are written back.
	KeepsRendered bool
}

// Bucket holds pyramids and rendered results. Failures are *fault.Error; an absent
// object is NotFound.
type Bucket interface {
	// Get returns an object.
	Get(ctx context.Context, key string) (relay.Object, error)
	// List returns up to limit (1 to 1000) keys with a prefix, and the cursor for
	// those that follow, "" at the end.
	List(ctx context.Context, prefix, cursor string, limit int) (keys []string, next string, err error)
	// Delete removes up to 1000 objects.
	Delete(ctx context.Context, keys []string) error
}

// Fetcher sends a request and returns the answer when its body is read.
type Fetcher interface {
	Fetch(ctx context.Context, method, url string) (status int, body []byte, err error)
}

// Deps are what an Admin works with.
type Deps struct {
	// Bucket may be nil.
	Bucket Bucket
	// Edge asks the edge itself, the way a viewer does. Required.
	Edge Fetcher
	// Origin asks the origin, as its edge. Required.
	Origin Fetcher
}

// Admin answers calls below /admin/. It is made by New.
type Admin struct {
	config Config
	deps   Deps
}

// New makes an Admin. What is missing is Invalid.
func New(c Config, d Deps) (*Admin, error) {
	if c.Public == nil || d.Edge == nil || d.Origin == nil {
		return nil, fault.E("admin.New", fault.Invalid, errors.New("the public URL or a dependency is missing"))
	}
	c.WarmMax = cmp.Or(c.WarmMax, 200)
	c.WarmConcurrency = cmp.Or(c.WarmConcurrency, 4)
	return &Admin{c, d}, nil
}

// call is one of the calls.
type call struct {
	method string
	do     func(*Admin, *http.Request) (any, error)
}

func calls() map[string]call {
	return map[string]call{
		"/admin/status":    {http.MethodGet, (*Admin).status},
		"/admin/purge":     {http.MethodPost, (*Admin).purge},
		"/admin/purge-all": {http.MethodPost, (*Admin).purgeAll},
		"/admin/warm":      {http.MethodPost, (*Admin).warm},
	}
}

// ServeHTTP answers a call. URL is the one that the client asked for.
func (a *Admin) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if a.config.Token == "" {
		relay.Fail(w, req, fault.New("admin.ServeHTTP", fault.NotFound, "there is nothing at this address"), 0)
		return
	}
	if !a.authorized(req.Header.Get("Authorization")) {
		h.Set("WWW-Authenticate", `Bearer realm="edge"`)
		relay.Fail(w, req, fault.E("admin.ServeHTTP", fault.Unauthorized, nil), 0)
		return
	}
	path := strings.TrimPrefix(req.URL.Path, strings.TrimRight(a.config.Public.Path, "/"))
	c, ok := calls()[path]
	switch {
	case !ok:
		relay.Fail(w, req, fault.New("admin.ServeHTTP", fault.NotFound, "here are /admin/status, /admin/purge, /admin/purge-all and /admin/warm"), 0)
		return
	case req.Method != c.method:
		h.Set("Allow", c.method)
		relay.Fail(w, req, fault.E("admin.ServeHTTP", fault.MethodNotAllowed, nil), 0)
		return
	}
	value, err := c.do(a, req)
	if err != nil {
		relay.Fail(w, req, err, 5*time.Second)
		return
	}
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		relay.Fail(w, req, fault.E("admin.ServeHTTP", fault.Internal, err), 0)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.Write(append(body, '\n'))
}

// authorized compares digests, so that neither the content nor the length of the
// token shows in the time that it takes.
func (a *Admin) authorized(header string) bool {
	scheme, given, _ := strings.Cut(header, " ")
	want, got := sha256.Sum256([]byte(a.config.Token)), sha256.Sum256([]byte(strings.TrimSpace(given)))
	same := subtle.ConstantTimeCompare(want[:], got[:]) == 1
	return same && strings.EqualFold(scheme, "Bearer")
}

// reach says whether something can be reached.
type reach struct {
	OK     bool   `json:"ok"`
	Status int    `json:"status,omitempty"` // of HTTP
	Millis int64  `json:"milliseconds"`
	Error  string `json:"error,omitempty"` // in public words
}

// report is the answer to /admin/status.
type report struct {
	PublicURL     string   `json:"public_url"`
	Origin        *reach   `json:"origin"` // null without one
	Bucket        *reach   `json:"bucket"` // null without one
	KeepsRendered bool     `json:"write_back"`
	Rendered      int      `json:"rendered"`      // results in the bucket
	More          bool     `json:"rendered_more"` // there are more than that
	PublishPath   string   `json:"publish_path,omitempty"`
	WarmList      []string `json:"warm,omitempty"`
}

// statusTime bounds each look.
const statusTime = 5 * time.Second

func (a *Admin) status(req *http.Request) (any, error) {
	r := report{
		PublicURL: a.config.Public.String(), KeepsRendered: a.config.KeepsRendered,
		PublishPath: a.config.PublishPath, WarmList: a.config.WarmList,
	}
	if a.config.Origin != nil {
		r.Origin = look(req.Context(), func(ctx context.Context) (status int, err error) {
			// Not a probe, which the origin answers to everyone: with a wrong secret
			// this is 403.
			status, _, err = a.deps.Origin.Fetch(ctx, http.MethodHead, a.originURL("/robots.txt"))
			return status, err
		})
	}
	if a.deps.Bucket != nil {
		r.Bucket = look(req.Context(), func(ctx context.Context) (int, error) {
			keys, next, err := a.deps.Bucket.List(ctx, a.config.Prefix+renderedFolder, "", listPage)
			r.Rendered, r.More = len(keys), next != ""
			return 0, err
		})
	}
	return r, nil
}

func look(ctx context.Context, f func(context.Context) (int, error)) *reach {
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	start := time.Now()
	status, err := f(ctx)
	r := &reach{OK: err == nil && status < 400, Status: status, Millis: time.Since(start).Milliseconds()}
	if err != nil {
		r.Error = fault.Public(err)
	}
	return r
}

// originURL returns the URL of a path at the origin, which must be configured.
func (a *Admin) originURL(path string) string {
	return strings.TrimRight(a.config.Origin.String(), "/") + path
}
